import { unavailable } from '@larder/kit'
import { jsonLog } from '@larder/engine/base/log'
import { eventType, namespaceType, secretType } from '@larder/engine/client/builtin'
import { isNotFound } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { openMemoryStore } from '@larder/engine/storage/memory/store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { hubUser } from '../../samples/rbac.ts'
import { testHub, type TestHub } from '../testing/hub.ts'
import { type Shelf, shelfDriver } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
  await hub.service('jars', {
    parameters: { openAPIV3Schema: { type: 'object', properties: { lid: { type: 'string', enum: ['red', 'blue'] } } } },
    plans: [
      { name: 'small', default: true },
      { name: 'large', parameters: { lid: 'blue' } },
    ],
    roles: [{ name: 'writer', default: true }, { name: 'reader' }],
  })
})

afterEach(() => hub.stop())

const withhold = (serial: number) => {
  shelf.bound = (_, { id }) => (id.endsWith(`-${serial}`) ? { phase: 'withheld' } : undefined)
}

describe('a claim of a class', () => {
  test('becomes Ready with credentials of its own in a Secret beside it', async () => {
    const created = await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    const uid = created.metadata.uid!

    expect(claim.status?.instanceRef).toMatchObject({ namespace: 'larder-instances', name: `c-${uid}` })
    expect(claim.status?.binding).toEqual({ name: 'jar' })
    expect(claim.status?.credential).toMatchObject({ id: `c-${uid}-1`, serial: 1, role: 'writer' })
    expect(claim.status?.cause).toBeUndefined()
    expect(claim.spec).toEqual({ className: 'jars' })

    const secret = await hub.admin.of(secretType).get('jar', 'shop')
    expect(secret.type).toBe('servicebinding.io/jar')
    expect(await hub.secretValues('jar')).toMatchObject({ type: 'jar', host: 'cellar', port: '1234' })

    const instance = await hub.instanceOf(claim)
    expect(instance?.spec).toMatchObject({ className: 'jars', plan: 'small', externalID: uid, reclaimPolicy: 'Delete' })
    expect(instance?.status?.steps?.map(({ name, outcome }) => [name, outcome])).toEqual([['create', 'Done']])
    expect(shelf.created.get(uid)).toBe(1)
  })

  test('takes its time in passes that are woken, not timed', async () => {
    await hub.claim('warm', { className: 'jars' })
    await hub.ready('warm')
    const took: number[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const startedAt = performance.now()
      await hub.claim(name, { className: 'jars' })
      await hub.ready(name)
      took.push(performance.now() - startedAt)
    }
    // A timer of a second would be in each of them, a pause of a busy machine in some.
    expect(Math.min(...took)).toBeLessThan(500)
  })

  test('in sync, nothing is written', async () => {
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    await hub.until('the last write', () => (hub.cut.writes.at(-1)?.includes('status') ? true : undefined))
    await hub.kill()
    await hub.start()
    // A label wakes every controller that could be concerned; the marker class shows that all of them have looked.
    const labels = { metadata: { labels: { touched: 'yes' } } }
    await hub.admin.of(claimKind).patch('jar', labels, { namespace: 'shop' })
    await hub.admin.of(instanceKind).patch(claim.status!.instanceRef!.name, labels, { namespace: 'larder-instances' })
    await hub.admin.of(classKind).patch('jars', labels)
    await hub.admin.of(secretType).patch('jar', labels, { namespace: 'shop' })
    await hub.service('marker')
    await hub.until('the marker', async () => {
      const marker = await hub.admin.of(classKind).get('marker')
      return findCondition(marker.status?.conditions, 'Ready')?.status === 'True' || undefined
    })
    expect(hub.cut.writes.filter((write) => !write.includes('marker'))).toEqual([])
    expect(shelf.count('bind')).toBe(1)
  })

  test('twenty at once: none is made twice, none is lost', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `jar-${i}`)
    await Promise.all(names.map((name) => hub.claim(name, { className: 'jars' })))
    const claims = await Promise.all(names.map((name) => hub.ready(name)))
    expect([...shelf.created.values()]).toEqual(names.map(() => 1))
    expect(new Set(claims.map((c) => c.status?.instanceRef?.name)).size).toBe(20)
    const passwords = await Promise.all(names.map(async (name) => (await hub.secretValues(name))?.['password']))
    expect(new Set(passwords).size).toBe(20)
  })

  test('asks for a plan by name: what the plan fixes goes to the driver', async () => {
    const created = await hub.claim('jar', { className: 'jars', plan: 'large' })
    await hub.ready('jar')
    expect(shelf.services.get(created.metadata.uid!)).toMatchObject({ plan: 'large', parameters: { lid: 'blue' } })
  })
})

