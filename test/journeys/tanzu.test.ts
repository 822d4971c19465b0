/** The `tanzu` commands, called by that name from another folder, and what they print byte for byte. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually, run, type Finished, type RunOptions } from '../testing/processes.ts'
import { tenantKubeconfig } from '../testing/tenant.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const API = 'services.apps.tanzu.vmware.com/v1alpha1'

const PLATFORM = `
{apiVersion: v1, kind: Namespace, metadata: {name: service-instances}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: empty}}
---
apiVersion: ${API}
kind: ClusterInstanceClass
metadata: {name: aws-elasticache}
spec:
  description: {short: AWS Elasticache instances}
  pool: {kind: Secret, labelSelector: {matchLabels: {services.apps.tanzu.vmware.com/class: aws-elasticache}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: stk-secret-reader, labels: {servicebinding.io/controller: "true"}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}]
---
apiVersion: ${API}
kind: ResourceClaimPolicy
metadata: {name: default-can-claim-aws-elasticache, namespace: service-instances}
spec:
  subject: {kind: Secret, group: "", selector: {matchLabels: {services.apps.tanzu.vmware.com/class: aws-elasticache}}}
  consumingNamespaces: [default]
---
${['reader', 'writer'].map(secret).join('---\n')}`

function secret(user: string): string {
  const stringData = JSON.stringify({ type: 'redis', username: user, host: '127.0.0.1', port: '6379', password: 'x' })
  const labels = '{services.apps.tanzu.vmware.com/class: aws-elasticache}'
  return `apiVersion: v1
kind: Secret
metadata: {name: redis-${user}-creds-bindable, namespace: service-instances, labels: ${labels}}
type: servicebinding.io/redis
stringData: ${stringData}
`
}

let hub: Hub
let bin: string
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples', '--doors', 'services-toolkit,service-binding,workloads')
  bin = join(hub.dir, 'bin')
  const installed = await run(process.execPath, [LARDER, 'compat', 'install', '--dir', bin, 'tanzu', '--force'])
  expect(installed).toMatchObject({ code: 0, stdout: `${bin}/tanzu -> ${LARDER}\n` })
  await hub.ok(['apply', '-f', '-'], { stdin: PLATFORM })
  await hub.ok(['wait', '--for=condition=Ready', `clusterinstanceclass/aws-elasticache`, '--timeout=20s'])
})
afterAll(() => hub.remove())

/** In another folder than that of the hub, with the kubeconfig where every tool looks. */
const tanzu = (line: string, options: RunOptions = {}): Promise<Finished> =>
  run(join(bin, 'tanzu'), line.split(/\s+/), {
    cwd: '/',
    ...options,
    env: { KUBECONFIG: hub.kubeconfig, ...options.env },
  })
const printed = async (line: string): Promise<string> => {
  const { code, stdout, stderr } = await tanzu(line)
  expect(code, stderr).toBe(0)
  return stdout
}
const claimed = (name: string) =>
  hub.ok(['wait', '--for=condition=Ready', `resourceclaims.services.apps.tanzu.vmware.com/${name}`, '--timeout=20s'])

const CREATE = `services claim create redis-writer-claim
  --namespace default
  --resource-namespace service-instances
  --resource-name redis-writer-creds-bindable
  --resource-kind Secret
  --resource-api-version v1`

describe('classes', () => {
  test('row 7: classes list prints the table of the walkthrough', async () => {
    expect(await printed('services classes list')).toBe(`
  NAME             DESCRIPTION
  aws-elasticache  AWS Elasticache instances
`)
  })

  test('classes get tells whether it is ready, and what a claim may set', async () => {
    expect(await printed('service class get aws-elasticache')).toBe(`NAME:           aws-elasticache
DESCRIPTION:    AWS Elasticache instances
READY:          true
`)
    expect(await tanzu('service class get nothing')).toMatchObject({ code: 3, stdout: '' })
  })

  test('the deprecated lists still answer, in no help', async () => {
    const types = await tanzu('services types list')
    expect(types.stdout).toBe(`
  NAME             DESCRIPTION                APIVERSION  KIND
  aws-elasticache  AWS Elasticache instances  v1          Secret
`)
    expect(types.stderr).toContain('deprecated')
    expect(await printed('services --help')).not.toContain('types')
  })
})

