/** What tests of this dialect have in common: a hub that serves it, with a namespace `service-instances` for Secrets, and its kinds by name. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Client, New } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { JsonObject } from '@larder/engine/base/json'
import type { DynamicObject, KubeObject } from '@larder/engine/machinery/object'
import { findCondition } from '@larder/engine/runtime/conditions'
import { testHub, type TestHub, type TestHubOptions } from '../../../controllers/testing/hub.ts'
import { poolDriver } from '../../../drivers/pool/driver.ts'
import { instanceKind, type Instance } from '../../../model/instance.ts'
import { servicesToolkit } from '../door.ts'
import {
  instanceClassType,
  resourceClaimPolicyType,
  resourceClaimType,
  type ClusterInstanceClass,
  type ResourceClaim,
  type ResourceClaimPolicy,
  type StkCondition,
} from '../kinds.ts'

export const SERVICES = 'service-instances'
export const CLASS_LABEL = 'services.apps.tanzu.vmware.com/class'
/** That of the document. */
const READER_LABEL = 'servicebinding.io/controller'

export const refTo = (name: string, namespace = SERVICES) => ({ apiVersion: 'v1', kind: 'Secret', namespace, name })
export const WRITER = refTo('redis-writer-creds-bindable')
export const READER = refTo('redis-reader-creds-bindable')

interface Conditioned {
  readonly status?: { readonly conditions?: readonly StkCondition[] }
}

