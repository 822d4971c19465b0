/**
 * The hub's controllers, with driver noop, against an API in another process: under the hub's ServiceAccount and its token. Reads
 * {kubeconfig} as a line of standard input, prints `ready`, and ends when its input does.
 */
import { createInterface } from 'node:readline'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog as log } from '@larder/engine/base/log'
import { createClient } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import { createManager } from '@larder/engine/runtime/manager'
import { hubControllers } from '../packages/hub/dist/controllers/hub.js'
import { noopDriver } from '../packages/hub/dist/drivers/noop/driver.js'
import { installHub } from '../packages/hub/dist/samples/install.js'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { kubeconfig } = JSON.parse((await lines.next()).value)
const connection = await loadKubeconfig({ path: kubeconfig })
const administrator = httpsTransport(connection)
await installHub(createClient(administrator))
const token = await tokenOf('larder-system', 'larder')
const { url, ca } = connection
const transport = httpsTransport({ url, ca, token })
const client = createClient(transport)
const clock = systemClock
const drivers = new Map([['noop', noopDriver()]])
const manager = createManager({ client, clock, log })
for (const controller of hubControllers({ client, drivers, clock, log, transportOf: () => transport }))
  manager.add(controller)
manager.start()
await manager.ready()
console.log('ready')
await lines.next()
await manager.stop(1000)
await transport.close()
await administrator.close()

async function tokenOf(namespace, name) {
  const target = { group: '', version: 'v1', resource: 'serviceaccounts', namespace, name, subresource: 'token' }
  const { status } = await administrator.call({ verb: 'create', target, body: { spec: { expirationSeconds: 3600 } } })
  return status.token
}