describe('what is claimable', () => {
  test('row 12: claimable list prints the table of the walkthrough, and in a namespace that may nothing its headings', async () => {
    expect(await printed('services claimable list --class aws-elasticache -n default')).toBe(`
  NAME                         NAMESPACE          KIND    APIVERSION
  redis-reader-creds-bindable  service-instances  Secret  v1
  redis-writer-creds-bindable  service-instances  Secret  v1
`)
    const none = await tanzu('services claimable list --class aws-elasticache -n empty')
    expect(none).toMatchObject({ code: 0, stdout: '\n  NAME  NAMESPACE  KIND  APIVERSION\n' })
    expect(none.stderr).toBe("No claimable instances found for class 'aws-elasticache' in namespace 'empty'.\n")
    expect(JSON.parse(await printed('services claimable list -c aws-elasticache -o json'))).toHaveLength(2)
    expect(await tanzu('services claimable list --class nothing')).toMatchObject({ code: 3, stdout: '' })
  })

  test('an empty list of a class that is not ready says so, and why', async () => {
    const spec = { pool: { group: 'example.com', kind: 'Tent' } }
    const nowhere = { apiVersion: API, kind: 'ClusterInstanceClass', metadata: { name: 'nowhere' }, spec }
    await hub.ok(['apply', '-f', '-'], { stdin: JSON.stringify(nowhere) })
    await hub.ok(['wait', '--for=condition=Ready=False', 'clusterinstanceclass/nowhere', '--timeout=20s'])
    const { stdout, stderr } = await tanzu('services claimable list --class nowhere')
    await hub.ok(['delete', 'clusterinstanceclass', 'nowhere'])
    expect(stdout).toBe('\n  NAME  NAMESPACE  KIND  APIVERSION\n')
    expect(stderr).toBe(`No claimable instances found for class 'nowhere' in namespace 'default'.
The class is not ready: PooledResourceNotFound: spec.pool.kind: this cluster has no kind Tent in the API group example.com
`)
  })

  test('the deprecated list of instances tells their age, and with -o wide how to refer to them', async () => {
    const { stdout, stderr } = await tanzu('services instances list -o wide')
    expect(stderr).toContain('deprecated')
    expect(stdout.split('\n')[1]).toMatch(/^ {2}NAME +KIND +SERVICE TYPE +AGE +SERVICE REF$/)
    expect(stdout).toMatch(/redis-reader-creds-bindable +Secret +aws-elasticache +\d+s +v1:Secret:service-instances:/)
  })
})