describe('what others may read', () => {
  test('no object but the Secret, no event and no log line holds a password', async () => {
    const lines: string[] = []
    const log = jsonLog({ level: 'debug', write: (line) => lines.push(line), now: Date.now })
    const chatty = await testHub({ drivers: [shelfDriver(shelf)], log, store: openMemoryStore() })
    await chatty.start()
    await chatty.backend('shelf')
    await chatty.service('jars')
    await chatty.claim('jar', { className: 'jars' })
    await chatty.ready('jar')
    const password = (await chatty.secretValues('jar'))!['password']!
    shelf.fail = (verb, id) =>
      ['unbind', 'observe'].includes(verb) ? unavailable(`cannot remove ${id} with ${password}`) : undefined
    await chatty.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await chatty.until('a log line of a failed pass', () =>
      lines.some((line) => line.includes('pass failed')) ? true : undefined,
    )
    shelf.fail = () => undefined
    await chatty.until('the claim to go', async () =>
      (await chatty.admin.of(claimKind).find('jar', 'shop')) ? undefined : true,
    )
    await chatty.stop()
    const said = [
      ...lines,
      ...chatty
        .everything()
        .filter(({ kind }) => kind !== 'Secret')
        .map((o) => JSON.stringify(o)),
    ]
    expect(lines.length).toBeGreaterThan(0)
    expect(said.filter((text) => text.includes(password))).toEqual([])
  })

  test('events tell the story of a claim', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const told = async () => {
      const { items } = await hub.admin.of(eventType).list({ namespace: 'shop' })
      return items.filter((event) => event.regarding.name === 'jar').map((event) => event.reason)
    }
    await hub.until('the last event', async () => ((await told()).includes('Bound') ? true : undefined))
    expect((await told()).toSorted()).toEqual(['Bound', 'ClassMatched'])
  })
})

