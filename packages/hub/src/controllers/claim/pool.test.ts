/** Claims of what exists already: by class from a pool, and by name; within a namespace and across, by policy. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimPolicyKind } from '../../model/claim-policy.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import type { TestHub } from '../testing/hub.ts'
import { CACHES, member as makeMember, permit as makePolicy, poolHub, records as listRecords } from '../testing/pool.ts'

let hub: TestHub

beforeEach(async () => {
  hub = await poolHub()
})

afterEach(() => hub.stop())

const member = (name: string, namespace?: string, password?: string) => makeMember(hub, name, namespace, password)
const permit = (spec?: object) => makePolicy(hub, spec)
const records = () => listRecords(hub)

/** The cause once it is of that reason. */
const causeOf = (name: string, reason: string, namespace = 'shop') =>
  hub.until(`claim ${name} to say ${reason}`, async () => {
    const cause = (await hub.admin.of(claimKind).get(name, namespace)).status?.cause
    return cause?.reason === reason ? cause : undefined
  })

const gone = (name: string) =>
  hub.until(`claim ${name} to go`, async () => ((await hub.admin.of(claimKind).find(name, 'shop')) ? undefined : true))

const release = async (name: string) => {
  await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
  await gone(name)
}

const orderOf = ({ metadata }: Claim) => `${metadata.creationTimestamp} ${metadata.uid}`
const isReady = ({ status }: Claim) => findCondition(status?.conditions, 'Ready')?.status === 'True'