describe('claims of resources', () => {
  test('row 48: an empty list is the headings alone, and says in words that there is nothing', async () => {
    const empty = await tanzu('services claim list -n empty')
    expect(empty.stdout).toBe('\n  NAME  READY  REASON\n')
    expect(empty.stderr).toBe("No claims found in namespace 'empty'.\n")
    expect(await printed('services class-claims list -n empty')).toBe('\n  NAME  CLASS  READY  REASON\n')
  })

  test('row 21: claim create of the walkthrough verbatim prints two lines and does not wait', async () => {
    const { code, stdout, stderr } = await tanzu(CREATE)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`Creating claim 'redis-writer-claim' in namespace 'default'.
Please run \`tanzu services claims get redis-writer-claim --namespace default\` to see the progress of create.
`)
    const claim = 'resourceclaims.services.apps.tanzu.vmware.com/redis-writer-claim'
    expect(JSON.parse(await hub.ok(['get', claim, '-o', 'jsonpath={.spec.ref}']))).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      name: 'redis-writer-creds-bindable',
      namespace: 'service-instances',
    })
    expect(await tanzu(CREATE)).toMatchObject({ code: 7, stdout: '' })
  })

  test('row 30: the wide list is that of the walkthrough', async () => {
    await claimed('redis-writer-claim')
    expect(await printed('services claim list -o wide')).toBe(`
  NAME                READY  REASON  CLAIM REF
  redis-writer-claim  True   Ready   services.apps.tanzu.vmware.com/v1alpha1:ResourceClaim:redis-writer-claim
`)
  })

  test('row 34: what is claimed is claimable no more', async () => {
    expect(await printed('services claimable list --class aws-elasticache')).toBe(`
  NAME                         NAMESPACE          KIND    APIVERSION
  redis-reader-creds-bindable  service-instances  Secret  v1
`)
  })

  test('row 48: with -A there is a column for the namespace', async () => {
    expect(await printed('services claims list -A')).toBe(`
  NAMESPACE  NAME                READY  REASON
  default    redis-writer-claim  True   Ready
`)
  })

  test('row 31: singular, plural and the older names are one command', async () => {
    const wide = await printed('services claims list -o wide')
    for (const group of ['service', 'services'])
      for (const noun of ['claim', 'claims', 'resource-claim', 'resource-claims'])
        expect(await printed(`${group} ${noun} list -o wide`), `${group} ${noun}`).toBe(wide)
    const classes = await printed('services classes list')
    for (const line of ['service class list', 'services class list', 'service classes list'])
      expect(await printed(line), line).toBe(classes)
    expect(await printed('service class-claim list')).toBe(await printed('services class-claims list'))
  })

  test('row 32: claim get has the lines of the documents in their order', async () => {
    expect(await printed('services claims get redis-writer-claim')).toBe(`Name: redis-writer-claim
Status:
  Ready: True
Namespace: default
Claim Reference: services.apps.tanzu.vmware.com/v1alpha1:ResourceClaim:redis-writer-claim
Resource to Claim:
  Name: redis-writer-creds-bindable
  Namespace: service-instances
  Group:
  Version: v1
  Kind: Secret
`)
    await tanzu(CREATE.replace('redis-writer-claim', 'second'))
    await eventually('the second claim to be told', async () =>
      (await printed('services claims get second')).includes('  Reason: ResourceAlreadyClaimed\n') ? true : undefined,
    )
    await printed('services claims delete second --yes --wait')
  })

  test('what is asked for by --wait and -o json, which are additions', async () => {
    const other = 'services claims create reader --resource-kind Secret --resource-api-version v1'
    const { code, stdout, stderr } = await tanzu(
      `${other} --resource-name redis-reader-creds-bindable --resource-namespace service-instances --wait -o json`,
    )
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/\d\.\d\ds ✔ {2}Ready\n/)
    const binding = { name: 'redis-reader-creds-bindable' }
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'ResourceClaim', status: { binding } })
    const never = await tanzu(`${other.replace('reader', 'never')} --resource-name nothing --wait --timeout 1s`)
    expect(never).toMatchObject({ code: 6 })
    expect(never.stderr).toContain('ResourceNotFound')
    const items = JSON.parse(await printed('services claims list -o json')) as { items: readonly object[] }
    expect(items.items).toHaveLength(3)
    expect(await tanzu('services claims list -o yaml')).toMatchObject({ code: 2, stdout: '' })
  })

  test('delete asks first, and where nobody can answer it needs --yes', async () => {
    const refused = await tanzu('services claims delete never')
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('--yes')
    expect(await printed('services claims delete never -y')).toBe(`Deleting claim 'never' in namespace 'default'.
Please run \`tanzu services claims list --namespace default\` to see the progress of delete.
`)
    expect(await printed('services claims delete reader --yes --wait')).toBe(
      "Deleting claim 'reader' in namespace 'default'.\n",
    )
    expect(await tanzu('services claims get reader')).toMatchObject({ code: 3 })
  })

  test('row 49: whoever may not create claims gets Forbidden', async () => {
    const viewer = { env: { KUBECONFIG: await tenantKubeconfig(hub, 'default', 'view') } }
    const refused = await tanzu(CREATE.replace('redis-writer-claim', 'mine'), viewer)
    expect(refused).toMatchObject({ code: 4, stdout: '' })
    expect(refused.stderr).toContain(
      'error: resourceclaims.services.apps.tanzu.vmware.com is forbidden: User "system:serviceaccount:default:dev-view" cannot create',
    )
    expect((await tanzu('services claims list', viewer)).stdout).toContain('redis-writer-claim')
    expect(await tanzu('services claims list -A', viewer)).toMatchObject({ code: 4, stdout: '' })
  })
})