describe('deletion', () => {
  test('when it returns the old password no longer logs in and the Secret is gone; then the service goes', async () => {
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    const password = (await hub.secretValues('jar'))!['password']!
    expect(shelf.accepts(password)).toBe(true)

    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await gone(claim.metadata.name)
    expect(shelf.accepts(password)).toBe(false)
    expect(shelf.calls).toContain(`unbind ${claim.status!.credential!.id}`)
    expect(await hub.secretValues('jar')).toBeUndefined()
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })

  test('of a claim whose service is being made leaves nothing', async () => {
    shelf.seen = (want) =>
      shelf.services.has(want.id) && want.intent !== 'delete'
        ? { phase: 'changing', doing: 'Filling', againMs: 60_000 }
        : undefined
    const claim = await hub.claim('jar', { className: 'jars' })
    const cause = await hub.cause(claimKind, 'jar', 'shop')
    expect(cause).toMatchObject({ actor: 'provider', heals: true })
    await hub.until('the service to be begun', () => (shelf.services.size > 0 ? true : undefined))
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await gone('jar')
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })

  test('a backend that cannot revoke: the claim waits until the service itself is gone', async () => {
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    shelf.fail = (verb) => (verb === 'unbind' || verb === 'delete' ? unavailable('the cellar is flooded') : undefined)
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    const cause = await hub.until(
      'a cause',
      async () => (await hub.admin.of(claimKind).get('jar', 'shop')).status?.cause,
    )
    expect(cause).toMatchObject({ reason: 'Unbinding', message: expect.stringContaining('the cellar is flooded') })
    shelf.fail = () => undefined
    await gone('jar')
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })

  test('a namespace that goes is not kept by a dead backend; the instance revokes later', async () => {
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    shelf.fail = (verb) => (verb === 'probe' ? undefined : unavailable('the cellar is flooded'))
    await hub.admin.of(namespaceType).delete('shop')
    await hub.until('the namespace to go', async () =>
      (await hub.admin.of(namespaceType).find('shop')) ? undefined : true,
    )
    expect(shelf.services.size).toBe(1)
    shelf.fail = () => undefined
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })

  test('of an instance that a claim holds waits for the claim', async () => {
    await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    const { name, namespace } = claim.status!.instanceRef!
    // The API refuses it to people; a program with the right may have begun it.
    await hub.clientOf(hubUser).of(instanceKind).delete(name, { namespace })
    expect(await hub.cause(instanceKind, name, namespace)).toMatchObject({
      reason: 'InUse',
      message: 'claim shop/jar holds this instance; it goes when the claim goes',
    })
    const told = await hub.until('the claim to tell', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(status?.conditions, 'Stalled') && status
    })
    expect(findCondition(told.conditions, 'Stalled')).toMatchObject({
      reason: 'InstanceDeleting',
      message: `instance ${namespace}/${name} is being deleted: it works until this claim goes, and then goes with its data`,
    })
    expect(findCondition(told.conditions, 'Ready')?.status).toBe('True')
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the instance to go', async () => ((await hub.instanceOf(claim)) ? undefined : true))
    expect(shelf.services.size).toBe(0)
  })

  test('of an instance in use takes nothing from the application: its Secret, its service and a new role are seen to', async () => {
    await hub.claim('jar', { className: 'jars', role: 'writer' })
    const claim = await hub.ready('jar')
    const { name, namespace } = claim.status!.instanceRef!
    await hub.clientOf(hubUser).of(instanceKind).delete(name, { namespace })
    await hub.cause(instanceKind, name, namespace, 'InUse')
    // A hub that begins anew knows nothing but what is written.
    await hub.kill()
    await hub.start()
    await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
    const again = await hub.until('the Secret to be there again', () => hub.secretValues('jar'))
    expect(shelf.accepts(again['password']!)).toBe(true)
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    await hub.until('the older credentials to be revoked', () => (shelf.accepts(again['password']!) ? undefined : true))
    const reader = (await hub.secretValues('jar'))!
    expect(shelf.accepts(reader['password']!)).toBe(true)
    // Somebody changes the service outside: it is set right as before.
    const [id] = [...shelf.services.keys()]
    shelf.services.set(id!, { ...shelf.services.get(id!)!, parameters: { lid: 'blue' } })
    shelf.changed(id!)
    await hub.until('the service to be as asked', () =>
      Object.keys(shelf.services.get(id!)!.parameters as object).length === 0 ? true : undefined,
    )
    expect(findCondition((await hub.admin.of(claimKind).get('jar', 'shop')).status?.conditions, 'Ready')?.status).toBe(
      'True',
    )
  })

  test('of an instance before its claim has credentials: it gets none', async () => {
    shelf.bound = () => ({ phase: 'changing', doing: 'Binding', againMs: 20 })
    await hub.claim('jar', { className: 'jars' })
    const { name, namespace } = await hub.until('its instance', async () => {
      const { items } = await hub.admin.of(instanceKind).list()
      return items[0]?.status?.applied && items[0].metadata
    })
    await hub.clientOf(hubUser).of(instanceKind).delete(name, { namespace })
    expect(await hub.cause(claimKind, 'jar', 'shop', 'InstanceLost')).toMatchObject({ heals: false })
    shelf.bound = undefined
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the service to go', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('of a class that claims live on: it takes no new ones, and goes with the last', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.admin.of(classKind).delete('jars')
    expect(await hub.cause(classKind, 'jars')).toMatchObject({
      reason: 'InUse',
      message: 'claims or instances use it; it takes no new claims and goes with the last',
    })
    await hub.claim('late', { className: 'jars' })
    expect(await hub.cause(claimKind, 'late', 'shop')).toMatchObject({ reason: 'ClassNotOffered' })
    expect((await hub.ready('jar')).status?.binding).toEqual({ name: 'jar' })
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.until('the class to go', async () => ((await hub.admin.of(classKind).find('jars')) ? undefined : true))
  })
})

