/** ClassClaims: one instance of a class, from a pool or made for the claim; what it holds it keeps. */
import { eventType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../../model/claim.ts'
import { classKind } from '../../../model/class.ts'
import {
  classClaimType,
  instanceClassType,
  mirrorName,
  resourceClaimPolicyType,
  resourceClaimType,
  type ClassClaim,
} from '../kinds.ts'
import {
  classClaimHub,
  CROSSPLANE,
  POOL_CLASS,
  PROVISIONER_CLASS,
  type ClassClaimHub,
} from '../testing/class-claims.ts'
import { grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import { SERVICES } from '../testing/stk-hub.ts'
import { coreClaimName } from './core-claim.ts'

let hub: ClassClaimHub
beforeEach(async () => void (hub = await classClaimHub()))
afterEach(() => hub.stop())

const conditions = ({ status }: ClassClaim) =>
  Object.fromEntries(status!.conditions!.map(({ type, status: is, reason }) => [type, `${is} ${reason}`]))
const READY = {
  Ready: 'True Ready',
  ClassMatched: 'True ClassMatched',
  Validated: 'True Validated',
  ResourceClaimCreated: 'True ResourceClaimCreated',
}
const message = ({ status }: ClassClaim) => status?.conditions?.find(({ type }) => type === 'Ready')?.message
const mirrorOf = ({ metadata: { name, uid = '', namespace } }: ClassClaim) =>
  hub.admin.of(resourceClaimType).find(mirrorName({ name, uid }), namespace)
const coreOf = (claim: ClassClaim) => hub.admin.of(claimKind).find(coreClaimName(claim), claim.metadata.namespace)
const edit = (name: string, spec: object) => hub.admin.of(classClaimType).patch(name, { spec }, { namespace: 'shop' })
const remove = async (name: string) => {
  await hub.admin.of(classClaimType).delete(name, { namespace: 'shop' })
  await hub.gone(classClaimType, name, 'shop')
}
/** Until the status of the mirror says so. */
const mirrored = (claim: ClassClaim, ready: string) =>
  hub.until(`the mirror of ${claim.metadata.name} to say ${ready}`, async () => {
    const mirror = await mirrorOf(claim)
    const said = mirror?.status?.conditions?.find(({ type }) => type === 'Ready')
    return `${said?.status} ${said?.reason}` === ready ? mirror : undefined
  })

describe('of a class with a pool', () => {
  test('it holds one that the namespace may claim, and a ResourceClaim underneath shows it', async () => {
    await hub.pool()
    await hub.secret('creds')
    await hub.secret('not-open')
    await hub.policy({ subject: { kind: 'Secret', resourceNames: ['creds'] } })
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.bound('cache')
    expect(conditions(claim)).toEqual(READY)
    const held = { apiVersion: 'v1', kind: 'Secret', name: 'creds', namespace: SERVICES }
    expect(claim.status?.resourceRef).toEqual(held)
    expect(claim.status?.provisionedResourceRef).toBeUndefined()
    expect(await hub.secretValues(claim.status!.binding!.name)).toMatchObject({ password: 'of-creds' })
    const mirror = await mirrored(claim, 'True Ready')
    expect(mirror.spec.ref).toEqual(held)
    expect(mirror.status).toMatchObject({ binding: claim.status!.binding!, claimedResourceRef: held })
    expect(mirror.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Ready True',
      'ResourceMatched True',
      'ResourceClaimed True',
    ])
  })

  test('it waits while there is none, with a reason, and gets what becomes free: the oldest first', async () => {
    await hub.pool()
    await hub.secret('creds')
    await hub.classClaim('first', POOL_CLASS)
    const waiting = await hub.unready('first', 'NoClaimableInstances')
    expect(conditions(waiting)).toEqual({
      Ready: 'False NoClaimableInstances',
      ClassMatched: 'True ClassMatched',
      Validated: 'True Validated',
      ResourceClaimCreated: 'False NoClaimableInstances',
    })
    expect(message(waiting)).toBe(
      'clusterinstanceclass "aws-elasticache" has nothing now that namespace shop may claim; what becomes free, or is permitted, goes to the claim that waits longest',
    )
    expect(await mirrorOf(waiting)).toBeUndefined()
    await hub.policy({})
    await hub.bound('first')
    await hub.classClaim('second', POOL_CLASS)
    await hub.unready('second', 'NoClaimableInstances')
    await remove('first')
    expect((await hub.bound('second')).status?.resourceRef?.name).toBe('creds')
    expect(await hub.admin.of(secretType).find('creds', SERVICES)).toBeDefined()
  })

  test('it and a ResourceClaim never hold the same', async () => {
    await hub.pool()
    await hub.secret('creds')
    await hub.policy({})
    await hub.resourceClaim('named', { apiVersion: 'v1', kind: 'Secret', name: 'creds', namespace: SERVICES })
    await hub.claimed('named')
    await hub.classClaim('cache', POOL_CLASS)
    await hub.unready('cache', 'NoClaimableInstances')
    await hub.admin.of(resourceClaimType).delete('named', { namespace: 'shop' })
    await hub.bound('cache')
    await hub.resourceClaim('again', { apiVersion: 'v1', kind: 'Secret', name: 'creds', namespace: SERVICES })
    await hub.refused('again', 'ResourceAlreadyClaimed')
  })

  test('it keeps what it holds, whatever the class or the claim says later', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const before = await hub.bound('cache')
    await hub.instanceClass('others', { pool: { kind: 'ConfigMap' } })
    await edit('cache', { classRef: { name: 'others' } })
    const after = await hub.bound('cache')
    expect(after.status?.observedGeneration).toBe(2)
    expect(after.status?.resourceRef).toEqual(before.status?.resourceRef)
    const classes = hub.admin.of(instanceClassType)
    await classes.patch(POOL_CLASS, { spec: { pool: { labelSelector: { matchLabels: { no: 'match' } } } } })
    await hub.secret('more', 'shop')
    await classes.delete(POOL_CLASS)
    await hub.gone(instanceClassType, POOL_CLASS)
    await edit('cache', { classRef: { name: POOL_CLASS } })
    const last = await hub.bound('cache')
    expect(last.status?.observedGeneration).toBe(3)
    expect(conditions(last)).toEqual(READY)
    expect(last.status?.resourceRef).toEqual(before.status?.resourceRef)
  })

  test('before it holds anything, another class may be named', async () => {
    await hub.pool()
    await hub.classClaim('cache', POOL_CLASS)
    await hub.unready('cache', 'NoClaimableInstances')
    await hub.provisioner()
    await edit('cache', { classRef: { name: PROVISIONER_CLASS } })
    const claim = await hub.bound('cache')
    expect(claim.status?.resourceRef?.kind).toBe('Instance')
    await hub.secret('creds', 'shop')
    expect(await hub.records()).toHaveLength(1)
  })

  test('of another namespace whose policy goes it is not ready and has no credentials, still holds, and heals', async () => {
    await hub.pool()
    await hub.secret('creds')
    const policy = await hub.policy({})
    await hub.classClaim('cache', POOL_CLASS)
    const { status } = await hub.bound('cache')
    await hub.admin.of(resourceClaimPolicyType).delete(policy.metadata.name, { namespace: SERVICES })
    const claim = await hub.unready('cache', 'ResourceNotReady')
    expect(claim.status?.binding).toBeUndefined()
    await mirrored(claim, 'False NoMatchingResourceClaimPolicy')
    await hub.gone(secretType, status!.binding!.name, 'shop')
    expect(await hub.records()).toHaveLength(1)
    await hub.policy({})
    await hub.bound('cache')
    await hub.until('the copy to be there again', () => hub.secretValues(status!.binding!.name))
  })

  test('whose source is deleted is not ready and has no credentials, still holds, and heals when it is there again', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const { status } = await hub.bound('cache')
    await hub.admin.of(secretType).delete('creds', { namespace: 'shop' })
    const claim = await hub.unready('cache', 'ResourceNotReady')
    expect(message(claim)).toBe('Secret shop/creds does not exist')
    expect(claim.status?.binding).toBeUndefined()
    await mirrored(claim, 'False ResourceNotFound')
    await hub.gone(secretType, status!.binding!.name, 'shop')
    await hub.secret('more', 'shop')
    await hub.secret('creds', 'shop')
    expect((await hub.bound('cache')).status?.resourceRef?.name).toBe('creds')
  })

  test('whose source may not be read any more is not ready and binds nothing, and neither does its mirror', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    await mirrored(await hub.bound('cache'), 'True Ready')
    await hub.revoke()
    await hub.admin.of(secretType).patch('creds', { stringData: { password: 'later' } }, { namespace: 'shop' })
    const claim = await hub.unready('cache', 'ResourceNotReady')
    expect(claim.status?.binding).toBeUndefined()
    const mirror = await mirrored(claim, 'False UnableToTrackReferencedResource')
    expect(mirror.status?.binding).toBeUndefined()
    expect(mirror.status?.claimedResourceRef).toMatchObject({ name: 'creds' })
    await hub.grant()
    const { status } = await hub.bound('cache')
    expect((await mirrored(claim, 'True Ready')).status?.binding).toEqual(status?.binding)
  })

  test('of a kind that no program knows it gets the Secret that the object names', async () => {
    await servedKind(hub)
    await grantRedis(hub)
    await hub.grant()
    await hub.secret('made-for-one', 'shop')
    await redis(hub, 'one', 'shop', 'made-for-one')
    await hub.instanceClass('redises', { pool: { group: 'example.com', kind: 'Redis' } })
    await hub.classClaim('cache', 'redises')
    const { status } = await hub.bound('cache')
    expect(status?.resourceRef).toEqual({ apiVersion: 'example.com/v1', kind: 'Redis', name: 'one', namespace: 'shop' })
    expect(await hub.secretValues(status!.binding!.name)).toMatchObject({ password: 'of-made-for-one' })
    await hub.until('an Event that says what it holds', async () => {
      const { items } = await hub.admin.of(eventType).list({ namespace: 'shop' })
      return items.some(({ regarding, note }) => regarding.kind === 'ClassClaim' && note === 'holds Redis shop/one')
        ? true
        : undefined
    })
  })

  test('it takes no parameters', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS, { size: 1 })
    const claim = await hub.unready('cache', 'ReasonParametersInvalid')
    expect(message(claim)).toBe(
      'spec.parameters.size: Forbidden: clusterinstanceclass "aws-elasticache" has a pool, and takes no parameters',
    )
    await edit('cache', { parameters: null })
    await hub.bound('cache')
  })

  test('its copy follows the source, and an edit or the end of the mirror is undone', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.bound('cache')
    await hub.admin.of(secretType).patch('creds', { stringData: { password: 'new' } }, { namespace: 'shop' })
    await hub.until('the copy to follow', async () =>
      (await hub.secretValues(claim.status!.binding!.name))?.['password'] === 'new' ? true : undefined,
    )
    const mirror = await mirrored(claim, 'True Ready')
    const { name, uid } = mirror.metadata
    await hub.admin.of(resourceClaimType).patch(name, { spec: { ref: { name: 'other' } } }, { namespace: 'shop' })
    await hub.until('the edit to be undone', async () =>
      (await mirrorOf(claim))?.spec.ref.name === 'creds' ? true : undefined,
    )
    await hub.admin.of(resourceClaimType).delete(name, { namespace: 'shop' })
    await hub.until('another mirror', async () => {
      const now = await mirrorOf(claim)
      return now && now.metadata.uid !== uid ? now : undefined
    })
    await mirrored(claim, 'True Ready')
    await hub.bound('cache')
    expect(await hub.records()).toHaveLength(1)
  })

  test('it goes with all that is its own, and what it held stays', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.bound('cache')
    await remove('cache')
    await hub.gone(resourceClaimType, mirrorName({ name: 'cache', uid: claim.metadata.uid! }), 'shop')
    expect(await coreOf(claim)).toBeUndefined()
    expect(await hub.secretValues(claim.status!.binding!.name)).toBeUndefined()
    expect(await hub.secretValues('creds')).toMatchObject({ password: 'of-creds' })
    expect(await hub.records()).toEqual([])
  })
})