const ON_DEMAND = `
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
apiVersion: larder.dev/v1alpha1
kind: Class
metadata: {name: nothing}
spec:
  type: none
  backendRef: {name: nothing}
  parameters:
    openAPIV3Schema:
      type: object
      properties:
        storageGB: {type: integer, default: 1, description: "The desired storage capacity of the database, in Gigabytes."}
        limits: {type: object, required: [cpu], properties: {cpu: {type: string}}}
---
apiVersion: ${API}
kind: ClusterInstanceClass
metadata: {name: on-demand}
spec: {description: {short: Made on demand}, provisioner: {crossplane: {compositeResourceDefinition: nothing}}}
`

describe('claims of classes', () => {
  test('of a pool: created, listed, shown with what it holds, and deleted', async () => {
    expect(await printed('service class-claim create reader --class aws-elasticache'))
      .toBe(`Creating claim 'reader' in namespace 'default'.
Please run \`tanzu services class-claims get reader --namespace default\` to see the progress of create.
`)
    await hub.ok(['wait', '--for=condition=Ready', 'classclaim/reader', '--timeout=20s'])
    expect(await printed('services class-claims get reader')).toBe(`Name: reader
Namespace: default
Claim Reference: services.apps.tanzu.vmware.com/v1alpha1:ClassClaim:reader
Class Reference:
  Name: aws-elasticache
Parameters: None
Status:
  Ready: True
  Claimed Resource:
    Name: redis-reader-creds-bindable
    Namespace: service-instances
    Group:
    Version: v1
    Kind: Secret
`)
    expect(await printed('services class-claims list -A -o wide --class aws-elasticache')).toBe(`
  NAMESPACE  NAME    CLASS            READY  REASON  CLAIM REF
  default    reader  aws-elasticache  True   Ready   services.apps.tanzu.vmware.com/v1alpha1:ClassClaim:reader
`)
    expect(await printed('services class-claims list --class other')).toBe('\n  NAME  CLASS  READY  REASON\n')
    expect(await printed('services class-claims delete reader --yes --wait')).toBe(
      "Deleting claim 'reader' in namespace 'default'.\n",
    )
  })

  test('on demand: the parameters of the class, and those of a claim', async () => {
    await hub.ok(['apply', '-f', '-'], { stdin: ON_DEMAND })
    await hub.ok(['wait', '--for=condition=Ready', 'clusterinstanceclass/on-demand', '--timeout=20s'])
    expect(await printed('service class get on-demand')).toBe(`NAME:           on-demand
DESCRIPTION:    Made on demand
READY:          true

PARAMETERS:
  KEY         DESCRIPTION                                                  TYPE     DEFAULT  REQUIRED
  limits.cpu                                                               string            true
  storageGB   The desired storage capacity of the database, in Gigabytes.  integer  1        false
`)
    const made = await tanzu("services class-claim create db --class on-demand -p storageGB=3 -p limits.cpu='2' --wait")
    expect(made.code, made.stderr).toBe(0)
    expect(await printed('services class-claim get db')).toContain(`Parameters:
  storageGB: 3
  limits:
    cpu: 2
Status:
  Ready: True
`)
    const wrong = await tanzu('services class-claim create bad --class on-demand -p storageGB=much --wait')
    expect(wrong.code).toBe(5)
    expect(wrong.stderr).toContain('storageGB')
    await printed('services class-claim delete db -y --wait')
  })
})

