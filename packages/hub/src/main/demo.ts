/** The first five minutes in one go: claim a Redis, log in with the credentials of the claim, PING. */
import { secretType } from '@larder/engine/client/builtin'
import { claimKind } from '../model/claim.ts'
import { waitForClaim } from '../cli/claim-progress.ts'
import { withApi } from '../cli/connect.ts'
import type { DataFolder } from '../cli/data-folder.ts'
import { CommandFailed, EXIT } from '../cli/failure.ts'
import type { Terminal } from '../cli/terminal.ts'
import { callResp } from '../drivers/process/resp.ts'

const DEMO = { name: 'hello', namespace: 'default' } as const
const READY_LIMIT_MS = 60_000
const PING_LIMIT_MS = 5_000

export async function runDemo(folder: DataFolder, terminal: Terminal): Promise<void> {
  await withApi({ data: folder.dir }, terminal, async ({ client }) => {
    const claims = client.of(claimKind)
    if (!(await claims.find(DEMO.name, DEMO.namespace))) {
      await claims.create(
        { metadata: DEMO, spec: { className: 'redis' } },
        {
          fieldManager: 'larder',
        },
      )
    }
    terminal.note(`Claiming a Redis (claim ${DEMO.namespace}/${DEMO.name} of class redis)\n`)
    const claim = await waitForClaim(client, terminal, { ...DEMO, timeoutMs: READY_LIMIT_MS })
    const binding = claim.status?.binding?.name ?? DEMO.name
    const secret = await client.of(secretType).get(binding, DEMO.namespace)
    const value = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
    const [answer] = await callResp({
      host: value('host'),
      port: Number(value('port')),
      login: { username: value('username'), password: value('password') },
      commands: [['PING']],
      timeoutMs: PING_LIMIT_MS,
      signal: terminal.signal,
    })
    if (answer !== 'PONG') throw new CommandFailed(EXIT.failed, `Redis answered PING with ${String(answer)}`)
    terminal.out(
      `Redis           redis://${value('host')}:${value('port')}  user ${value('username')}, password in Secret ${DEMO.namespace}/${binding}\n`,
    )
    terminal.out(`PING            ${answer}\n`)
    terminal.note(`Try      kubectl --kubeconfig ${folder.kubeconfig} get claims -A\n`)
  })
}