describe('of a class with a provisioner', () => {
  test('an instance is made for it, as its parameters say, and deleted with it', async () => {
    await hub.provisioner()
    await hub.classClaim('queue', PROVISIONER_CLASS, { replicas: 3 })
    const claim = await hub.bound('queue')
    expect(conditions(claim)).toEqual(READY)
    const [service] = [...hub.shelf.services.values()]
    expect(service?.parameters).toEqual({ replicas: 3 })
    const name = `c-${(await coreOf(claim))!.metadata.uid}`
    const made = { apiVersion: 'larder.dev/v1alpha1', kind: 'Instance', name }
    expect(claim.status?.provisionedResourceRef).toEqual(made)
    expect(claim.status?.resourceRef).toEqual({ ...made, namespace: 'larder-instances' })
    expect((await mirrored(claim, 'True Ready')).spec.ref).toEqual(claim.status?.resourceRef)
    expect(await hub.secretValues(claim.status!.binding!.name)).toMatchObject({ type: 'rabbitmq' })
    await remove('queue')
    await hub.until('the service to go', () => (hub.shelf.services.size === 0 ? true : undefined))
  })

  test('parameters are judged by the schema of its class, before anything is made, and when they are changed', async () => {
    await hub.provisioner()
    await hub.classClaim('queue', PROVISIONER_CLASS, { replicas: 0, color: 'red' })
    const wrong = await hub.unready('queue', 'ReasonParametersInvalid')
    expect(conditions(wrong)).toEqual({
      Ready: 'False ReasonParametersInvalid',
      ClassMatched: 'True ClassMatched',
      Validated: 'False ReasonParametersInvalid',
      ResourceClaimCreated: 'Unknown Initializing',
    })
    expect(message(wrong)).toContain('spec.parameters.replicas: Invalid value: 0')
    expect(hub.shelf.services.size).toBe(0)
    await edit('queue', { parameters: { replicas: 2, color: null } })
    await hub.bound('queue')
    await edit('queue', { parameters: { replicas: -1 } })
    // Nobody is taken the service that works.
    const claim = await hub.until('the refusal', async () => {
      const now = await hub.admin.of(classClaimType).get('queue', 'shop')
      return conditions(now)['Validated']?.startsWith('False') ? now : undefined
    })
    expect(conditions(claim)).toEqual({ ...READY, Validated: 'False ReasonParametersInvalid' })
    expect([...hub.shelf.services.values()][0]?.parameters).toEqual({ replicas: 2 })
    await edit('queue', { parameters: { replicas: 5 } })
    await hub.until('the change', () =>
      JSON.stringify([...hub.shelf.services.values()][0]?.parameters) === '{"replicas":5}' ? true : undefined,
    )
    expect(conditions(await hub.bound('queue'))).toEqual(READY)
  })

  test('a backend that gives up is told, and what heals is ready', async () => {
    await hub.provisioner()
    hub.shelf.seen = () => ({ phase: 'failed', reason: 'Quota', message: 'no room', usable: false, retry: 'no' })
    await hub.classClaim('queue', PROVISIONER_CLASS)
    const claim = await hub.unready('queue', 'UnableToCreateClaimableInstance')
    expect(message(claim)).toContain('no room')
    expect(conditions(claim)).toMatchObject({ ClassMatched: READY.ClassMatched, Validated: READY.Validated })
  })

  test('a class that is not for the namespace is as one that is not there', async () => {
    await hub.provisioner({ consumers: { namespaces: ['elsewhere'] } })
    await hub.classClaim('queue', PROVISIONER_CLASS)
    expect(message(await hub.unready('queue', 'ClassDoesNotExist'))).toBe(
      'spec.classRef.name: there is no clusterinstanceclass "bigcorp-rabbitmq" for namespace shop',
    )
  })

  test.each([
    ['plan', { plans: [{ name: 'small' }, { name: 'large' }] }],
    ['role', { roles: [{ name: 'reader' }, { name: 'writer' }] }],
  ])('a class that needs a %s, which a ClassClaim cannot say, is told as that', async (field, spec) => {
    await hub.provisioner(spec)
    await hub.classClaim('queue', PROVISIONER_CLASS)
    await expect
      .poll(async () => message(await hub.unready('queue', 'ClassNotReady')))
      .toContain(`spec.${field}: class xrabbits.example.com has no default ${field}`)
  })
})