describe('flags', () => {
  test('global flags stand anywhere, and the context says the namespace', async () => {
    const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '-o', 'json'])) as {
      contexts: { name: string; context: object }[]
    }
    const [first] = config.contexts
    config.contexts.push({ name: 'away', context: { ...first!.context, namespace: 'empty' } })
    const file = join(hub.dir, 'two-contexts.kubeconfig')
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
    const elsewhere = { env: { KUBECONFIG: '/nowhere' } }
    const here = await tanzu(`--kubeconfig ${file} services claims list`, elsewhere)
    expect(here.stdout).toContain('redis-writer-claim')
    const away = await tanzu(`services --context away --no-color claims list --kubeconfig ${file}`, elsewhere)
    expect(away.stderr).toBe("No claims found in namespace 'empty'.\n")
    const unknown = await tanzu(`services claims list --context none --kubeconfig ${file}`, elsewhere)
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain('none')
  })

  test.each([
    ['services claims create x', '--resource-name, --resource-kind, --resource-api-version'],
    ['services claimable list', '--class'],
    ['services claims make x', 'unknown command'],
    ['services claims list --class x', 'takes no --class'],
  ])('%s is refused, and told what is wrong', async (line, said) => {
    const refused = await tanzu(line)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(said)
  })

  test('without a kubeconfig anywhere it says where it looked', async () => {
    const lost = await tanzu('services classes list', { env: { KUBECONFIG: '', HOME: '/nowhere' } })
    expect(lost).toMatchObject({ code: 1, stdout: '' })
    expect(lost.stderr).toContain('/nowhere/.kube/config')
  })
})

/** A cluster with dynamic resource allocation has a ResourceClaim of its own. */
const DRA = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: resourceclaims.resource.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes/enhancements"}
spec:
  group: resource.k8s.io
  scope: Namespaced
  names: {plural: resourceclaims, singular: resourceclaim, kind: ResourceClaim, listKind: ResourceClaimList}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`

test('row 50: the ResourceClaim of Kubernetes beside ours confuses no command', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: DRA })
  await hub.ok(['wait', '--for=condition=Established', 'crd/resourceclaims.resource.k8s.io', '--timeout=20s'])
  await hub.ok(['apply', '-f', '-'], {
    stdin:
      '{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: redis-writer-claim, namespace: default}}',
  })
  expect(await printed('services claims list')).toContain('redis-writer-claim  True   Ready')
  await hub.ok(['create', 'deployment', 'shop', '--image=example.com/shop'])
  const bound = await hub.larder('bind', 'ResourceClaim/redis-writer-claim', '--to', 'deployment/shop', '--wait')
  expect(bound, bound.stderr).toMatchObject({ code: 0 })
  const service = await hub.ok(['get', 'servicebinding', 'shop-redis-writer-claim', '-o', 'jsonpath={.spec.service}'])
  expect(JSON.parse(service)).toEqual({ apiVersion: API, kind: 'ResourceClaim', name: 'redis-writer-claim' })
  expect(await hub.larder('unbind', 'shop-redis-writer-claim')).toMatchObject({ code: 0 })
})

test('row 50: no page and no example leaves it to kubectl which ResourceClaim is meant', () => {
  const pages = ['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(md|sh)$/.test(name))
      .map((name) => join(folder, name)),
  )
  expect(pages.length).toBeGreaterThan(10)
  const unclear = /^\s*(?:\$ )?kubectl [^\n|]*\bresourceclaims?\b(?!\.services)/im
  expect('kubectl get resourceclaim x').toMatch(unclear)
  expect(pages.filter((page) => unclear.test(readFileSync(join(ROOT, page), 'utf8')))).toEqual([])
})

const REFERENCE = `${API}:ResourceClaim:redis-writer-claim`
const WORKLOAD = `apps workload create my-workload
  --git-repo https://git.example.com/a-git-repo
  --git-tag a-tag-to-checkout
  --type web
  --annotation autoscaling.knative.dev/minScale=1
  --service-ref db=${REFERENCE}`

interface Podded {
  readonly spec: {
    readonly replicas: number
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
      readonly spec: {
        readonly containers: readonly [
          { readonly image: string; readonly volumeMounts?: readonly { mountPath: string }[] },
        ]
        readonly volumes?: readonly {
          readonly projected: { readonly sources: readonly { secret?: { name: string } }[] }
        }[]
      }
    }
  }
}
const deployment = async (of: Hub = hub) =>
  (JSON.parse(await of.ok(['get', 'deployment', 'my-workload', '-o', 'json'])) as Podded).spec
const mounts = async (of: Hub = hub) =>
  (await deployment(of)).template.spec.containers[0].volumeMounts?.map(({ mountPath }) => mountPath) ?? []
const bound = (of: Hub, name: string) =>
  of.ok(['wait', '--for=condition=Ready', `servicebinding/${name}`, '--timeout=20s'])

describe('workloads', () => {
  test('row 78: the workload of the walkthrough is bound as my-workload-db, with its files below /bindings/db', async () => {
    const { code, stdout, stderr } = await tanzu(WORKLOAD)
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('Created workload "my-workload"\n\nTo get status: "tanzu apps workload get my-workload"\n')
    expect(stderr).toContain('No image was named. Larder builds none')
    await eventually(
      'the binding',
      async () => (await hub.kubectl(['get', 'servicebinding', 'my-workload-db'])).code === 0,
    )
    await bound(hub, 'my-workload-db')
    expect(await hub.ok(['get', 'servicebinding', 'my-workload-db', '-o', 'jsonpath={.spec.name}'])).toBe('db')
    const { replicas, template } = await deployment()
    expect(replicas).toBe(0)
    expect(template.metadata.annotations).toMatchObject({ 'autoscaling.knative.dev/minScale': '1' })
    expect(await mounts()).toEqual(['/bindings/db'])
    const name = template.spec.volumes?.[0]?.projected.sources.find((source) => source.secret)?.secret?.name
    const files = JSON.parse(await hub.ok(['get', 'secret', name!, '-o', 'jsonpath={.data}'])) as object
    expect(Object.keys(files).toSorted()).toEqual(['host', 'password', 'port', 'type', 'username'])
  })

  test('get and list show it; create refuses a second one', async () => {
    expect(await printed('apps workload get my-workload')).toBe(`Name: my-workload
