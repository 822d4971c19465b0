/** What tests of ClassClaims have in common: a pool as in the document, and a class whose services are made on a shelf. */
import type { JsonObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Store } from '@larder/engine/storage/store'
import { Shelf, shelfDriver } from '../../../controllers/testing/shelf-driver.ts'
import { poolDriver } from '../../../drivers/pool/driver.ts'
import { classKind, type Class } from '../../../model/class.ts'
import { classClaimType, type ClassClaim } from '../kinds.ts'
import { CLASS_LABEL, stkHub, type StkHub } from './stk-hub.ts'

export const POOL_CLASS = 'aws-elasticache'
export const PROVISIONER_CLASS = 'bigcorp-rabbitmq'

export interface ClassClaimHub extends StkHub {
  readonly shelf: Shelf
  /** Class `aws-elasticache`: Secrets with its label, which claims may read. */
  pool(): Promise<void>
  /** Class `bigcorp-rabbitmq`, of Class `xrabbits.example.com`, which takes `replicas`. */
  provisioner(spec?: Partial<Class['spec']>): Promise<void>
  classClaim(name: string, className: string, parameters?: JsonObject, namespace?: string): Promise<ClassClaim>
  /** Once what was last written is Ready. */
  bound(name: string, namespace?: string): Promise<ClassClaim>
  /** Once it is not Ready for that reason. */
  unready(name: string, reason: string, namespace?: string): Promise<ClassClaim>
}

export const CROSSPLANE = 'xrabbits.example.com'

const PARAMETERS = {
  openAPIV3Schema: { type: 'object', properties: { replicas: { type: 'integer', minimum: 1, default: 1 } } },
}

export async function classClaimHub(options: { readonly store?: Store } = {}): Promise<ClassClaimHub> {
  const shelf = new Shelf()
  const hub = await stkHub({ drivers: [poolDriver(), shelfDriver(shelf)], ...options })
  await hub.start()
  const { admin } = hub
  const claims = admin.of(classClaimType)
  const until = (name: string, namespace: string, status: string, reason?: string) => {
    let last: ClassClaim | undefined
    return hub
      .until(`ClassClaim ${name} to be ${reason ?? 'Ready'}`, async () => {
        last = await claims.find(name, namespace)
        const ready = findCondition(last?.status?.conditions, 'Ready')
        const isCurrent = last?.status?.observedGeneration === last?.metadata.generation
        return isCurrent && ready?.status === status && (reason ?? ready.reason) === ready.reason ? last : undefined
      })
      .catch((cause: unknown) => {
        throw new Error(`${(cause as Error).message}; it says ${JSON.stringify(last?.status)}`, { cause })
      })
  }
  return Object.assign(hub, {
    shelf,
    async pool() {
      await hub.grant()
      const labelSelector = { matchLabels: { [CLASS_LABEL]: POOL_CLASS } }
      await hub.instanceClass(POOL_CLASS, { pool: { kind: 'Secret', labelSelector } })
    },
    async provisioner(spec = {}) {
      await hub.backend('shelf')
      const service = { type: 'rabbitmq', backendRef: { name: 'shelf' }, parameters: PARAMETERS, ...spec }
      await admin.of(classKind).create({ metadata: { name: CROSSPLANE }, spec: service })
      await hub.instanceClass(PROVISIONER_CLASS, {
        provisioner: { crossplane: { compositeResourceDefinition: CROSSPLANE } },
      })
    },
    classClaim: (name: string, className: string, parameters?: JsonObject, namespace = 'shop') =>
      claims.create({
        metadata: { name, namespace },
        spec: { classRef: { name: className }, ...(parameters && { parameters }) },
      }),
    bound: (name: string, namespace = 'shop') => until(name, namespace, 'True'),
    unready: (name: string, reason: string, namespace = 'shop') => until(name, namespace, 'False', reason),
  })
}