describe('a backend that shows secrets once and loses the new ones', () => {
  test('of a change of role: what nobody ever had is revoked at once, the next takes its place, and then the older goes', async () => {
    await hub.claim('jar', { className: 'jars', role: 'writer' })
    await hub.ready('jar')
    const { password: older } = (await hub.secretValues('jar'))!
    withhold(2)
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    await hub.until('the older to be revoked', () => (shelf.accepts(older!) ? undefined : true))
    const claim = await hub.ready('jar')
    expect(claim.status?.credential).toMatchObject({ serial: 3, role: 'reader' })
    expect(shelf.accepts((await hub.secretValues('jar'))!['password']!)).toBe(true)
    expect(shelf.calls.indexOf(`unbind ${claim.status!.credential!.id.replace(/3$/, '2')}`)).toBeGreaterThan(-1)
  })

  test('whose Secret is there: a hub that died between Secret and status makes no others', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const before = (await hub.secretValues('jar'))!
    await hub.kill()
    const status = { credential: { issuedAt: null } }
    await hub.admin.of(claimKind).patchStatus('jar', { status }, { namespace: 'shop' })
    withhold(1)
    await hub.start()
    await hub.until('status to say so again', async () => {
      const { credential } = (await hub.admin.of(claimKind).get('jar', 'shop')).status ?? {}
      return credential?.issuedAt === undefined ? undefined : true
    })
    expect((await hub.ready('jar')).status?.credential?.serial).toBe(1)
    expect(await hub.secretValues('jar')).toEqual(before)
    expect(shelf.accepts(before['password']!)).toBe(true)
  })
})

describe('a claim that is given another binding name and deleted before the hub saw that', () => {
  test('takes the Secret of its former name along', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.kill()
    await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'urn' } } }, { namespace: 'shop' })
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    await hub.start()
    await hub.until('the claim to go', async () =>
      (await hub.admin.of(claimKind).find('jar', 'shop')) ? undefined : true,
    )
    for (const name of ['jar', 'urn']) expect(await hub.secretValues(name)).toBeUndefined()
  })
})

/** What the claim has stays in use, and is said to be what it has. */
const renameRefused = () =>
  hub.until('the refusal', async () => {
    const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
    const stalled = status?.conditions?.find(({ type }) => type === 'Stalled')
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    const isSaid = stalled?.reason === 'BindingNameTaken' && ready?.status === 'True'
    return isSaid && status?.binding?.name === 'jar' ? status : undefined
  })

