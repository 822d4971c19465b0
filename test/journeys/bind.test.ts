/** `larder bind`, `unbind` and `binding`, and workloads where nobody serves the kind Workload. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { run } from '../testing/processes.ts'

const MANIFESTS = `
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nothing}, spec: {type: none, backendRef: {name: nothing}}}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: cache, namespace: default}, spec: {className: nothing}}
---
{apiVersion: v1, kind: Secret, metadata: {name: creds, namespace: default}, stringData: {type: redis, uri: x}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: default}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: main, image: example.com/a}, {name: side, image: example.com/b}]}
`

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples', '--doors', 'service-binding')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
})
afterAll(() => hub.remove())

const larder = async (line: string) => {
  const finished = await hub.larder(...line.split(' '))
  expect(finished.code, `larder ${line}\n${finished.stderr}`).toBe(0)
  return finished
}
const refused = (line: string) => hub.larder(...line.split(' '))

interface Container {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string }[]
  readonly volumeMounts?: readonly { readonly mountPath: string }[]
}
const containers = async (name = 'shop') =>
  JSON.parse(
    await hub.ok(['get', 'deployment', name, '-o', 'jsonpath={.spec.template.spec.containers}']),
  ) as readonly Container[]
const mounts = async (name?: string) =>
  Object.fromEntries(
    (await containers(name)).map((each) => [
      each.name,
      (each.volumeMounts ?? []).map(({ mountPath }) => mountPath).toSorted(),
    ]),
  )

describe('a workload and a claim', () => {
  test('bind --wait ends when the files are there, tells what comes next, and twice is once', async () => {
    const made = await larder('bind cache --to deployment/shop --as db --containers main --wait')
    expect(made.stdout).toBe('servicebinding.servicebinding.io/shop-db created\n')
    expect(made.stderr).toMatch(/\d\.\d\ds ✔ {2}Ready {2}Secret cache\nNext {2}larder unbind shop-db -n default\n$/)
    expect(await mounts()).toEqual({ main: ['/bindings/db'], side: [] })
    const again = await larder('bind cache --to Deployment/shop --as db --containers main')
    expect(again.stdout).toBe('servicebinding.servicebinding.io/shop-db unchanged\n')
  })

  test('bind again with more changes it, and another claim of the same name is refused', async () => {
    const changed = await larder('bind cache --to deploy/shop --as db --env DB_TYPE=type --wait')
    expect(changed.stdout).toBe('servicebinding.servicebinding.io/shop-db configured\n')
    expect(await mounts()).toEqual({ main: ['/bindings/db'], side: ['/bindings/db'] })
    expect((await containers())[0]!.env?.map(({ name }) => name)).toContain('DB_TYPE')
    const other = await refused('bind Secret/creds --to deployment/shop --as db')
    expect(other).toMatchObject({ code: 7, stdout: '' })
    expect(other.stderr).toContain('it binds Claim cache to Deployment shop')
  })

  test('list and get show what is bound to what', async () => {
    await larder('bind Secret/creds --to deployments.apps/shop --wait')
    const { stdout } = await larder('binding list')
    expect(stdout.replaceAll(/ {2,}/g, '  ').replaceAll(/\d+s$/gm, '1s'))
      .toBe(`NAME  SERVICE  WORKLOAD  AS  READY  REASON  AGE
shop-creds  Secret/creds  Deployment/shop  creds  True  ServiceBound  1s
shop-db  Claim/cache  Deployment/shop  db  True  ServiceBound  1s
`)
    expect((await larder('binding get shop-db -o jsonpath={.spec.service.name}')).stdout).toBe('cache')
    expect(await refused('binding get nobody')).toMatchObject({ code: 3, stdout: '' })
  })

  test('unbind leaves nothing of it, and the other binding alone', async () => {
    expect((await larder('unbind cache --from deployment/shop')).stdout).toBe(
      'servicebinding.servicebinding.io/shop-db deleted\n',
    )
    expect(await mounts()).toEqual({ main: ['/bindings/creds'], side: ['/bindings/creds'] })
    await larder('unbind shop-creds')
    expect(await mounts()).toEqual({ main: [], side: [] })
    expect(await refused('unbind cache --from deployment/shop')).toMatchObject({ code: 3, stdout: '' })
    expect(await refused('unbind nobody')).toMatchObject({ code: 3, stdout: '' })
  })

  test('a workload may come later, a claim that is not there is refused', async () => {
    const early = await larder('bind cache --to statefulset/later')
    expect(early.stderr).toContain('StatefulSet default/later is not there yet')
    await larder('unbind later-cache')
    expect(await refused('bind nothing --to deployment/shop')).toMatchObject({ code: 3, stdout: '' })
    expect((await refused('bind cache --to widgets.example.com/w')).stderr).toContain(
      'serves no kind "widgets.example.com"',
    )
    expect(await refused('bind cache')).toMatchObject({ code: 2, stdout: '' })
    expect(await refused('bind cache --to shop')).toMatchObject({ code: 2, stdout: '' })
    expect(await refused('bind cache --to deployment/shop --timeout 1s --wait --as UPPER')).toMatchObject({ code: 1 })
  })
})

const tanzu = async (line: string) =>
  run(process.execPath, [LARDER, 'compat', 'tanzu', ...line.split(' ')], { env: { KUBECONFIG: hub.kubeconfig } })
const printed = async (line: string) => {
  const { code, stdout, stderr } = await tanzu(line)
  expect(code, `tanzu ${line}\n${stderr}`).toBe(0)
  return stdout
}

describe('where nobody serves Workloads', () => {
  test('a workload is a Deployment with its ServiceBinding, and is edited as one', async () => {
    const created = await printed(
      'apps workload create app --git-repo https://git.example.com/x --service-ref db=v1:Secret:creds --wait',
    )
    expect(created).toContain('Created workload "app"')
    expect(await mounts('app')).toEqual({ workload: ['/bindings/db'] })
    expect(await hub.ok(['get', 'deployment', 'app', '-o', 'jsonpath={.spec.replicas}'])).toBe('0')
    await printed(
      'apps workload apply app --image example.com/app:1 --service-ref more=larder.dev/v1alpha1:Claim:cache --wait',
    )
    expect(await mounts('app')).toEqual({ workload: ['/bindings/db', '/bindings/more'] })
    expect(await hub.ok(['get', 'deployment', 'app', '-o', 'jsonpath={.spec.replicas}'])).toBe('1')
    expect(await printed('apps workload get app')).toContain('  more: larder.dev/v1alpha1:Claim:cache\n')
    expect(await printed('apps workload list')).toMatch(/^app +<empty>/m)
    await printed('apps workload update app --service-ref db-')
    await hub.ok(['wait', '--for=delete', 'servicebinding/app-db', '--timeout=20s'])
    expect(await mounts('app')).toEqual({ workload: ['/bindings/more'] })
  })

  test('it goes with its bindings; a Deployment of somebody else is none', async () => {
    expect(await printed('apps workload delete app -y')).toBe('Deleted workload "app"\n')
    await hub.ok(['wait', '--for=delete', 'servicebinding/app-more', '--timeout=20s'])
    const theirs = await tanzu('apps workload apply shop --image example.com/app:1')
    expect(theirs).toMatchObject({ code: 7, stdout: '' })
    expect(theirs.stderr).toContain('Deployment default/shop is no workload')
    expect((await containers()).map(({ image }) => image)).toEqual(['example.com/a', 'example.com/b'])
  })

  test('what is not served is said, with the door that would', async () => {
    const { code, stderr } = await tanzu('services classes list')
    expect(code).toBe(3)
    expect(stderr).toContain('this API serves no services.apps.tanzu.vmware.com/v1alpha1')
    expect(stderr).toContain('larder install --doors services-toolkit')
  })
})

describe('without the door', () => {
  let bare: Hub
  beforeAll(async () => {
    bare = await newHub()
    await bare.start('--no-samples', '--doors', 'none')
  })
  afterAll(() => bare.remove())

  const workload = (name: string, ...more: string[]) =>
    run(process.execPath, [LARDER, 'compat', 'tanzu', 'apps', 'workload', 'apply', name, '--image', 'a:1', ...more], {
      env: { KUBECONFIG: bare.kubeconfig },
    })

  test('nothing can be bound, and the command says so', async () => {
    const { code, stderr } = await bare.larder('binding', 'list')
    expect({ code, stderr }).toMatchObject({ code: 3 })
    expect(stderr).toContain('this API serves no ServiceBindings')
  })

  test('a workload that needs no service is made, and one that does is told', async () => {
    const plain = await workload('plain')
    expect(plain.code, plain.stderr).toBe(0)
    expect((await workload('plain', '--env', 'A=B')).stdout).toContain('Updated workload "plain"')
    const bound = await workload('bound', '--service-ref', 'db=v1:Secret:creds')
    expect(bound).toMatchObject({ code: 3, stdout: '' })
    expect(bound.stderr).toContain('this API serves no ServiceBindings')
  })

  test('bind --wait does not take what was said of the binding before its change for an answer', async () => {
    const kind = await hub.ok(['get', 'crd', 'servicebindings.servicebinding.io', '-o', 'json'])
    const { apiVersion, kind: of, metadata, spec } = JSON.parse(kind) as Record<string, { readonly name: string }>
    const crd = JSON.stringify({ apiVersion, kind: of, metadata: { name: metadata!.name }, spec })
    await bare.ok(['create', '-f', '-'], { stdin: crd })
    await bare.ok(['wait', '--for=condition=Established', 'crd/servicebindings.servicebinding.io', '--timeout=20s'])
    await bare.ok(['create', 'secret', 'generic', 'creds', '--from-literal=uri=x'])
    const bind = (timeout: string, ...more: string[]) =>
      bare.larder('bind', 'Secret/creds', '--to', 'deployment/shop', '--timeout', timeout, '--wait', ...more)
    expect(await bind('1s')).toMatchObject({ code: 6 })
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    const patch = JSON.stringify({ status: { observedGeneration: 1, conditions: [ready] } })
    const words = ['patch', 'servicebinding', 'shop-creds', '--subresource=status', '--type=merge', '-p', patch]
    await bare.ok(words)
    expect(await bind('30s')).toMatchObject({ code: 0 })
    expect(await bind('1s', '--env', 'URI=uri')).toMatchObject({ code: 6 })
  })
})