Namespace: default
Type: web
Source:
  Url: https://git.example.com/a-git-repo
  Tag: a-tag-to-checkout
Image:
Annotations:
  autoscaling.knative.dev/minScale: 1
Services:
  db: ${REFERENCE}
Status:
  Ready: False
  Reason: ImageMissing
  Message: nothing runs: Larder builds no images; build one and set spec.image (tanzu apps workload apply my-workload --image IMAGE)
`)
    expect(await printed('apps workloads list')).toMatch(
      /^NAME +TYPE +APP +READY +AGE\nmy-workload +web +<empty> +ImageMissing +\d+s\n$/,
    )
    expect(await tanzu(WORKLOAD)).toMatchObject({ code: 7, stdout: '' })
    expect(await tanzu('apps workload update nobody --image x')).toMatchObject({ code: 3, stdout: '' })
  })

  test('with an image it runs, and a reference that is taken away unbinds', async () => {
    expect(await printed('apps workload apply my-workload --image example.com/app:1 --env A=B --wait')).toContain(
      'Updated workload "my-workload"',
    )
    const { replicas, template } = await deployment()
    expect([replicas, template.spec.containers[0].image]).toEqual([1, 'example.com/app:1'])
    expect(await printed('apps workload apply my-workload --image example.com/app:1')).toBe(
      'Workload is unchanged, skipping update\n',
    )
    await printed('apps workload update my-workload --service-ref db- --env A-')
    await hub.ok(['wait', '--for=delete', 'servicebinding/my-workload-db', '--timeout=20s'])
    expect(await mounts()).toEqual([])
  })

  test('a reference to another namespace is claimed there first, with a warning', async () => {
    const far = await tanzu(
      'apps workload apply my-workload --service-ref far=v1:Secret:service-instances:redis-reader-creds-bindable',
    )
    expect(far.stderr).toContain('WARNING: Cross namespace service claims are deprecated.')
    await eventually(
      'the binding',
      async () => (await hub.kubectl(['get', 'servicebinding', 'my-workload-far'])).code === 0,
    )
    await bound(hub, 'my-workload-far')
    expect(await printed('services claims list')).toContain('my-workload-far')
    await printed('apps workload apply my-workload --service-ref far-')
    const claim = 'resourceclaims.services.apps.tanzu.vmware.com/my-workload-far'
    await hub.ok(['wait', '--for=delete', claim, '--timeout=20s'])
  })

  test('--dry-run prints what it would be, a file is read, and deletion leaves the claim', async () => {
    const dry = await printed('apps workload create other --image x:1 --label team=red --dry-run')
    expect(dry).toContain('kind: Workload')
    expect(dry).toContain('team: red')
    expect(await tanzu('apps workload get other')).toMatchObject({ code: 3 })
    const file = join(hub.dir, 'workload.yaml')
    writeFileSync(file, dry)
    await printed(`apps workload create -f ${file} --image x:2`)
    expect(await hub.ok(['get', 'workload', 'other', '-o', 'jsonpath={.spec.image}'])).toBe('x:2')
    for (const name of ['other', 'my-workload'])
      expect(await printed(`apps workload delete ${name} --yes`)).toBe(`Deleted workload "${name}"\n`)
    await hub.ok(['wait', '--for=delete', 'deployment/my-workload', '--timeout=20s'])
    expect(await printed('services claims list')).toContain('redis-writer-claim  True')
  })
})

const install = (args: readonly string[], path: string) =>
  run(process.execPath, [LARDER, 'compat', 'install', ...args], { env: { PATH: path } })

describe('installing under other names', () => {
  test('says what it wrote, twice is once, and tells when the folder is not on PATH', async () => {
    const dir = join(hub.dir, 'names')
    const path = process.env['PATH'] ?? ''
    const first = await install(['--dir', dir, 'kubectl-larder'], `${path}:${dir}`)
    expect(first).toEqual({ code: 0, stdout: `${dir}/kubectl-larder -> ${LARDER}\n`, stderr: '' })
    const again = await install(['--dir', dir, 'kubectl-larder'], path)
    expect(again.stdout).toBe(`${dir}/kubectl-larder is there already\n`)
    expect(again.stderr).toContain(`${dir} is not on your PATH.`)
    const shown = await run(join(dir, 'kubectl-larder'), ['explain', 'claim'], { cwd: '/' })
    expect(shown).toMatchObject({ code: 0 })
  })

  test('in the folder of the command itself the names that it comes with stay what they are', async () => {
    const own = dirname(LARDER)
    const [file, before] = [join(own, 'kubectl-larder'), lstatSync(join(own, 'kubectl-larder'))]
    const { code, stdout } = await install(['--dir', own, 'kubectl-larder'], process.env['PATH'] ?? '')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file} is there already\n` })
    expect(lstatSync(file).ino).toBe(before.ino)
  })

  test('another program of that name is neither hidden without --force nor ever overwritten', async () => {
    const [theirs, ours] = [join(hub.dir, 'theirs'), join(hub.dir, 'ours')]
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'tanzu'), '#!/bin/sh\necho theirs\n', { mode: 0o755 })
    const path = `${theirs}:${process.env['PATH'] ?? ''}`
    const refused = await install(['--dir', ours, 'tanzu'], path)
    expect(refused).toMatchObject({ code: 7, stdout: '' })
    expect(refused.stderr).toContain(`${theirs}/tanzu is another program of that name`)
    expect(await install(['--dir', ours, 'tanzu', '--force'], path)).toMatchObject({ code: 0 })
    expect(await install(['--dir', theirs, 'tanzu', '--force'], path)).toMatchObject({ code: 7, stdout: '' })
    expect(readFileSync(join(theirs, 'tanzu'), 'utf8')).toContain('echo theirs')
  })
})