describe('the Secret of a binding', () => {
  test.each([
    ['was deleted', () => hub.admin.of(secretType).delete('jar', { namespace: 'shop' })],
    ['was edited', () => hub.admin.of(secretType).patch('jar', { data: { password: 'bm8=' } }, { namespace: 'shop' })],
    [
      'lost its owner',
      () => hub.admin.of(secretType).patch('jar', { metadata: { ownerReferences: null } }, { namespace: 'shop' }),
    ],
    [
      'lost its labels',
      () => hub.admin.of(secretType).patch('jar', { metadata: { labels: null } }, { namespace: 'shop' }),
    ],
  ])('heals when it %s', async (_, damage) => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const before = await hub.secretValues('jar')
    const bound = shelf.count('bind')
    await damage()
    await hub.until('the Secret to heal', () => (shelf.count('bind') > bound ? true : undefined))
    await hub.until('the old values', async () => {
      const { metadata } = (await hub.admin.of(secretType).find('jar', 'shop')) ?? {}
      const whole = metadata?.ownerReferences?.length === 1 && metadata.labels?.['larder.dev/claim-uid'] !== undefined
      return whole && (await hub.secretValues('jar'))?.['password'] === before?.['password'] ? true : undefined
    })
    expect((await hub.ready('jar')).status?.credential?.serial).toBe(1)
  })

  test('takes the name and the labels that the claim asks for', async () => {
    await hub.claim('jar', { className: 'jars', binding: { name: 'keys', labels: { team: 'red' } } })
    expect((await hub.ready('jar')).status?.binding).toEqual({ name: 'keys' })
    expect((await hub.admin.of(secretType).get('keys', 'shop')).metadata.labels).toMatchObject({ team: 'red' })
  })

  test('moves when the binding is given another name: none of the old stays', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const before = await hub.secretValues('jar')
    await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'pot' } } }, { namespace: 'shop' })
    await hub.until('the old Secret to go', async () => ((await hub.secretValues('jar')) ? undefined : true))
    const claim = await hub.ready('jar')
    expect(claim.status?.binding).toEqual({ name: 'pot' })
    expect(await hub.secretValues('pot')).toEqual(before)
  })

  test('moves as well when somebody took the labels off the old one meanwhile', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.kill()
    await hub.admin.of(secretType).patch('jar', { metadata: { labels: null } }, { namespace: 'shop' })
    await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'pot' } } }, { namespace: 'shop' })
    await hub.start()
    await hub.until('the old Secret to go', async () => ((await hub.secretValues('jar')) ? undefined : true))
    expect((await hub.ready('jar')).status?.binding).toEqual({ name: 'pot' })
  })

  describe('that is to have the name of a foreign one', () => {
    beforeEach(async () => {
      await hub.admin.of(secretType).create({ metadata: { name: 'pot', namespace: 'shop' }, data: { mine: 'eA==' } })
      await hub.claim('jar', { className: 'jars' })
      await hub.ready('jar')
      await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'pot' } } }, { namespace: 'shop' })
      await renameRefused()
    })

    test.each([
      ['deleted', () => hub.admin.of(secretType).delete('jar', { namespace: 'shop' })],
      ['edited', () => hub.admin.of(secretType).patch('jar', { data: { password: 'bm8=' } }, { namespace: 'shop' })],
    ])('stays under its own, and heals there when it is %s', async (_, damage) => {
      const before = await hub.secretValues('jar')
      await damage()
      await hub.until('the old values', async () =>
        (await hub.secretValues('jar'))?.['password'] === before?.['password'] ? true : undefined,
      )
      await renameRefused()
      expect(await hub.secretValues('pot')).toEqual({ mine: 'x' })
    })

    test('follows the role of its claim, and the older credentials are revoked', async () => {
      const { password = '' } = (await hub.secretValues('jar')) ?? {}
      await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
      await hub.until('the older credentials to go', () => (shelf.accepts(password) ? undefined : true))
      const values = await hub.secretValues('jar')
      expect(shelf.accepts(values?.['password'] ?? '')).toBe(true)
      expect((await renameRefused()).credential?.serial).toBe(2)
    })

    test('moves when that one goes', async () => {
      const before = await hub.secretValues('jar')
      await hub.admin.of(secretType).delete('pot', { namespace: 'shop' })
      await hub.until('the old Secret to go', async () => ((await hub.secretValues('jar')) ? undefined : true))
      expect(await hub.secretValues('pot')).toEqual(before)
      await hub.until('nothing but Ready', async () => {
        const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
        return status?.conditions?.map(({ type }) => type).join() === 'Ready' ? true : undefined
      })
    })
  })

  test('stays under its own where a foreign one takes the name while its own is being written', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const foreign = { metadata: { name: 'pot', namespace: 'shop' }, data: { mine: 'eA==' } }
    let taken: Promise<unknown> | undefined
    shelf.bound = () => {
      taken ??= hub.admin.of(secretType).create(foreign)
      return undefined
    }
    await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'pot' } } }, { namespace: 'shop' })
    await renameRefused()
    expect(taken).toBeDefined()
    expect(await hub.secretValues('pot')).toEqual({ mine: 'x' })
  })

  test('is named no more once a foreign one has its place, and again when that goes', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const { password = '' } = (await hub.secretValues('jar')) ?? {}
    await hub.kill()
    await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
    await hub.admin.of(secretType).create({ metadata: { name: 'jar', namespace: 'shop' }, data: { mine: 'eA==' } })
    await hub.start()
    await hub.cause(claimKind, 'jar', 'shop', 'BindingNameTaken')
    expect((await hub.admin.of(claimKind).get('jar', 'shop')).status?.binding).toBeUndefined()
    await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
    expect((await hub.ready('jar')).status?.binding).toEqual({ name: 'jar' })
    expect((await hub.secretValues('jar'))?.['password']).toBe(password)
  })

  test('goes alone: a Secret of somebody else that is to go with the claim stays as long as that', async () => {
    const { metadata } = await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const { name, uid = '' } = metadata
    await hub.admin.of(secretType).create({
      metadata: {
        name: 'derived',
        namespace: 'shop',
        ownerReferences: [{ apiVersion: 'larder.dev/v1alpha1', kind: 'Claim', name, uid }],
      },
      data: { mine: 'eA==' },
    })
    await hub.admin.of(claimKind).patch('jar', { spec: { binding: { name: 'pot' } } }, { namespace: 'shop' })
    await hub.until('the former Secret to go', async () => ((await hub.secretValues('jar')) ? undefined : true))
    await hub.until('a pass after that', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.conditions?.map(({ type }) => type).join() === 'Ready' ? true : undefined
    })
    expect(await hub.secretValues('derived')).toEqual({ mine: 'x' })
  })

  test('is refused at once when its name can be no name of a Secret', async () => {
    const spec = { className: 'jars', binding: { name: '../etc' } }
    await expect(hub.claim('jar', spec)).rejects.toThrow(/spec\.binding\.name in body should match/)
  })

  test('of somebody else is never overwritten, and its going makes room', async () => {
    const foreign = { metadata: { name: 'jar', namespace: 'shop' }, data: { mine: 'eA==' } }
    await hub.admin.of(secretType).create(foreign)
    await hub.claim('jar', { className: 'jars' })
    await hub.cause(claimKind, 'jar', 'shop', 'BindingNameTaken')
    expect(await hub.secretValues('jar')).toEqual({ mine: 'x' })
    await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
    await hub.ready('jar')
  })
})

