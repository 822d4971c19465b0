/** `kubectl create X` in JSON, as up to 1.31, and in protobuf, as since 1.32: what is stored is the same. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { kubectlFor, kubectlVersions } from '../testing/kubectl.ts'

const versions = await kubectlVersions()
const minor = (version: string) => Number(version.split('.')[1])
const json = versions.findLast((one) => minor(one.version) <= 31)
const protobuf = versions.filter((one) => minor(one.version) >= 32)

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
})
afterAll(() => hub.remove())

/** What follows `create`; `NAME` is the object's. */
const COMMANDS: readonly (readonly [kind: string, command: string])[] = [
  ['namespace', 'namespace NAME'],
  ['configmap', 'configmap NAME --from-literal=a=b --from-literal=empty='],
  ['secret', 'secret generic NAME --from-literal=key=value'],
  ['secret', 'secret docker-registry NAME --docker-username=u --docker-password=p --docker-server=s'],
  ['serviceaccount', 'serviceaccount NAME'],
  ['service', 'service clusterip NAME --clusterip=None --tcp=80:8080'],
  ['deployment', 'deployment NAME --image=web:1 --replicas=0 --port=80'],
  ['job', 'job NAME --image=web:1 -- sleep 1'],
  ['cronjob', 'cronjob NAME --image=web:1 --schedule=*/5_*_*_*_* -- sleep 1'],
  ['role', 'role NAME --verb=get --resource=pods'],
  ['rolebinding', 'rolebinding NAME --role=r --user=u --serviceaccount=default:s'],
  ['clusterrole', 'clusterrole NAME --verb=get --non-resource-url=/metrics'],
  ['clusterrolebinding', 'clusterrolebinding NAME --clusterrole=r --group=g'],
  ['quota', 'quota NAME --hard=pods=0,requests.cpu=1500m'],
  ['poddisruptionbudget', 'poddisruptionbudget NAME --min-available=0 --selector=a=b'],
  ['priorityclass', 'priorityclass NAME --value=0 --description=lowest'],
  ['ingress', 'ingress NAME --rule=a.example.com/=s:80'],
]

test('there is a kubectl of both kinds', () => {
  expect([json?.version, protobuf.length > 0]).toEqual(['1.31', true])
})

test.each(COMMANDS)('%s: create %s', async (kind, command) => {
  const stored: unknown[] = []
  for (const { path, version } of [json!, ...protobuf]) {
    const name = `x${minor(version)}-${COMMANDS.findIndex(([, one]) => one === command)}`
    const call = kubectlFor(path, hub.kubeconfig, join(hub.dir, `../cache-${version}`))
    const words = command.split(' ').map((word) => word.replace('NAME', name).replaceAll('_', ' '))
    const made = await call(['create', ...words])
    expect(made.code, made.stderr).toBe(0)
    stored.push(withoutIdentity(await hub.ok(['get', kind, name, '-o', 'json']), name))
  }
  for (const other of stored.slice(1)) expect(other).toEqual(stored[0])
})

/** Without what tells two objects of one command apart. Jobs carry their own uid in selector and labels. */
function withoutIdentity(text: string, name: string): unknown {
  const { metadata } = JSON.parse(text) as { metadata: { uid: string } }
  const object = JSON.parse(text.replaceAll(metadata.uid, 'UID').replaceAll(name, 'NAME')) as {
    metadata: Record<string, unknown>
  }
  const { resourceVersion: _version, creationTimestamp: _created, ...rest } = object.metadata
  return { ...object, metadata: rest }
}
