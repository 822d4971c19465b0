/** A workload of one namespace with the Secret of another, by a ResourceClaim: both doors over one hub, which know nothing of each other. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { servicesToolkit } from '../../dialects/services-toolkit/door.ts'
import { resourceClaimPolicyType, resourceClaimType } from '../../dialects/services-toolkit/kinds.ts'
import { SERVICES, stkHub, WRITER, type StkHub } from '../../dialects/services-toolkit/testing/stk-hub.ts'
import { bindingType } from '../../model/projection/service-binding.ts'
import { serviceBinding } from './door.ts'
import { deploymentType, mountsOf } from './testing/binding-hub.ts'

let hub: StkHub
beforeEach(async () => {
  hub = await stkHub({ doors: [servicesToolkit, serviceBinding] })
  await hub.start()
  await hub.offer()
  const template = { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'app' }] } }
  const spec = { selector: { matchLabels: { app: 'app' } }, template }
  await hub.admin.of(deploymentType).create({ metadata: { name: 'app', namespace: 'shop' }, spec })
})
afterEach(() => hub.stop())

const bind = (name: string) =>
  hub.admin.of(bindingType).create({
    metadata: { name, namespace: 'shop' },
    spec: {
      service: { apiVersion: 'services.apps.tanzu.vmware.com/v1alpha1', kind: 'ResourceClaim', name: 'writer' },
      workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
    },
  })
const binding = (status: 'True' | 'False', reason?: string) =>
  hub.until(`the binding to be ${status} ${reason ?? ''}`, async () => {
    const found = await hub.admin.of(bindingType).find('db', 'shop')
    const ready = findCondition(found?.status?.conditions, 'Ready')
    return ready?.status === status && (reason === undefined || ready.reason === reason) ? found : undefined
  })
const app = () => hub.admin.of(deploymentType).get('app', 'shop')

test('row 52: a binding to a ResourceClaim waits for it, is Ready with it, and names its copy', async () => {
  await bind('db')
  await binding('False', 'ServiceNotFound')
  await hub.resourceClaim('writer', WRITER)
  const { status } = await binding('True')
  expect(status?.binding).toEqual({ name: WRITER.name })
  expect(await hub.admin.of(secretType).find(WRITER.name, 'shop')).toBeDefined()
  const bound = await app()
  expect(mountsOf(bound)).toEqual([['/bindings/db']])
  expect(JSON.stringify(bound.spec)).toContain(`"secret":{"name":"${WRITER.name}"}`)
})

test('row 58: a policy that goes takes the readiness of the binding along and leaves the workload; when it is back all is well', async () => {
  await hub.resourceClaim('writer', WRITER)
  await bind('db')
  await binding('True')
  const { resourceVersion } = (await app()).metadata
  const policies = hub.admin.of(resourceClaimPolicyType)
  for (const { metadata } of (await policies.list({ namespace: SERVICES })).items)
    await policies.delete(metadata.name, { namespace: SERVICES })
  await binding('False')
  await hub.gone(secretType, WRITER.name, 'shop')
  const fallen = await binding('False')
  expect(findCondition(fallen.status?.conditions, 'ServiceAvailable')?.status).toBe('False')
  expect(findCondition(fallen.status?.conditions, 'WorkloadProjected')?.status).toBe('True')
  await hub.policy({})
  await binding('True')
  expect((await app()).metadata.resourceVersion).toBe(resourceVersion)
})

test('row 58: a ResourceClaim that is deleted is told, and one of its name takes its place', async () => {
  await hub.resourceClaim('writer', WRITER)
  await bind('db')
  await binding('True')
  await hub.remove('writer')
  await binding('False', 'ServiceNotFound')
  expect(await hub.admin.of(resourceClaimType).find('writer', 'shop')).toBeUndefined()
  await hub.resourceClaim('writer', WRITER)
  await binding('True')
})
