/** Who may do what, and what goes with what, asked and done with stock kubectl on an API without a hub. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
  await hub.ok(['create', 'namespace', 'shop'])
})
afterAll(() => hub.remove())

const says = async (...args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await hub.kubectl(args)
  return (stdout + stderr).trim()
}

const IN_SHOP = ['-n', 'shop']

const names = async () =>
  (await says('get', 'configmaps', ...IN_SHOP, '-o', 'name', '-l', 'of=family')).split('\n').sort()

const gone = () => eventually('the family to be gone', async () => (await names()).join('') === '' || undefined)

/** `parent`, its child, and its grandchild. */
async function family(finalizers: readonly string[] = []): Promise<void> {
  let ownerReferences: readonly object[] = []
  for (const name of ['parent', 'child', 'grandchild']) {
    const metadata = { name, namespace: 'shop', labels: { of: 'family' }, ownerReferences }
    const held = name === 'grandchild' ? { finalizers } : {}
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, ...held } }
    const uid = await hub.ok(['create', '-f', '-', '-o', 'jsonpath={.metadata.uid}'], {
      stdin: JSON.stringify(manifest),
    })
    ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }]
  }
}

describe('kubectl delete --cascade', () => {
  test('background: the parent goes at once, the others follow', async () => {
    await family(['example.com/hold'])
    await hub.ok(['delete', 'configmap', 'parent', ...IN_SHOP, '--cascade=background', '--timeout=10s'])
    await eventually(
      'the child to follow',
      async () => (await names()).join(' ') === 'configmap/grandchild' || undefined,
    )
    await hub.ok([
      'patch',
      'configmap',
      'grandchild',
      ...IN_SHOP,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ])
    await gone()
  })

  test('foreground: kubectl returns when all are gone, the last one first', async () => {
    await family(['example.com/hold'])
    const deleting = hub.kubectl(['delete', 'configmap', 'parent', ...IN_SHOP, '--cascade=foreground', '--timeout=20s'])
    await eventually('the deletion to reach the grandchild', async () => {
      const at = ['get', 'configmap', 'grandchild', ...IN_SHOP, '-o', 'jsonpath={.metadata.deletionTimestamp}']
      return (await says(...at)) !== '' || undefined
    })
    expect(await names()).toEqual(['configmap/child', 'configmap/grandchild', 'configmap/parent'])
    const finalizers = 'jsonpath={.metadata.finalizers}'
    expect(await says('get', 'configmap', 'parent', ...IN_SHOP, '-o', finalizers)).toBe('["foregroundDeletion"]')
    await hub.ok([
      'patch',
      'configmap',
      'grandchild',
      ...IN_SHOP,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ])
    expect(await deleting).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('configmap "parent" deleted') as string,
    })
    expect(await names()).toEqual([''])
  })

  test('orphan: the child stays and forgets its parent', async () => {
    await family()
    await hub.ok(['delete', 'configmap', 'parent', ...IN_SHOP, '--cascade=orphan', '--timeout=20s'])
    expect(await names()).toEqual(['configmap/child', 'configmap/grandchild'])
    expect(await says('get', 'configmap', 'child', ...IN_SHOP, '-o', 'jsonpath={.metadata.ownerReferences}')).toBe('')
    await hub.ok(['delete', 'configmap', 'child', ...IN_SHOP])
    await gone()
  })
})

const canRead = () => says('auth', 'can-i', 'get', 'leases.coordination.k8s.io', '-n', 'shop', '--as=dev')
const mayImpersonate = (user: string, resource: string, name: string) => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec: { user, resourceAttributes: { verb: 'impersonate', resource, name } },
})

const allowed = (...about: Parameters<typeof mayImpersonate>) =>
  hub.ok(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}'], {
    stdin: JSON.stringify(mayImpersonate(...about)),
  })

test('a cascade during which the hub is killed is finished after the next start', async () => {
  const uid = await hub.ok(['create', 'configmap', 'owner', ...IN_SHOP, '-o', 'jsonpath={.metadata.uid}'])
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }]
  const items = Array.from({ length: 300 }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `owned-${i}`, namespace: 'shop', labels: { of: 'owner' }, ownerReferences },
  }))
  await hub.ok(['create', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
  const { pid } = await hub.status()
  await hub.ok(['delete', 'configmap', 'owner', ...IN_SHOP, '--wait=false'])
  process.kill(pid!, 'SIGKILL')
  await hub.start('--api-only')
  await eventually('everything owned to be gone', async () => {
    const left = await hub.ok(['get', 'configmaps', ...IN_SHOP, '-l', 'of=owner', '-o', 'name'])
    return left === '' || undefined
  })
})

