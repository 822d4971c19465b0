/** Rows of docs/reference/services-toolkit-compatibility.md: one claim holds a resource, until it asks for another or goes. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../../model/claim.ts'
import { classClaimType, mirrorName, resourceClaimType, STK_API_VERSION, type ResourceClaim } from '../kinds.ts'
import { definitionType, grantRedis, redis, servedKind } from '../testing/redis-kind.ts'
import {
  conditionsOf,
  messageOf,
  READER,
  readinessTold,
  SERVICES,
  stkHub,
  WRITER,
  type StkHub,
} from '../testing/stk-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
})
afterEach(() => hub.stop())

const claims = () => hub.admin.of(resourceClaimType)
const noSecret = (name: string) => hub.gone(secretType, name, 'shop')
const told = (name: string) => readinessTold(hub, name)

async function reasons() {
  const { items } = await claims().list({ namespace: 'shop' })
  return items.map(({ status }) => findCondition(status?.conditions, 'Ready')?.reason)
}

describe('exclusivity', () => {
  beforeEach(() => hub.offer())

  test('row 33: a second claim is refused, in the same and in a third namespace', async () => {
    await hub.resourceClaim('first', WRITER)
    await hub.claimed('first')
    await hub.namespace('third')
    await hub.policy({ consumingNamespaces: ['third'] })
    await hub.resourceClaim('second', WRITER)
    await hub.resourceClaim('third', WRITER, 'third')
    const second = await hub.refused('second', 'ResourceAlreadyClaimed')
    expect(conditionsOf(second)).toEqual([
      'Ready=False ResourceAlreadyClaimed',
      'ResourceMatched=True ResourceMatched',
      'ResourceClaimed=False ResourceAlreadyClaimed',
    ])
    await hub.refused('third', 'ResourceAlreadyClaimed', 'third')
    expect(JSON.stringify(second.status)).not.toContain('first')
  })

  test('row 35: a claim through another version of the kind is refused', async () => {
    await grantRedis(hub)
    await servedKind(hub, ['v1', 'v2'])
    await hub.secret('creds', 'shop')
    await redis(hub, 'one', 'shop', 'creds')
    const ref = { apiVersion: 'example.com/v1', kind: 'Redis', name: 'one' }
    await hub.resourceClaim('first', ref)
    await hub.claimed('first')
    await hub.resourceClaim('second', { ...ref, apiVersion: 'example.com/v2' })
    await hub.refused('second', 'ResourceAlreadyClaimed')
  })

  test('row 36: of twenty in parallel one is Ready', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `claim-${i}`)
    await Promise.all(names.map((name) => hub.resourceClaim(name, WRITER)))
    await hub.until('one to be Ready and the others to say why', async () => {
      const all = await reasons()
      return all.filter((reason) => reason === 'Ready').length === 1 &&
        all.filter((reason) => reason === 'ResourceAlreadyClaimed').length === 19
        ? true
        : undefined
    })
    expect(await hub.records()).toHaveLength(1)
  })

  test('counts between kinds of claims: what a Claim holds, a ResourceClaim does not get', async () => {
    await hub.admin.of(claimKind).create({
      metadata: { name: 'native', namespace: 'shop' },
      spec: { resourceRef: WRITER },
    })
    await hub.ready('native')
    await hub.resourceClaim('claim', WRITER)
    await hub.refused('claim', 'ResourceAlreadyClaimed')
    await hub.admin.of(claimKind).delete('native', { namespace: 'shop' })
    await hub.claimed('claim')
  })
})

describe('the Claim that stands for it', () => {
  test('has a name that somebody else has taken: it says so, and goes on when that is gone', async () => {
    await hub.offer()
    await hub.kill()
    const { metadata } = await hub.resourceClaim('claim', WRITER)
    const name = `rc-${metadata.uid}`
    await hub.claim(name, { resourceRef: READER, binding: { name: 'other' } })
    await hub.start()
    const refused = await hub.refused('claim', 'UnableToSetExclusiveClaim')
    expect(messageOf(refused)).toContain(`Claim shop/${name} has the name of the hold of this claim`)
    await hub.admin.of(claimKind).delete(name, { namespace: 'shop' })
    await hub.claimed('claim')
  })

  test('is let go of when the claim turns out to be the mirror of a ClassClaim, which alone then writes it', async () => {
    await hub.offer()
    const { metadata: of } = await hub.admin
      .of(classClaimType)
      .create({ metadata: { name: 'cache', namespace: 'shop' }, spec: { classRef: { name: 'absent' } } })
    const owner = {
      apiVersion: STK_API_VERSION,
      kind: 'ClassClaim',
      name: of.name,
      uid: of.uid ?? '',
      controller: true,
    }
    const name = mirrorName(owner)
    await hub.resourceClaim(name, WRITER)
    const { metadata } = await hub.claimed(name)
    await claims().patch(
      name,
      { metadata: { ownerReferences: [owner], finalizers: metadata.finalizers } },
      { namespace: 'shop' },
    )
    await hub.gone(claimKind, `rc-${metadata.uid}`, 'shop')
    await hub.until('the hold to end', async () => ((await hub.records()).length === 0 ? true : undefined))
    expect((await claims().get(name, 'shop')).status?.binding).toBeUndefined()
  })
})

describe('an edit of the reference', () => {
  beforeEach(() => hub.offer())

  test('row 43: the old one is free before the new one is held, and the binding is the new one', async () => {
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await hub.resourceClaim('waiting', WRITER)
    await hub.refused('waiting', 'ResourceAlreadyClaimed')
    await claims().patch('claim', { spec: { ref: { name: READER.name } } }, { namespace: 'shop' })
    const edited = await hub.claimed('claim')
    expect(edited.status).toMatchObject({ binding: { name: READER.name }, claimedResourceRef: READER })
    expect(told('claim')).toContain('UpdatedResourceReference')
    await hub.claimed('waiting')
    const held = (await hub.records()).map(({ spec }) => spec.resourceRef?.name)
    expect(new Set(held)).toEqual(new Set([READER.name, WRITER.name]))
    expect(await hub.secretValues(READER.name)).toMatchObject({ password: `of-${READER.name}` })
  })

  test('at no moment does it hold both', async () => {
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await claims().patch('claim', { spec: { ref: { name: READER.name } } }, { namespace: 'shop' })
    await hub.claimed('claim')
    const held = new Set<string>()
    for (const { kind, metadata, spec } of hub.everything() as (ResourceClaim & { spec: { resourceRef?: object } })[]) {
      if (kind !== 'Instance' || !spec.resourceRef) continue
      if (metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0)
        held.delete(metadata.name)
      else held.add(metadata.name)
      expect(held.size).toBeLessThan(2)
    }
  })

  test('that says the same in other words changes nothing', async () => {
    await hub.secret('creds', 'shop')
    await hub.resourceClaim('own', { apiVersion: 'v1', kind: 'Secret', name: 'creds' })
    await hub.claimed('own')
    const records = await hub.records()
    await claims().patch('own', { spec: { ref: { namespace: 'shop' } } }, { namespace: 'shop' })
    await hub.claimed('own')
    expect(await hub.records()).toEqual(records)
    expect(told('own')).not.toContain('UpdatedResourceReference')
  })
})

describe('a deletion', () => {
  test('row 47: does not hang when the namespace of what it holds is gone, its policy and the right to read', async () => {
    await hub.offer()
    await hub.resourceClaim('claim', WRITER)
    await hub.claimed('claim')
    await hub.revoke()
    await hub.admin.of(namespaceType).delete(SERVICES)
    await hub.gone(namespaceType, SERVICES)
    await hub.remove('claim')
    await noSecret(WRITER.name)
    expect(await hub.records()).toEqual([])
    expect(told('claim')).toContain('ClaimMarkedForDeletion')
  })

  test('does not hang when the kind of what it holds is gone', async () => {
    await hub.grant()
    await grantRedis(hub)
    const definition = await servedKind(hub)
    await hub.secret('creds', 'shop')
    await redis(hub, 'one', 'shop', 'creds')
    await hub.resourceClaim('claim', { apiVersion: 'example.com/v1', kind: 'Redis', name: 'one' })
    await hub.claimed('claim')
    await hub.admin.of(definitionType).delete(definition)
    await hub.gone(definitionType, definition)
    await hub.remove('claim')
    expect(await hub.records()).toEqual([])
  })

  test('of its namespace takes it along, and what it held is free', async () => {
    await hub.offer()
    await hub.namespace('going')
    await hub.policy({ consumingNamespaces: ['going'] })
    await hub.resourceClaim('claim', WRITER, 'going')
    await hub.claimed('claim', 'going')
    await hub.admin.of(namespaceType).delete('going')
    await hub.gone(namespaceType, 'going')
    await hub.resourceClaim('next', WRITER)
    await hub.claimed('next')
  })
})