const grant = () =>
  hub.admin.transport.call({
    verb: 'create',
    target: { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'secrets-for-claims', labels: { 'servicebinding.io/controller': 'true' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
    },
  })

describe('a claim of a pool', () => {
  test('holds a member and has its content, with its own type and keys', async () => {
    await permit()
    await member('one')
    await hub.claim('cache', { className: 'caches' })
    const claim = await hub.ready('cache')
    expect(claim.status?.resourceRef).toEqual({ apiVersion: 'v1', kind: 'Secret', namespace: 'services', name: 'one' })
    expect((await hub.admin.of(secretType).get('cache', 'shop')).type).toBe('example.com/cache')
    expect(await hub.secretValues('cache')).toEqual({ url: 'redis://one', password: 'secret-of-one' })
    expect((await records()).map((r) => r.metadata.name)).toEqual([claim.status?.instanceRef?.name])
    expect(claim.status?.instanceRef?.name).toMatch(/^r-[0-9a-f]{40}$/)
  })

  test.each(['ready', 'phase', 'secret', 'values', 'cache', 'drift'])(
    'with %s for a password has it, and so has the next claim its own: that word is also one of the contract',
    async (password) => {
      await permit()
      await member('one', 'services', password)
      await hub.claim('cache', { className: 'caches' })
      await hub.ready('cache')
      await member('two')
      await hub.claim('next', { className: 'caches' })
      await hub.ready('next')
      expect(await hub.secretValues('cache')).toEqual({ url: 'redis://one', password })
      expect(await hub.secretValues('next')).toEqual({ url: 'redis://two', password: 'secret-of-two' })
      for (const name of ['cache', 'next'])
        expect((await hub.admin.of(secretType).get(name, 'shop')).type).toBe('example.com/cache')
    },
  )

  test('gives it back untouched', async () => {
    await permit()
    await member('one')
    const before = await hub.admin.of(secretType).get('one', 'services')
    await hub.claim('cache', { className: 'caches' })
    await hub.ready('cache')
    await release('cache')
    await hub.until('the record to go', async () => ((await records()).length === 0 ? true : undefined))
    expect(await hub.secretValues('cache')).toBeUndefined()
    expect(await hub.admin.of(secretType).get('one', 'services')).toEqual(before)
  })

  test('follows a rotation within a second', async () => {
    await permit()
    await member('one')
    await hub.claim('cache', { className: 'caches' })
    await hub.ready('cache')
    const startedAt = performance.now()
    await hub.admin
      .of(secretType)
      .patch('one', { stringData: { password: 'rotated', more: 'x' } }, { namespace: 'services' })
    await hub.until('the new password', async () =>
      (await hub.secretValues('cache'))?.['password'] === 'rotated' ? true : undefined,
    )
    // It was told, and has not looked again after a while.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    await hub.admin.of(secretType).patch('one', { data: { more: null } }, { namespace: 'services' })
    await hub.until('the key to go', async () => {
      const values = await hub.secretValues('cache')
      return values && !('more' in values) ? true : undefined
    })
    expect((await hub.ready('cache')).status?.credential?.serial).toBe(1)
  })

  test('refuses parameters of credentials, which a copy cannot have, and heals without them', async () => {
    await permit()
    await member('one')
    await hub.claim('cache', { className: 'caches', binding: { parameters: { keys: 'a*' } } })
    expect(await causeOf('cache', 'ParametersInvalid')).toMatchObject({
      actor: 'consumer',
      message: 'spec.binding.parameters: a copy of credentials that exist already takes none',
    })
    await hub.admin.of(claimKind).patch('cache', { spec: { binding: null } }, { namespace: 'shop' })
    await hub.ready('cache')
  })

  test('whose member is deleted says so, and heals when it returns', async () => {
    await permit()
    await member('one')
    await hub.claim('cache', { className: 'caches' })
    await hub.ready('cache')
    await hub.admin.of(secretType).delete('one', { namespace: 'services' })
    expect(await causeOf('cache', 'ResourceNotFound')).toMatchObject({
      actor: 'platform',
      heals: false,
      message: 'Secret services/one does not exist',
    })
    expect(await hub.secretValues('cache')).toBeUndefined()
    expect(await records()).toHaveLength(1)
    await member('one', 'services', 'again')
    await hub.ready('cache')
    await hub.until('the new content', async () =>
      (await hub.secretValues('cache'))?.['password'] === 'again' ? true : undefined,
    )
  })

  test('in sync, nothing is written', async () => {
    await permit()
    await member('one')
    await hub.claim('cache', { className: 'caches' })
    await hub.ready('cache')
    await hub.claim('late', { className: 'caches' })
    await causeOf('late', 'PoolExhausted')
    await hub.kill()
    await hub.start()
    const labels = { metadata: { labels: { touched: 'yes' } } }
    for (const name of ['cache', 'late']) await hub.admin.of(claimKind).patch(name, labels, { namespace: 'shop' })
    for (const { metadata } of await records()) {
      await hub.admin.of(instanceKind).patch(metadata.name, labels, { namespace: 'larder-instances' })
    }
    await hub.admin.of(claimPolicyKind).patch('shop-may', labels, { namespace: 'services' })
    await hub.admin
      .of(secretType)
      .patch('one', { metadata: { annotations: { touched: 'yes' } } }, { namespace: 'services' })
    await hub.claim('marker', { className: 'none' })
    await causeOf('marker', 'ClassNotFound')
    expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
  })

  test('waits while it is empty, in words that name nothing of other namespaces', async () => {
    await member('one')
    await hub.claim('cache', { className: 'caches' })
    const before = await causeOf('cache', 'PoolEmpty')
    expect(before).toMatchObject({ heals: false, message: 'class caches has nothing that namespace shop may hold' })
    expect(JSON.stringify(await hub.admin.of(claimKind).get('cache', 'shop'))).not.toContain('services')
    await permit()
    await hub.ready('cache')
  })

  test('needs no policy for what lives beside it, and prefers that', async () => {
    await permit()
    await member('a-first')
    await member('z-own', 'shop')
    await hub.claim('cache', { className: 'caches' })
    expect((await hub.ready('cache')).status?.resourceRef?.name).toBe('z-own')
  })

  test('gets what is added later', async () => {
    await permit()
    await hub.claim('cache', { className: 'caches' })
    await causeOf('cache', 'PoolEmpty')
    await member('late')
    await hub.ready('cache')
  })
})

describe('a class of a pool', () => {
  test('that would delete what it only found is refused', async () => {
    await hub.admin.of(classKind).create({ metadata: { name: 'wrong' }, spec: { ...CACHES, reclaimPolicy: 'Delete' } })
    expect(await hub.cause(classKind, 'wrong')).toMatchObject({
      reason: 'RecipeInvalid',
      message: expect.stringContaining('spec.reclaimPolicy: must be Release'),
    })
  })

  test('whose account may not look says which right is missing', async () => {
    const recipe = { ...CACHES.recipe, kind: 'ConfigMap' }
    await hub.admin.of(classKind).create({ metadata: { name: 'maps' }, spec: { ...CACHES, recipe } })
    expect(await hub.cause(classKind, 'maps', undefined, 'BackendDenied')).toMatchObject({
      message: 'the account of the backend may not list ConfigMap of v1',
    })
  })
})

const waitingOf = async (prefix: string): Promise<Claim[]> => {
  const { items } = await hub.admin.of(claimKind).list({ namespace: 'shop' })
  return items
    .filter((c) => c.metadata.name.startsWith(prefix) && !isReady(c))
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}
const readyOf = async (prefix: string) => {
  const { items } = await hub.admin.of(claimKind).list({ namespace: 'shop' })
  return items.filter((c) => c.metadata.name.startsWith(prefix) && isReady(c))
}

const recipeOf = (i: number) => ({ ...CACHES.recipe, selector: { matchLabels: { pool: `p${i}` } } })

describe('the line', () => {
  test('has for who comes next what was released by name while nobody waited', async () => {
    await grant()
    await permit()
    await member('one')
    await hub.claim('by-name', {
      resourceRef: { apiVersion: 'v1', kind: 'Secret', name: 'one', namespace: 'services' },
    })
    await hub.ready('by-name')
    await member('two')
    await hub.claim('first', { className: 'caches' })
    await hub.ready('first')
    await release('by-name')
    await hub.until('its hold to end', async () => ((await records()).length === 1 ? true : undefined))
    const startedAt = performance.now()
    await hub.claim('next', { className: 'caches' })
    expect((await hub.ready('next')).status?.resourceRef?.name).toBe('one')
    // Who is told that all is held looks again after half a minute.
    expect(performance.now() - startedAt).toBeLessThan(15_000)
  })

  test('two hundred parallel claims on an exclusive pool of ten: exactly ten Ready, the rest say why; each one released goes to the oldest that waits', async () => {
    await permit()
    await Promise.all(Array.from({ length: 10 }, (_, i) => member(`member-${i}`)))
    await Promise.all(Array.from({ length: 200 }, (_, i) => hub.claim(`c-${i}`, { className: 'caches' })))
    await hub.until('ten to be Ready and the rest to say why', async () => {
      const waiting = await waitingOf('c-')
      return waiting.length === 190 && waiting.every((c) => c.status?.cause?.reason === 'PoolExhausted')
        ? true
        : undefined
    })
    const first = await readyOf('c-')
    expect(new Set(first.map((c) => c.status?.resourceRef?.name)).size).toBe(10)
    expect(await records()).toHaveLength(10)
    for (const { metadata, status } of first.slice(0, 5)) {
      const [oldest] = await waitingOf('c-')
      await release(metadata.name)
      const next = await hub.ready(oldest!.metadata.name)
      expect(next.status?.resourceRef?.name).toBe(status?.resourceRef?.name)
      expect(await readyOf('c-')).toHaveLength(10)
      expect(await records()).toHaveLength(10)
    }
  })

  test('of many pools with news at once is looked at without a warning of listeners that leak', async () => {
    const warnings: string[] = []
    const note = ({ name, message }: Error) => {
      if (name === 'MaxListenersExceededWarning') warnings.push(message)
    }
    const numbers = Array.from({ length: 14 }, (_, i) => i)
    process.on('warning', note)
    try {
      for (const i of numbers) {
        await hub.admin
          .of(classKind)
          .create({ metadata: { name: `pool-${i}` }, spec: { ...CACHES, recipe: recipeOf(i) } })
        await hub.claim(`p-${i}`, { className: `pool-${i}` })
        await hub.cause(claimKind, `p-${i}`, 'shop')
      }
      const members = numbers.map((i) => ({
        metadata: { name: `m-${i}`, namespace: 'shop', labels: { pool: `p${i}` } },
      }))
      await Promise.all(members.map((each) => hub.admin.of(secretType).create({ ...each, stringData: { url: 'x' } })))
      for (const i of numbers) await hub.ready(`p-${i}`)
    } finally {
      process.off('warning', note)
    }
    expect(warnings).toEqual([])
  })

  test('skips those that may have nothing of what is free', async () => {
    await hub.admin.of(namespaceType).create({ metadata: { name: 'barred' } })
    await hub.claim('barred', { className: 'caches' }, 'barred')
    await causeOf('barred', 'PoolEmpty', 'barred')
    await permit()
    await member('one')
    await hub.claim('unfit', { className: 'caches', plan: 'huge' })
    await hub.claim('fit', { className: 'caches' })
    await hub.ready('fit')
    expect(await causeOf('unfit', 'PlanNotFound')).toMatchObject({ heals: false })
  })
})

describe('a claim by resource', () => {
  const theirs: Claim['spec'] = {
    resourceRef: { apiVersion: 'v1', kind: 'Secret', namespace: 'services', name: 'creds' },
  }
  test('is powerless until the platform labels a ClusterRole, and says so; then it heals', async () => {
    await permit()
    await member('creds')
    await hub.claim('theirs', theirs)
    expect(await causeOf('theirs', 'BackendDenied')).toMatchObject({
      message: 'the account of the backend may not get Secret of v1 in namespace services',
    })
    await grant()
    expect((await hub.ready('theirs')).status?.binding).toEqual({ name: 'theirs' })
    expect(await hub.secretValues('theirs')).toEqual({ url: 'redis://creds', password: 'secret-of-creds' })
  })

  test('tells the same of what exists and of what does not, until a policy permits it', async () => {
    await grant()
    await permit()
    await hub.admin
      .of(secretType)
      .create({ metadata: { name: 'creds', namespace: 'services' }, stringData: { a: 'b' } })
    const missing = { resourceRef: { ...theirs.resourceRef!, name: 'absent' } }
    await hub.claim('there', theirs)
    await hub.claim('not-there', missing)
    const there = await causeOf('there', 'NotPermitted')
    const notThere = await causeOf('not-there', 'NotPermitted')
    expect(there.message).toBe('no ClaimPolicy lets namespace shop claim Secret services/creds')
    expect(JSON.stringify(notThere).replaceAll('absent', 'creds').replaceAll('not-there', 'there')).toBe(
      JSON.stringify(there),
    )
    expect(await records()).toEqual([])
    await hub.admin
      .of(secretType)
      .patch('creds', { metadata: { labels: { offer: 'caches' } } }, { namespace: 'services' })
    await hub.ready('there')
  })

  test('cannot have the copy that another claim has, by name or from a pool, at home or abroad', async () => {
    await grant()
    await permit({ consumers: { selector: {} }, subjects: [{ kind: 'Secret' }] })
    await member('creds')
    await hub.admin.of(classKind).patch('caches', { spec: { recipe: { selector: { matchLabels: null } } } })
    await hub.claim('theirs', theirs, 'services')
    await hub.ready('theirs', 'services')
    const copy = { resourceRef: { ...theirs.resourceRef!, name: 'theirs' } }
    await hub.claim('abroad', copy)
    expect((await causeOf('abroad', 'ResourceNotFound')).message).toBe(
      'spec.resourceRef: Secret services/theirs does not exist',
    )
    await hub.claim('home', copy, 'services')
    expect((await causeOf('home', 'ResourceNotFound', 'services')).message).toBe(
      'spec.resourceRef: Secret services/theirs is the copy that another claim has of what it holds, and cannot be claimed itself',
    )
    await hub.claim('pooled', { className: 'caches' }, 'services')
    await causeOf('pooled', 'PoolExhausted', 'services')
    await hub.admin
      .of(secretType)
      .patch('theirs', { metadata: { labels: { 'larder.dev/copy': null } } }, { namespace: 'services' })
    await hub.until('the mark to be back', async () => {
      const { metadata } = await hub.admin.of(secretType).get('theirs', 'services')
      return metadata.labels?.['larder.dev/copy']
    })
  })

  test('that waits hears at once when labels decide otherwise of what another holds, and when that goes and comes again', async () => {
    await grant()
    await permit()
    await hub.claim('holder', theirs, 'services')
    const creds = { metadata: { name: 'creds', namespace: 'services' }, stringData: { a: 'b' } }
    const label = (offer: string | null) =>
      hub.admin.of(secretType).patch('creds', { metadata: { labels: { offer } } }, { namespace: 'services' })
    await hub.admin.of(secretType).create(creds)
    await hub.ready('holder', 'services')
    await hub.claim('theirs', theirs)
    await causeOf('theirs', 'NotPermitted')
    await label('caches')
    await causeOf('theirs', 'ResourceHeld')
    await label(null)
    await causeOf('theirs', 'NotPermitted')
    const all = { subjects: [{ kind: 'Secret' }] }
    await hub.admin.of(claimPolicyKind).patch('shop-may', { spec: all }, { namespace: 'services' })
    await causeOf('theirs', 'ResourceHeld')
    await hub.admin.of(secretType).delete('creds', { namespace: 'services' })
    await causeOf('theirs', 'ResourceNotFound')
    await hub.admin.of(secretType).create(creds)
    await causeOf('theirs', 'ResourceHeld')
  })

  test('is told the same where a policy asks for labels that are not there: of what does not exist it permits nothing', async () => {
    await grant()
    await permit({
      consumers: { namespaces: ['shop'] },
      subjects: [{ kind: 'Secret', selector: { matchExpressions: [{ key: 'offer', operator: 'DoesNotExist' }] } }],
    })
    await member('creds')
    const missing = { resourceRef: { ...theirs.resourceRef!, name: 'absent' } }
    await hub.claim('there', theirs)
    await hub.claim('not-there', missing)
    const there = await causeOf('there', 'NotPermitted')
    const notThere = await causeOf('not-there', 'NotPermitted')
    expect(notThere.message.replaceAll('absent', 'creds')).toBe(there.message)
    await hub.admin.of(secretType).create({ metadata: { name: 'absent', namespace: 'services' } })
    await hub.ready('not-there')
  })

  test('is permitted nothing by a policy whose selector lacks values, and the policy says what is wrong', async () => {
    await grant()
    await permit({
      consumers: { namespaces: ['shop'] },
      subjects: [{ kind: 'Secret', selector: { matchExpressions: [{ key: 'offer', operator: 'NotIn' }] } }],
    })
    await member('creds')
    await hub.claim('theirs', theirs)
    await causeOf('theirs', 'NotPermitted')
    const { message } = await hub.cause(claimPolicyKind, 'shop-may', 'services', 'SelectorInvalid')
    expect(message).toBe(
      'spec.subjects[0].selector.matchExpressions[0].values: operator NotIn needs values; until then nothing is selected',
    )
  })

  test('is permitted nothing by a policy that selects by a label which nobody can have', async () => {
    await grant()
    await permit({
      consumers: { namespaces: ['shop'] },
      subjects: [{ kind: 'Secret', selector: { matchExpressions: [{ key: 'of fer', operator: 'DoesNotExist' }] } }],
    })
    await member('creds')
    await hub.claim('theirs', theirs)
    await causeOf('theirs', 'NotPermitted')
    const { message } = await hub.cause(claimPolicyKind, 'shop-may', 'services', 'SelectorInvalid')
    expect(message).toContain('spec.subjects[0].selector.matchExpressions[0]: key: Invalid value: "of fer": ')
  })

  test('degrades when its policy is edited or removed, and heals when it returns', async () => {
    await grant()
    await permit()
    await member('creds')
    await hub.claim('theirs', theirs)
    await hub.ready('theirs')
    const policies = hub.admin.of(claimPolicyKind)
    await policies.patch('shop-may', { spec: { consumers: { namespaces: ['other'] } } }, { namespace: 'services' })
    expect(await causeOf('theirs', 'NotPermitted')).toMatchObject({ heals: false, actor: 'platform' })
    // The copy is taken back, and nobody else gets the resource.
    expect(await hub.secretValues('theirs')).toBeUndefined()
    expect((await hub.admin.of(claimKind).get('theirs', 'shop')).status?.binding).toBeUndefined()
    expect(await records()).toHaveLength(1)
    await policies.patch('shop-may', { spec: { consumers: { namespaces: ['shop'] } } }, { namespace: 'services' })
    await hub.ready('theirs')
    await policies.delete('shop-may', { namespace: 'services' })
    await causeOf('theirs', 'NotPermitted')
    await permit({
      consumers: { selector: { matchLabels: { team: 'red' } } },
      subjects: [{ kind: 'Secret', group: 'v1' }],
    })
    await causeOf('theirs', 'NotPermitted')
    await hub.admin.of(namespaceType).patch('shop', { metadata: { labels: { team: 'red' } } })
    await hub.ready('theirs')
    await hub.admin.of(namespaceType).patch('shop', { metadata: { labels: { team: null } } })
    await causeOf('theirs', 'NotPermitted')
  })

  test('stops passing on what its account may no longer read', async () => {
    await grant()
    await permit()
    await member('creds')
    await hub.claim('theirs', theirs)
    await hub.ready('theirs')
    const target = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      resource: 'clusterroles',
      name: 'secrets-for-claims',
    }
    await hub.admin.transport.call({ verb: 'delete', target })
    await hub.admin.of(secretType).patch('creds', { stringData: { password: 'later' } }, { namespace: 'services' })
    await causeOf('theirs', 'BackendDenied')
    expect(await hub.secretValues('theirs')).toMatchObject({ password: 'secret-of-creds' })
    await grant()
    await hub.until('the later password', async () =>
      (await hub.secretValues('theirs'))?.['password'] === 'later' ? true : undefined,
    )
  })

  test('waits for one that holds the same, and is next', async () => {
    await grant()
    await member('mine', 'shop')
    const mine = { resourceRef: { apiVersion: 'v1', kind: 'Secret', name: 'mine' } }
    await hub.claim('first', { ...mine, binding: { name: 'first-copy' } })
    await hub.ready('first')
    await hub.claim('second', { ...mine, binding: { name: 'second-copy' } })
    expect(await causeOf('second', 'ResourceHeld')).toMatchObject({ heals: true })
    await release('first')
    await hub.ready('second')
  })

  test('gives back what a claim on a pool waits for, which has it at once', async () => {
    await grant()
    await permit()
    await member('creds')
    await hub.claim('theirs', theirs)
    await hub.ready('theirs')
    await hub.claim('pooled', { className: 'caches' })
    await causeOf('pooled', 'PoolExhausted')
    const releasedAt = Date.now()
    await release('theirs')
    await hub.ready('pooled')
    // The pool is also looked at again after a while, which is no answer to a release.
    expect(Date.now() - releasedAt).toBeLessThan(15_000)
  })

  test('of a Secret that does not exist yet waits for it', async () => {
    await grant()
    await hub.claim('early', { resourceRef: { apiVersion: 'v1', kind: 'Secret', name: 'later' } })
    expect(await causeOf('early', 'ResourceNotFound')).toMatchObject({
      message: 'spec.resourceRef: Secret shop/later does not exist',
    })
    await member('later', 'shop')
    await hub.ready('early')
  })

  test('takes anything with status.binding.name: a claim of another team, for instance', async () => {
    await grant()
    await hub.admin.transport.call({
      verb: 'create',
      target: { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' },
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'claims-for-claims', labels: { 'servicebinding.io/controller': 'true' } },
        rules: [{ apiGroups: ['larder.dev'], resources: ['claims'], verbs: ['get', 'list', 'watch'] }],
      },
    })
    await permit({
      consumers: { namespaces: ['shop'] },
      subjects: [{ group: 'larder.dev', kind: 'Claim', names: ['original'] }],
    })
    await member('one', 'services')
    await hub.claim('shared', {
      resourceRef: { apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', namespace: 'services', name: 'original' },
    })
    await causeOf('shared', 'ResourceNotFound')
    await hub.claim('original', { className: 'caches' }, 'services')
    await hub.ready('original', 'services')
    await hub.ready('shared')
    expect(await hub.secretValues('shared')).toEqual({ url: 'redis://one', password: 'secret-of-one' })
  })
})
