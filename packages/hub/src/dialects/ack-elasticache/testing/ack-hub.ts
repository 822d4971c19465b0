/** What tests of this dialect have in common: an AWS for tests, a hub that finds it as in its own environment, and the objects of the reference package by name. */
import {
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
  type ElastiCacheClientConfig,
} from '@aws-sdk/client-elasticache'
import type { JsonObject } from '@larder/engine/base/json'
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { ResourceType } from '@larder/engine/client/types'
import { isDeepStrictEqual } from 'node:util'
import { startAws, type Aws, type Times } from '../../../../../../test/aws/endpoint.ts'
import { awsDrivers } from '../../../../../driver-aws/src/index.ts'
import { testHub, type TestHub, type TestHubOptions } from '../../../controllers/testing/hub.ts'
import { instanceKind, type Instance } from '../../../model/instance.ts'
import { ackElasticache } from '../door.ts'
import type { AckCondition } from '../kinds/fields.ts'
import { ACK_KINDS, type AckObject } from '../kinds/kinds.ts'
import { fieldOf, propertiesOf } from '../properties.ts'

export const NAMESPACE = 'service-instances'
const PASSWORD = 'correct-horse-battery-staple'

export const typeNamed = (kind: string): ResourceType<AckObject> =>
  ACK_KINDS.find(({ type }) => type.kind === kind)!.type as ResourceType<AckObject>

/** Of each file one: every process of moto takes seconds to begin. The hub under test finds it by the SDK's chain. */
export async function awsForTests(times: Times = {}): Promise<Aws> {
  const aws = await startAws({ creatingMs: 150, modifyingMs: 50, deletingMs: 50, snapshottingMs: 50, ...times })
  Object.assign(process.env, aws.env)
  return aws
}

export interface AckHub extends TestHub {
  make(
    kind: string,
    name: string,
    spec: JsonObject,
    more?: { annotations?: Record<string, string>; namespace?: string },
  ): Promise<AckObject>
  /** The message of the refusal. */
  refusal(kind: string, spec: JsonObject): Promise<string>
  get(kind: string, name: string): Promise<AckObject>
  edit(kind: string, name: string, spec: JsonObject): Promise<void>
  annotate(kind: string, name: string, annotations: Record<string, string>): Promise<void>
  /** Once it is in sync, and its Instance is made as its spec says now: after an edit the old True stands there for a moment. */
  synced(kind: string, name: string): Promise<AckObject>
  /** The message of a condition that holds, once it has one that this matches. */
  says(kind: string, name: string, type: string, message?: RegExp): Promise<string>
  remove(kind: string, name: string): Promise<void>
  gone(kind: string, name: string): Promise<void>
  secret(name: string, password?: string, type?: string, namespace?: string): Promise<void>
  instances(): Promise<readonly Instance[]>
  /** User, group, cache, as the reference package has them. */
  neutral(): Promise<AckObject>
  user(name: string, more?: JsonObject): Promise<AckObject>
  userGroup(userIDs?: readonly string[]): Promise<AckObject>
  cache(more?: JsonObject): Promise<AckObject>
  readonly truth: Truth
}

type Truth = ReturnType<typeof truthOf>

/** What AWS says, past the proxy. */
export function truthOf(aws: Aws, place: Pick<ElastiCacheClientConfig, 'region' | 'credentials'> = {}) {
  const client = new ElastiCacheClient({ ...aws.client(aws.truthUrl), ...place })
  return {
    client,
    users: async () =>
      (await client.send(new DescribeUsersCommand({}))).Users?.filter(({ UserId }) => UserId !== 'default') ?? [],
    groups: async () => (await client.send(new DescribeUserGroupsCommand({}))).UserGroups ?? [],
    caches: async () => (await client.send(new DescribeReplicationGroupsCommand({}))).ReplicationGroups ?? [],
  }
}

/** What references stand for is looked at no further: an object has their names elsewhere. */
function isAsItSays(object: AckObject, { metadata, spec, status }: Instance): boolean {
  const kind = ACK_KINDS.find(({ type }) => type.kind === object.kind)!
  const wanted = propertiesOf(kind, object, {})
  const asked = spec.parameters ?? {}
  const referred = new Set(kind.references.map(({ into }) => into))
  const names = Object.keys({ ...wanted, ...asked }).filter((name) => !referred.has(fieldOf(kind, name)))
  const isAsked = names.every((name) => isDeepStrictEqual(wanted[name], asked[name]))
  const ready = findCondition(status?.conditions, 'Ready')
  return isAsked && status?.observedGeneration === metadata.generation && ready?.status === 'True'
}

