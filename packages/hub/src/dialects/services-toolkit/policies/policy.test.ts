/** Rows of docs/reference/services-toolkit-compatibility.md that are about a ResourceClaimPolicy. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimPolicyKind } from '../../../model/claim-policy.ts'
import { resourceClaimPolicyType, type ResourceClaimPolicy } from '../kinds.ts'
import { CLASS_LABEL, READER, SERVICES, stkHub, WRITER, type StkHub } from '../testing/stk-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub()
  await hub.start()
  await hub.grant()
  await hub.secret(WRITER.name)
  await hub.secret(READER.name)
})
afterEach(() => hub.stop())

const NOT_PERMITTED = 'NoMatchingResourceClaimPolicy'
const policies = () => hub.admin.of(resourceClaimPolicyType)
const ready = ({ metadata }: ResourceClaimPolicy) =>
  hub.until('the policy to be Ready', async () => {
    const { status, metadata: now } = await policies().get(metadata.name, metadata.namespace)
    const isReady = findCondition(status?.conditions, 'Ready')?.status === 'True'
    return isReady && status?.observedGeneration === now.generation ? status : undefined
  })

test('row 11: that of the document lets its namespace claim, and nobody else', async () => {
  const subject = { kind: 'Secret', group: '', selector: { matchLabels: { [CLASS_LABEL]: 'aws-elasticache' } } }
  await ready(await hub.policy({ subject, consumingNamespaces: ['shop'] }))
  await hub.namespace('other')
  await hub.resourceClaim('claim', WRITER)
  await hub.claimed('claim')
  await hub.resourceClaim('claim', READER, 'other')
  await hub.refused('claim', NOT_PERMITTED, 'other')
})

test('row 14: `*` is every namespace, also one that comes later', async () => {
  await hub.policy({ consumingNamespaces: ['other', '*'] })
  await hub.namespace('later')
  await hub.resourceClaim('claim', WRITER, 'later')
  await hub.claimed('claim', 'later')
})

test('row 15: its selector is respected, also when labels change', async () => {
  await hub.policy({ subject: { kind: 'Secret', selector: { matchLabels: { [CLASS_LABEL]: 'aws-elasticache' } } } })
  await hub.resourceClaim('claim', WRITER)
  await hub.claimed('claim')
  const label = (value: string) =>
    hub.admin
      .of(secretType)
      .patch(WRITER.name, { metadata: { labels: { [CLASS_LABEL]: value } } }, { namespace: SERVICES })
  await label('another')
  await hub.refused('claim', NOT_PERMITTED)
  await hub.gone(secretType, WRITER.name, 'shop')
  await label('aws-elasticache')
  await hub.claimed('claim')
})

test('row 16: one in another namespace is worth nothing', async () => {
  await ready(await hub.policy({}, 'shop'))
  await hub.resourceClaim('claim', WRITER)
  await hub.refused('claim', NOT_PERMITTED)
})

test('row 17: with resourceNames it permits those', async () => {
  await hub.policy({ subject: { kind: 'Secret', resourceNames: [READER.name] } })
  await hub.resourceClaim('reader', READER)
  await hub.claimed('reader')
  await hub.resourceClaim('writer', WRITER)
  await hub.refused('writer', NOT_PERMITTED)
})

test.each([
  ['another group', { group: 'rabbitmq.com', kind: 'Secret' }],
  ['another kind', { kind: 'ConfigMap' }],
])('row 18: one for %s permits nothing of this', async (_, subject) => {
  await ready(await hub.policy({ subject }))
  await hub.resourceClaim('claim', WRITER)
  await hub.refused('claim', NOT_PERMITTED)
})

test('in the form of later documents it means the same', async () => {
  await policies().create({
    metadata: { name: 'flat', namespace: SERVICES },
    spec: { kind: 'Secret', group: '', resourceNames: [READER.name], consumingNamespaces: ['shop'] },
  })
  await hub.resourceClaim('reader', READER)
  await hub.claimed('reader')
  await hub.resourceClaim('writer', WRITER)
  await hub.refused('writer', NOT_PERMITTED)
})

test('is one ClaimPolicy beside it: followed, corrected when somebody edits it, gone with it', async () => {
  const policy = await hub.policy({})
  await ready(policy)
  const only = async () => {
    const { items } = await hub.admin.of(claimPolicyKind).list({ namespace: SERVICES })
    expect(items).toHaveLength(1)
    return items[0]!
  }
  const { metadata } = await only()
  await hub.admin
    .of(claimPolicyKind)
    .patch(metadata.name, { spec: { consumers: { namespaces: ['mine'] } } }, { namespace: SERVICES })
  await hub.until('the edit to be taken back', async () =>
    (await only()).spec.consumers?.namespaces?.join() === 'shop' ? true : undefined,
  )
  await policies().patch(policy.metadata.name, { spec: { consumingNamespaces: ['*'] } }, { namespace: SERVICES })
  await hub.until('everybody to be let in', async () =>
    JSON.stringify((await only()).spec.consumers) === '{"selector":{}}' ? true : undefined,
  )
  await ready(policy)
  await policies().delete(policy.metadata.name, { namespace: SERVICES })
  await hub.gone(claimPolicyKind, metadata.name, SERVICES)
})

test('in sync, nothing is written', async () => {
  const policy = await hub.policy({})
  await ready(policy)
  await hub.kill()
  await hub.start()
  const labels = { metadata: { labels: { touched: 'yes' } } }
  await policies().patch(policy.metadata.name, labels, { namespace: SERVICES })
  const marker = await hub.policy({})
  await ready(marker)
  const { uid = '', name } = marker.metadata
  expect(hub.cut.writes.filter((write) => !write.includes(uid) && !write.endsWith(name))).toEqual([])
})

test.each([
  ['subject', (selector: Selector) => ({ subject: { kind: 'Secret', group: '', selector } }), 'spec.subject.selector'],
  ['the later form', (selector: Selector) => ({ kind: 'Secret', selector }), 'spec.selector'],
])('one whose selector lacks values permits nothing, and says so, with %s', async (_, subjectOf, at) => {
  await hub.resourceClaim('claim', WRITER)
  await policies().create({
    metadata: { name: 'wrong', namespace: SERVICES },
    spec: {
      ...subjectOf({ matchExpressions: [{ key: 'private', operator: 'NotIn' }] }),
      consumingNamespaces: ['shop'],
    },
  })
  const told = await hub.until('the policy to say so', async () => {
    const { status } = await policies().get('wrong', SERVICES)
    const said = findCondition(status?.conditions, 'Ready')
    return said?.status === 'False' ? said : undefined
  })
  expect([told.reason, told.message]).toEqual([
    'SelectorInvalid',
    `${at}.matchExpressions[0].values: operator NotIn needs values; until then nothing is selected`,
  ])
  await hub.refused('claim', NOT_PERMITTED)
})

type Selector = NonNullable<NonNullable<ResourceClaimPolicy['spec']['subject']>['selector']>