export const conditionsOf = ({ status }: Conditioned) =>
  status?.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`)
export const messageOf = ({ status }: Conditioned) => findCondition(status?.conditions, 'Ready')?.message

/** Every reason of Ready that a claim had, each once. */
export const readinessTold = (hub: TestHub, name: string): readonly string[] => [
  ...new Set(
    hub
      .everything()
      .filter((o) => o.kind === 'ResourceClaim' && o.metadata.name === name)
      .map((o) => findCondition((o as Conditioned & KubeObject).status?.conditions, 'Ready')?.reason ?? ''),
  ),
]

export interface StkHub extends TestHub {
  /** A ClusterRole with a label, for claims by resource; unless told the one of the document. */
  grant(label?: string, rules?: readonly JsonObject[], name?: string): Promise<void>
  revoke(name?: string): Promise<void>
  namespace(name: string, labels?: Record<string, string>): Promise<void>
  /** A Secret as the document has it. */
  secret(name: string, namespace?: string, labels?: Record<string, string>): Promise<void>
  instanceClass(name: string, spec: ClusterInstanceClass['spec']): Promise<ClusterInstanceClass>
  policy(spec: Partial<ResourceClaimPolicy['spec']>, namespace?: string): Promise<ResourceClaimPolicy>
  resourceClaim(name: string, ref: ResourceClaim['spec']['ref'], namespace?: string): Promise<ResourceClaim>
  /** Once what was last written is Ready. */
  claimed(name: string, namespace?: string): Promise<ResourceClaim>
  /** Once it is not Ready for that reason. */
  refused(name: string, reason: string, namespace?: string): Promise<ResourceClaim>
  /** Secrets, role and policy as in the document. */
  offer(): Promise<void>
  /** Deletes a ResourceClaim, and waits until it is gone. */
  remove(name: string, namespace?: string): Promise<void>
  gone(type: ResourceType, name: string, namespace?: string): Promise<true>
  records(): Promise<readonly Instance[]>
  /** Any object, of a kind that no program knows. */
  apply(object: DynamicObject, resource: string): Promise<void>
}

export async function stkHub(options: Partial<TestHubOptions> = {}): Promise<StkHub> {
  const hub = await testHub({ drivers: [poolDriver()], doors: [servicesToolkit], ...options })
  const { admin } = hub
  if (!(await admin.of(namespaceType).find(SERVICES)))
    await admin.of(namespaceType).create({ metadata: { name: SERVICES } })
  return Object.assign(hub, helpers(hub))
}

type Helpers = Omit<StkHub, keyof TestHub>

function helpers(hub: TestHub): Helpers {
  const { admin } = hub
  const claims = admin.of(resourceClaimType)
  let policies = 0
  const readiness = async (name: string, namespace: string) => {
    const claim = await claims.find(name, namespace)
    const ready = findCondition(claim?.status?.conditions, 'Ready')
    return {
      claim,
      ready: claim?.status?.observedGeneration === claim?.metadata.generation ? ready : undefined,
      any: ready,
    }
  }
  const told = async (name: string, namespace: string) =>
    JSON.stringify((await readiness(name, namespace)).claim?.status)
  const made: Helpers = {
    async offer() {
      await made.grant()
      await made.secret(WRITER.name)
      await made.secret(READER.name)
      await made.policy({})
    },
    async remove(name, namespace = 'shop') {
      await claims.delete(name, { namespace })
      await made.gone(resourceClaimType, name, namespace)
    },
    async grant(label = READER_LABEL, rules = [READS_SECRETS], name = 'stk-secret-reader') {
      await createIn(admin, clusterRoles, { metadata: { name, labels: { [label]: 'true' } }, rules })
    },
    async revoke(name = 'stk-secret-reader') {
      await admin.of(clusterRoles).delete(name)
    },
    async namespace(name, labels = {}) {
      await admin.of(namespaceType).create({ metadata: { name, labels } })
    },
    async secret(name, namespace = SERVICES, labels = { [CLASS_LABEL]: 'aws-elasticache' }) {
      await admin.of(secretType).create({
        metadata: { name, namespace, labels },
        type: 'servicebinding.io/redis',
        stringData: { type: 'redis', host: 'h', port: '6379', ssl: 'true', username: 'writer', password: `of-${name}` },
      })
    },
    instanceClass: (name, spec) => admin.of(instanceClassType).create({ metadata: { name }, spec }),
    policy: (spec, namespace = SERVICES) =>
      admin.of(resourceClaimPolicyType).create({
        metadata: { name: `policy-${++policies}`, namespace },
        spec: { consumingNamespaces: ['shop'], subject: { kind: 'Secret', group: '' }, ...spec },
      }),
    resourceClaim: (name, ref, namespace = 'shop') => claims.create({ metadata: { name, namespace }, spec: { ref } }),
    claimed: (name, namespace = 'shop') =>
      explained(
        hub.until(`ResourceClaim ${name} to be Ready`, async () => {
          const { claim, ready } = await readiness(name, namespace)
          return ready?.status === 'True' ? claim : undefined
        }),
        () => told(name, namespace),
      ),
    refused: (name, reason, namespace = 'shop') =>
      explained(
        hub.until(`ResourceClaim ${name} to say ${reason}`, async () => {
          const { claim, ready } = await readiness(name, namespace)
          return ready?.status === 'False' && ready.reason === reason ? claim : undefined
        }),
        () => told(name, namespace),
      ),
    gone: (type, name, namespace) =>
      hub.until(`${type.kind} ${name} to go`, async () =>
        (await admin.of(type).find(name, namespace)) ? undefined : (true as const),
      ),
    records: async () => (await admin.of(instanceKind).list({ namespace: 'larder-instances' })).items,
    async apply(object, resource) {
      const [group = '', version = ''] = object.apiVersion.includes('/')
        ? object.apiVersion.split('/')
        : ['', object.apiVersion]
      await createIn(
        admin,
        { group, version, resource, kind: object.kind, namespaced: object.metadata.namespace !== undefined },
        object,
      )
    },
  }
  return made
}

/** With what the object says at the end of all patience. */
async function explained<T>(waiting: Promise<T>, tell: () => Promise<string>): Promise<T> {
  try {
    return await waiting
  } catch (error) {
    throw new Error(`${(error as Error).message}; it says ${await tell()}`, { cause: error })
  }
}

const READS_SECRETS = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }

const clusterRoles: ResourceType = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
}

async function createIn(client: Client, type: ResourceType, object: object): Promise<void> {
  await client.of(type).create(object as New<KubeObject>)
}