describe('of a class', () => {
  test('that is not there yet: it is said, and the claim goes on when it is', async () => {
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.unready('cache', 'ClassDoesNotExist')
    expect(conditions(claim)).toEqual({
      Ready: 'False ClassDoesNotExist',
      ClassMatched: 'False ClassDoesNotExist',
      Validated: 'Unknown Initializing',
      ResourceClaimCreated: 'Unknown Initializing',
    })
    expect(message(claim)).toBe('spec.classRef.name: there is no clusterinstanceclass "aws-elasticache"')
    expect(await coreOf(claim)).toBeUndefined()
    await hub.secret('creds', 'shop')
    await hub.pool()
    await hub.bound('cache')
  })

  test('that is not ready: it is said with what the class says, and the claim goes on when it is', async () => {
    await hub.instanceClass(PROVISIONER_CLASS, {
      provisioner: { crossplane: { compositeResourceDefinition: CROSSPLANE } },
    })
    await hub.classClaim('queue', PROVISIONER_CLASS)
    await hub.unready('queue', 'ClassNotReady')
    // At first the class itself has nothing to say yet.
    await hub.until('what the class says', async () =>
      message(await hub.admin.of(classClaimType).get('queue', 'shop'))?.includes(
        'clusterinstanceclass "bigcorp-rabbitmq" is not ready: ',
      )
        ? true
        : undefined,
    )
    await hub.backend('shelf')
    await hub.admin
      .of(classKind)
      .create({ metadata: { name: CROSSPLANE }, spec: { type: 'rabbitmq', backendRef: { name: 'shelf' } } })
    await hub.bound('queue')
  })

  test('whose claim of the core is torn away while no hub runs, it binds nothing', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.bound('cache')
    await hub.kill()
    const claims = hub.admin.of(claimKind)
    await claims.patch(coreClaimName(claim), { metadata: { finalizers: null } }, { namespace: 'shop' })
    await claims.delete(coreClaimName(claim), { namespace: 'shop' })
    await hub.gone(claimKind, coreClaimName(claim), 'shop')
    await hub.start()
    const lost = await hub.unready('cache', 'ResourceNotReady')
    expect(lost.status?.resourceRef?.name).toBe('creds')
    expect(lost.status?.binding).toBeUndefined()
  })

  test('whose claim of the core somebody deletes, it says that what it had is gone, and takes nothing else', async () => {
    await hub.pool()
    await hub.secret('creds', 'shop')
    await hub.classClaim('cache', POOL_CLASS)
    const claim = await hub.bound('cache')
    await hub.admin.of(claimKind).delete(coreClaimName(claim), { namespace: 'shop' })
    const lost = await hub.unready('cache', 'ResourceNotReady')
    await hub.until('the claim to say what became of it', async () => {
      const now = await hub.admin.of(classClaimType).get('cache', 'shop')
      return message(now)?.startsWith('Secret creds is no longer held') ? true : undefined
    })
    await hub.until('what was held to be free', async () => ((await hub.records()).length === 0 ? true : undefined))
    expect(lost.status?.resourceRef?.name).toBe('creds')
    await remove('cache')
  })
})

