/** What tests of pools have in common: a class of Secrets with a label, a policy for the namespace `shop`, members. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { poolDriver } from '../../drivers/pool/driver.ts'
import { backendKind } from '../../model/backend.ts'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { classKind } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { installSamples } from '../../samples/install.ts'
import { testHub, type TestHub } from './hub.ts'

export const CACHES = {
  type: 'redis',
  description: 'Caches by hand',
  backendRef: { name: 'pool' },
  recipe: { apiVersion: 'v1', kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } },
  reclaimPolicy: 'Release',
} as const

const MAY_HOLD_CACHES = {
  consumers: { namespaces: ['shop'] },
  subjects: [{ kind: 'Secret', selector: { matchLabels: { offer: 'caches' } } }],
}

/** A hub that runs, with class `caches` and namespace `services`. */
export async function poolHub(): Promise<TestHub> {
  const hub = await testHub({ drivers: [poolDriver()] })
  await installSamples(hub.admin)
  await hub.admin.of(namespaceType).create({ metadata: { name: 'services' } })
  await hub.start()
  await hub.seen(backendKind, 'pool')
  await hub.admin.of(classKind).create({ metadata: { name: 'caches' }, spec: CACHES })
  return hub
}

export async function member(hub: TestHub, name: string, namespace = 'services', password = `secret-of-${name}`) {
  await hub.admin.of(secretType).create({
    metadata: { name, namespace, labels: { offer: 'caches' } },
    type: 'example.com/cache',
    stringData: { url: `redis://${name}`, password },
  })
}

export const permit = (hub: TestHub, spec: object = MAY_HOLD_CACHES): Promise<ClaimPolicy> =>
  hub.admin.of(claimPolicyKind).create({ metadata: { name: 'shop-may', namespace: 'services' }, spec: spec as never })

export const records = async (hub: TestHub): Promise<readonly Instance[]> =>
  (await hub.admin.of(instanceKind).list({ namespace: 'larder-instances' })).items