describe('a change of a live claim', () => {
  test('of its role means new credentials; the old are revoked once the new are there', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const old = (await hub.secretValues('jar'))!['password']!
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    const claim = await hub.until('the second credentials', async () => {
      const now = await hub.ready('jar')
      return now.status?.credential?.serial === 2 && !now.status.credential.predecessor ? now : undefined
    })
    expect(claim.status?.credential).toMatchObject({ id: `c-${claim.metadata.uid}-2`, role: 'reader' })
    const values = await hub.secretValues('jar')
    expect(shelf.accepts(values!['password']!)).toBe(true)
    expect(shelf.accepts(old)).toBe(false)
  })

  test('of its plan changes the service and not the credentials', async () => {
    const { metadata } = await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.admin.of(claimKind).patch('jar', { spec: { plan: 'large' } }, { namespace: 'shop' })
    await hub.until('the change', () => (shelf.services.get(metadata.uid!)?.plan === 'large' ? true : undefined))
    const claim = await hub.ready('jar')
    expect(claim.status?.credential?.serial).toBe(1)
    const instance = await hub.until('the instance to be as asked', async () => {
      const i = await hub.instanceOf(claim)
      return i?.status?.applied?.plan === 'large' ? i : undefined
    })
    expect(instance.status?.steps?.map((s) => s.name)).toEqual(['create', 'update'])
  })

  test('that is refused takes nothing down', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    await hub.admin.of(claimKind).patch('jar', { spec: { plan: 'huge' } }, { namespace: 'shop' })
    const claim = await hub.until('the refusal', async () => {
      const now = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(now.status?.conditions, 'Stalled') ? now : undefined
    })
    expect(findCondition(claim.status?.conditions, 'Ready')).toMatchObject({ status: 'True', reason: 'Ready' })
    expect(findCondition(claim.status?.conditions, 'Stalled')).toMatchObject({
      reason: 'PlanNotFound',
      message: 'spec.plan: class jars has no plan "huge"; allowed: small, large',
    })
    await hub.admin.of(claimKind).patch('jar', { spec: { plan: null } }, { namespace: 'shop' })
    await hub.until('the refusal to go', async () => {
      const now = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(now.status?.conditions, 'Stalled') ? undefined : true
    })
  })

  test('an edit of the class changes no service that exists', async () => {
    const { metadata } = await hub.claim('jar', { className: 'jars' })
    const claim = await hub.ready('jar')
    const before = await hub.instanceOf(claim)
    await hub.admin.of(classKind).patch('jars', { spec: { recipe: { colour: 'green' } } })
    const revision = await hub.until('another revision', async () => {
      const { status } = await hub.admin.of(classKind).get('jars')
      return status?.revision !== before?.spec.revision ? status?.revision : undefined
    })
    await hub.claim('new', { className: 'jars' })
    expect((await hub.instanceOf(await hub.ready('new')))?.spec.revision).toBe(revision)
    expect((await hub.instanceOf(claim))?.spec).toEqual(before?.spec)
    expect(shelf.created.get(metadata.uid!)).toBe(1)
  })
})

async function gone(name: string): Promise<void> {
  await hub.until(`claim ${name} to go`, async () =>
    hub.admin
      .of(claimKind)
      .get(name, 'shop')
      .then(() => undefined)
      .catch((error: unknown) => {
        if (isNotFound(error)) return true
        throw error
      }),
  )
}
