/**
 * How the controllers under test reach the API. The whole of their tests runs twice, as two projects of vitest.config.ts: in-process,
 * and over HTTPS with the token of the very ServiceAccount, as in a cluster. What works on one and not on the other is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api } from '@larder/engine/apiserver/api'
import { ensureCertificates } from '@larder/engine/apiserver/certificates'
import { createApiMetrics } from '@larder/engine/apiserver/http/metrics'
import { serveApi } from '@larder/engine/apiserver/http/server'
import { inProcessTransport } from '@larder/engine/apiserver/in-process'
import type { TokenAuthority } from '@larder/engine/apiserver/tokens'
import { openTokenAuthority } from '@larder/engine/apiserver/tokens'
import { SERVICE_ACCOUNTS } from '@larder/engine/apiserver/core/keys'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog } from '@larder/engine/base/log'
import { httpsTransport } from '@larder/engine/client/https'
import type { Transport } from '@larder/engine/machinery/call'
import type { Store } from '@larder/engine/storage/store'
import { accountUser } from '../../samples/rbac.ts'
import type { Account } from '../session/kube-api.ts'

export interface Entrance {
  as(account: Account): Transport
  close(): Promise<void>
}

/** Set by the project; a run of one file by an editor is in-process. */
const isOverHttps = process.env['LARDER_TEST_TRANSPORT'] === 'https'

/** What an API of the tests needs before there is one: tokens are checked against its accounts. */
export interface TestTokens {
  readonly dir: string
  readonly authority: TokenAuthority
}

export function testTokens(store: Store): TestTokens | undefined {
  if (!isOverHttps) return undefined
  const dir = mkdtempSync(join(tmpdir(), 'larder-hub-test-'))
  const authority = openTokenAuthority({ dir, clock: systemClock, serviceAccountUid: uidIn(store) })
  return { dir, authority }
}

const uidIn = (store: Store) => (namespace: string, name: string) =>
  store.get(`${SERVICE_ACCOUNTS}${namespace}/${name}`)?.index.uid

export async function entranceOf(api: Api, store: Store, tokens: TestTokens | undefined): Promise<Entrance> {
  if (!tokens) return { as: (account) => inProcessTransport(api, accountUser(account)), close: () => Promise.resolve() }
  const { dir, authority } = tokens
  const certificates = await ensureCertificates(dir, systemClock)
  const metrics = createApiMetrics()
  const server = await serveApi({
    api,
    certificates,
    tokens: authority,
    port: 0,
    clock: systemClock,
    log: silentLog,
    metrics,
    ready: () => [],
    version: '0.0.0',
    closeGraceMs: 1000,
  })
  const opened: Transport[] = []
  return {
    as(account) {
      const uid = uidIn(store)(account.namespace, account.name) ?? 'no such account'
      const token = authority.issue({ ...account, uid, audiences: [], expirationSeconds: 3600 })
      const transport = token.then(({ token }) =>
        httpsTransport({ url: server.url, ca: certificates.caCertificate, token }),
      )
      const lazy: Transport = {
        call: async (call, signal) => (await transport).call(call, signal),
        async *watch(target, options, signal) {
          yield* (await transport).watch(target, options, signal)
        },
        raw: async (path, signal) => (await transport).raw(path, signal),
        close: async () => (await transport).close(),
      }
      opened.push(lazy)
      return lazy
    },
    async close() {
      await server.close()
      await Promise.all(opened.map((transport) => transport.close()))
      metrics.close()
      rmSync(dir, { recursive: true })
    },
  }
}
