/**
 * A hub that is killed at any write of a Secret that follows others: the next leaves one, with what it is to have. What is generated is
 * in password.test.ts.
 */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { momentsOf, surviving } from '../../controllers/testing/surviving.ts'
import { secretgen } from './door.ts'
import { secretExportKind, secretImportKind, secretTemplateKind } from './kinds.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ drivers: [], doors: [secretgen] })
  await hub.start()
})
afterEach(() => hub.stop())

const at = { name: 'made', namespace: 'shop' }
const secret = () => hub.admin.of(secretType).find(at.name, at.namespace)
interface Told {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] }
}
const succeeded = (type: ResourceType<Told>) => () =>
  hub.until(`the ${type.kind} to succeed`, async () => {
    const { status } = await hub.admin.of(type).get(at.name, at.namespace)
    return status?.conditions?.[0]?.type === 'ReconcileSucceeded' && (await secret()) ? true : undefined
  })
/** All versions of the Secret that there ever were, by their uids. */
const uidsOf = () =>
  new Set(
    hub
      .everything()
      .flatMap(({ kind, metadata }) => (kind === 'Secret' && metadata.name === at.name ? [metadata.uid] : [])),
  )

test.each(momentsOf(2))('a SecretTemplate and its edit, killed at write %i, %s it', async (write, when) => {
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  await hub.admin.of(secretTemplateKind).create({ metadata: at, spec: { template: { stringData: { a: 'one' } } } })
  await surviving(hub, succeeded(secretTemplateKind))
  expect(await hub.secretValues(at.name)).toEqual({ a: 'one' })
  hub.cut.dieAt(hub.cut.writes.length + write, when)
  const spec = { template: { stringData: { a: 'two' } } }
  await hub.admin.of(secretTemplateKind).patch(at.name, { spec }, { namespace: at.namespace })
  await surviving(hub, () =>
    hub.until('the edit', async () => ((await hub.secretValues(at.name))?.['a'] === 'two' ? true : undefined)),
  )
  expect(uidsOf().size).toBe(1)
})

test.each(momentsOf(2))(
  'an import, its rotation and its withdrawal, killed at write %i, %s it',
  async (write, when) => {
    const source = { name: at.name, namespace: 'owner' }
    await hub.admin.of(namespaceType).create({ metadata: { name: 'owner' } })
    await hub.admin.of(secretType).create({ metadata: source, stringData: { a: 'one' } })
    await hub.admin.of(secretExportKind).create({ metadata: source, spec: { toNamespace: 'shop' } })
    const copyIs = (a: string | undefined) => () =>
      hub.until(`the copy to be ${a}`, async () => ((await hub.secretValues(at.name))?.['a'] === a ? true : undefined))
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.admin.of(secretImportKind).create({ metadata: at, spec: { fromNamespace: 'owner' } })
    await surviving(hub, copyIs('one'))
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.admin.of(secretType).patch(at.name, { stringData: { a: 'two' } }, { namespace: 'owner' })
    await surviving(hub, copyIs('two'))
    hub.cut.dieAt(hub.cut.writes.length + write, when)
    await hub.admin.of(secretExportKind).delete(at.name, { namespace: 'owner' })
    await surviving(hub, copyIs(undefined))
    expect(await hub.secretValues(at.name, 'owner')).toEqual({ a: 'two' })
  },
)