describe('rights', () => {
  beforeAll(async () => {
    await hub.ok(['create', 'serviceaccount', 'ci', '-n', 'shop'])
    await hub.ok(['create', 'rolebinding', 'dev', '--clusterrole=view', '--user=dev', '-n', 'shop'])
    await hub.ok(['create', 'rolebinding', 'team', '--clusterrole=edit', '--group=team', '-n', 'shop'])
    await hub.ok(['create', 'clusterrole', 'helpdesk', '--verb=impersonate', '--resource=users', '--resource-name=dev'])
    await hub.ok(['create', 'clusterrolebinding', 'helpdesk', '--clusterrole=helpdesk', '--user=helpdesk'])
    await hub.ok(['create', 'clusterrole', 'roles', '--verb=create', '--resource=roles,rolebindings,clusterroles'])
    await hub.ok(['create', 'clusterrolebinding', 'roles', '--clusterrole=roles', '--user=smith'])
  })

  test.each<[string, readonly string[]]>([
    ['yes', ['list', 'configmaps', '-n', 'shop', '--as=dev']],
    ['no', ['list', 'secrets', '-n', 'shop', '--as=dev']],
    ['no', ['list', 'configmaps', '--as=dev']],
    ['no', ['create', 'deployments.apps', '-n', 'shop', '--as=dev']],
    ['yes', ['create', 'deployments.apps', '-n', 'shop', '--as=dev', '--as-group=team']],
    ['yes', ['patch', 'deployments.apps', '--subresource=scale', '-n', 'shop', '--as=x', '--as-group=team']],
    ['no', ['create', 'deployments.apps', '--subresource=status', '-n', 'shop', '--as=x', '--as-group=team']],
    ['no', ['get', 'pods', '-n', 'shop', '--as=system:serviceaccount:shop:ci']],
    ['yes', ['*', '*', '--as=x', '--as-group=system:masters']],
    ['yes', ['get', '/version', '--as=dev']],
    ['no', ['get', '/metrics', '--as=dev']],
  ])('auth can-i: %s to %j', async (answer, args) => {
    const { code, stdout } = await hub.kubectl(['auth', 'can-i', ...args])
    expect([stdout.trim(), code]).toEqual([answer, answer === 'yes' ? 0 : 1])
  })

  test('auth can-i --list shows what the roles say', async () => {
    const list = await hub.ok(['auth', 'can-i', '--list', '-n', 'shop', '--as=dev'])
    expect(list).toMatch(/^configmaps +\[\] +\[\] +\[.*get list watch/m)
    expect(list).toMatch(/\[\/version\/?\]/)
    expect(list).not.toMatch(/^secrets /m)
  })

  test('auth whoami, as oneself, as somebody with groups, and by a token', async () => {
    const asked = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}']
    expect(await hub.ok(asked)).toContain('"system:masters"')
    expect(await hub.ok([...asked, '--as=dev', '--as-group=a', '--as-group=b'])).toBe(
      'dev ["a","b","system:authenticated"]',
    )
    expect(await hub.ok([...asked, '--as=system:serviceaccount:shop:ci'])).toBe(
      'system:serviceaccount:shop:ci ["system:serviceaccounts","system:serviceaccounts:shop","system:authenticated"]',
    )
  })

  test('a token is reviewed, and no longer valid once its account is gone', async () => {
    await hub.ok(['create', 'serviceaccount', 'shortlived', '-n', 'shop'])
    const token = (await hub.ok(['create', 'token', 'shortlived', '-n', 'shop'])).trim()
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const verdict = async () => {
      const { status } = JSON.parse(
        await hub.ok(['create', '-f', '-', '-o', 'json'], { stdin: JSON.stringify(review) }),
      ) as { status: { authenticated?: boolean; user?: { username: string } } }
      return status
    }
    expect(await verdict()).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:shop:shortlived' },
    })
    await hub.ok(['delete', 'serviceaccount', 'shortlived', '-n', 'shop'])
    expect((await verdict()).authenticated ?? false).toBe(false)
  })

  test('to be somebody else end at those whom a rule names', async () => {
    expect(await allowed('helpdesk', 'users', 'dev')).toBe('true')
    expect(await allowed('helpdesk', 'users', 'larder-admin')).toBe('false')
    expect(await allowed('helpdesk', 'groups', 'system:masters')).toBe('false')
  })

  test('nobody hands out what they do not have', async () => {
    const refused = await hub.kubectl(['create', 'clusterrole', 'more', '--verb=*', '--resource=*.*', '--as=smith'])
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain(
      'is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
    )
    const bound = ['create', 'rolebinding', 'b', '--clusterrole=view', '--user=smith', '-n', 'shop', '--as=smith']
    expect(await says(...bound)).toContain('is attempting to grant RBAC permissions not currently held')
    await hub.ok(['create', 'clusterrole', 'binder', '--verb=bind', '--resource=clusterroles', '--resource-name=view'])
    await hub.ok(['create', 'clusterrolebinding', 'binder', '--clusterrole=binder', '--user=smith'])
    await hub.ok(bound)
  })

  test('of a labelled ClusterRole reach viewers, and rules written by hand into view do not last', async () => {
    await hub.ok(['create', 'clusterrole', 'gadgets', '--verb=get', '--resource=leases.coordination.k8s.io'])
    expect(await canRead()).toContain('no')
    await hub.ok(['label', 'clusterrole', 'gadgets', 'rbac.authorization.k8s.io/aggregate-to-view=true'])
    await eventually('the viewer to see leases', async () => /^yes$/m.test(await canRead()) || undefined)
    await hub.ok(['patch', 'clusterrole', 'view', '--type=merge', '-p', '{"rules":[]}'])
    await eventually('the rules to be back', async () => /^yes$/m.test(await canRead()) || undefined)
    await hub.ok(['label', 'clusterrole', 'gadgets', 'rbac.authorization.k8s.io/aggregate-to-view-'])
    await eventually('the viewer to see them no more', async () => /^no$/m.test(await canRead()) || undefined)
  })
})
