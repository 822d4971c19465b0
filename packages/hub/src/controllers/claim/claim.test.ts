import { secretType } from '@larder/engine/client/builtin'
import { isNotFound } from '@larder/engine/machinery/status'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { testHub, type TestHub } from '../testing/hub.ts'
import { Shelf, shelfDriver } from '../testing/shelf-driver.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  shelf = new Shelf()
  hub = await testHub({ drivers: [shelfDriver(shelf)] })
  await hub.start()
  await hub.backend('shelf')
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
})
