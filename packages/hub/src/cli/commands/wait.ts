import type { KubeObject } from '@larder/engine/machinery/object'
import { waitForClaim } from '../claim-progress.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { kindAndName } from '../kinds.ts'
import { readiness, stalledFailure } from '../readiness.ts'
import { watchUntil } from '../watch-until.ts'
import { waitMs } from './claim.ts'

/** Unlike `kubectl wait` it ends as soon as the object has failed, with a code of its own. */
export const run: Run = async ({ args, options }, terminal) => {
  const { kind, name } = kindAndName(args)
  const state = options.for ?? 'ready'
  if (name === undefined)
    throw new CommandFailed(EXIT.usage, `which ${kind.singular}?`, { next: `larder wait ${kind.singular}/NAME` })
  if (state !== 'ready' && state !== 'deleted')
    throw new CommandFailed(EXIT.usage, `--for ${state} is not known`, { next: '--for ready or --for deleted' })
  await withApi(options, terminal, async (connection) => {
    const { client } = connection
    const namespace = kind.namespaced ? connection.namespace : undefined
    const timeoutMs = waitMs(options)
    const what = `${kind.singular} ${namespace === undefined ? '' : `${namespace}/`}${name}`
    if (state === 'ready' && kind.kind === 'Claim')
      await waitForClaim(client, terminal, { name, namespace: namespace!, timeoutMs })
    else {
      await watchUntil<KubeObject, true>(client, terminal, {
        type: kind,
        name,
        namespace,
        timeoutMs,
        what: `${what} to be ${state}`,
        look(object) {
          if (state === 'deleted') return object === undefined ? true : undefined
          if (!object) throw new CommandFailed(EXIT.notFound, `${what} does not exist`)
          const now = readiness(object)
          if (now === 'stalled') throw stalledFailure(what, object)
          return now === 'ready' ? true : undefined
        },
      })
    }
    terminal.out(`${what} is ${state}\n`)
  })
}