const conditions = ({ status }: AckObject): readonly AckCondition[] => status?.conditions ?? []

export const conditionOf = (object: AckObject, type: string) => conditions(object).find((c) => c.type === type)

export async function ackHub(aws: Aws, options: Partial<TestHubOptions> = {}): Promise<AckHub> {
  const hub = await testHub({ drivers: awsDrivers(), doors: [ackElasticache], ...options })
  await hub.admin.of(namespaceType).create({ metadata: { name: NAMESPACE } })
  return Object.assign(hub, helpers(hub, aws))
}

function helpers(hub: TestHub, aws: Aws): Omit<AckHub, keyof TestHub> {
  const { admin } = hub
  const objects = (kind: string) => admin.of(typeNamed(kind))
  const saying = async <T>(kind: string, name: string, waiting: Promise<T>): Promise<T> => {
    try {
      return await waiting
    } catch (error) {
      const there = await objects(kind).find(name, NAMESPACE)
      const instances = (await made.instances()).filter(({ spec }) => spec.origin?.name === name)
      const said = JSON.stringify([there?.status, instances.map(({ status }) => status)])
      throw new Error(`${(error as Error).message}; it says ${said}`, { cause: error })
    }
  }
  const made: Omit<AckHub, keyof TestHub> = {
    make: (kind, name, spec, { annotations = {}, namespace = NAMESPACE } = {}) =>
      objects(kind).create({ metadata: { name, namespace, annotations }, spec }),
    refusal: (kind, spec) =>
      objects(kind)
        .create({ metadata: { name: 'refused', namespace: NAMESPACE }, spec })
        .then(
          () => 'not refused',
          (error: Error) => error.message,
        ),
    get: (kind, name) => objects(kind).get(name, NAMESPACE),
    async edit(kind, name, spec) {
      await objects(kind).patch(name, { spec }, { namespace: NAMESPACE })
    },
    async annotate(kind, name, annotations) {
      await objects(kind).patch(name, { metadata: { annotations } }, { namespace: NAMESPACE })
    },
    synced: (kind, name) =>
      saying(
        kind,
        name,
        hub.until(`${kind} ${name} to be in sync`, async () => {
          const object = await objects(kind).find(name, NAMESPACE)
          if (!object || conditionOf(object, 'ACK.ResourceSynced')?.status !== 'True') return undefined
          const uid = object.metadata.uid
          const instance = (await made.instances()).find(({ spec }) => spec.origin?.uid === uid)
          return instance && isAsItSays(object, instance) ? object : undefined
        }),
      ),
    says: (kind, name, type, message = /./) =>
      saying(
        kind,
        name,
        hub.until(`${kind} ${name} to say ${type} ${message.source}`, async () => {
          const object = await objects(kind).find(name, NAMESPACE)
          const said = object && conditionOf(object, type)
          return said?.message !== undefined && message.test(said.message) ? said.message : undefined
        }),
      ),
    async remove(kind, name) {
      await objects(kind).delete(name, { namespace: NAMESPACE })
    },
    async gone(kind, name) {
      await saying(
        kind,
        name,
        hub.until(`${kind} ${name} to go`, async () =>
          (await objects(kind).find(name, NAMESPACE)) ? undefined : true,
        ),
      )
    },
    async secret(name, password = PASSWORD, type = 'Opaque', namespace = NAMESPACE) {
      await admin.of(secretType).create({ metadata: { name, namespace }, type, stringData: { password } })
    },
    instances: async () => (await admin.of(instanceKind).list({ namespace: 'larder-instances' })).items,
    neutral: () =>
      made.make('User', 'redis-default', {
        userID: 'redis-default',
        userName: 'default',
        engine: 'redis',
        accessString: 'off ~* -@all',
        noPasswordRequired: true,
      }),
    user: (name, more = {}) =>
      made.make('User', name, {
        userID: name,
        userName: name.replace('redis-', ''),
        engine: 'redis',
        accessString: 'on ~* +@all',
        passwords: [{ name: `${name}-creds`, key: 'password' }],
        ...more,
      }),
    userGroup: (userIDs = ['redis-default']) =>
      made.make('UserGroup', 'redis', { userGroupID: 'redis', engine: 'redis', userIDs }),
    cache: (more = {}) =>
      made.make('ReplicationGroup', 'redis', {
        replicationGroupID: 'redis',
        description: 'A redis service instance',
        cacheNodeType: 'cache.t4g.micro',
        engineVersion: '6.2',
        replicasPerNodeGroup: 0,
        atRestEncryptionEnabled: true,
        transitEncryptionEnabled: true,
        ...more,
      }),
    truth: truthOf(aws),
  }
  return made
}