test('a ResourceClaim that only says such an owner is a claim like any other', async () => {
  await hub.pool()
  await hub.secret('creds', 'shop')
  await hub.secret('more', 'shop')
  await hub.classClaim('cache', POOL_CLASS)
  const { metadata } = await hub.bound('cache')
  const owner = {
    apiVersion: 'services.apps.tanzu.vmware.com/v1alpha1',
    kind: 'ClassClaim',
    name: 'cache',
    uid: metadata.uid!,
    controller: true,
  }
  await hub.admin.of(resourceClaimType).create({
    metadata: { name: 'mine', namespace: 'shop', ownerReferences: [owner] },
    spec: { ref: { apiVersion: 'v1', kind: 'Secret', name: 'more' } },
  })
  await hub.claimed('mine')
})

test('a namespace that is deleted takes its ClassClaims along, with what was made for them and with their holds', async () => {
  await hub.pool()
  await hub.provisioner()
  await hub.secret('creds')
  await hub.policy({})
  await hub.classClaim('cache', POOL_CLASS)
  await hub.classClaim('queue', PROVISIONER_CLASS)
  await Promise.all([hub.bound('cache'), hub.bound('queue')])
  await hub.classClaim('waiting', POOL_CLASS)
  await hub.unready('waiting', 'NoClaimableInstances')
  await hub.admin.of(namespaceType).delete('shop')
  await hub.gone(namespaceType, 'shop')
  await hub.until('what was held to be free', async () => ((await hub.records()).length === 0 ? true : undefined))
  expect(hub.shelf.services.size).toBe(0)
  expect(await hub.secretValues('creds', SERVICES)).toMatchObject({ password: 'of-creds' })
})

test('in sync it writes nothing', async () => {
  await hub.pool()
  await hub.provisioner()
  await hub.secret('creds', 'shop')
  await hub.classClaim('cache', POOL_CLASS)
  await hub.classClaim('queue', PROVISIONER_CLASS, { replicas: 2 })
  await mirrored(await hub.bound('cache'), 'True Ready')
  await mirrored(await hub.bound('queue'), 'True Ready')
  await hub.kill()
  await hub.start()
  await hub.classClaim('later', PROVISIONER_CLASS)
  const later = await hub.bound('later')
  await mirrored(later, 'True Ready')
  const { name, uid } = later.metadata
  const own = [name, coreClaimName(later), mirrorName({ name, uid: uid! }), `c-${(await coreOf(later))!.metadata.uid}`]
  const foreign = hub.cut.writes.filter(
    (write) => !own.some((each) => write.endsWith(` ${each}`) || write.endsWith(` ${each}-driver`)),
  )
  expect(foreign).toEqual([])
})
