/** What AWS would refuse is refused by the API, with the name of the field, before anybody asks AWS. No AWS is needed for that. */
import { namespaceType } from '@larder/engine/client/builtin'
import type { JsonObject } from '@larder/engine/base/json'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub, type TestHub } from '../../controllers/testing/hub.ts'
import { ackElasticache } from './door.ts'
import { NAMESPACE, typeNamed } from './testing/ack-hub.ts'

let hub: TestHub

beforeAll(async () => {
  hub = await testHub({ drivers: [], doors: [ackElasticache] })
  await hub.admin.of(namespaceType).create({ metadata: { name: NAMESPACE } })
})
afterAll(() => hub.stop())

const attempt = (kind: string, name: string, spec: JsonObject): Promise<string> =>
  hub.admin
    .of(typeNamed(kind))
    .create({ metadata: { name, namespace: NAMESPACE }, spec })
    .then(
      () => 'accepted',
      (error: Error) => error.message,
    )

const user = {
  userID: 'writer',
  userName: 'writer',
  engine: 'redis',
  accessString: 'on ~* +@all',
  passwords: [{ name: 'creds', key: 'password' }],
}
const group = { userGroupID: 'redis', engine: 'redis', userIDs: ['redis-default'] }
const subnets = { cacheSubnetGroupName: 'a', cacheSubnetGroupDescription: 'b', subnetIDs: ['subnet-1'] }
const parameters = { cacheParameterGroupName: 'a', cacheParameterGroupFamily: 'redis7', description: 'b' }
const cache = { replicationGroupID: 'redis', description: 'A redis', transitEncryptionEnabled: true }
const snapshot = { snapshotName: 'a', replicationGroupID: 'redis' }

const SOUND: Readonly<Record<string, JsonObject>> = {
  User: user,
  UserGroup: group,
  CacheSubnetGroup: subnets,
  CacheParameterGroup: parameters,
  ReplicationGroup: { ...cache, userGroupIDs: ['redis'] },
  Snapshot: snapshot,
}

/** Undefined takes a field away. */
const WRONG: readonly (readonly [
  kind: string,
  what: string,
  change: Readonly<Record<string, unknown>>,
  said: string,
])[] = [
  ['User', 'an id with dots', { userID: 'a.b' }, 'spec.userID'],
  ['User', 'an id that begins with a digit', { userID: '1a' }, 'spec.userID'],
  ['User', 'an id that is too long', { userID: 'a'.repeat(41) }, 'spec.userID'],
  ['User', 'no access string', { accessString: undefined }, 'spec.accessString'],
  ['User', 'a password in the access string', { accessString: 'on >secret ~* +@all' }, 'spec.accessString'],
  ['User', 'another engine', { engine: 'memcached' }, 'engine is redis or valkey'],
  ['User', 'three passwords', { passwords: [1, 2, 3].map((i) => ({ name: `p${i}`, key: 'p' })) }, 'spec.passwords'],
  ['User', 'no key of a password', { passwords: [{ name: 'creds' }] }, 'spec.passwords[0].key'],
  ['User', 'a password and none', { noPasswordRequired: true }, 'passwords and noPasswordRequired'],
  ['User', 'neither a password nor none', { passwords: undefined }, 'passwords is required'],
  ['UserGroup', 'an id with an underscore', { userGroupID: 'a_b' }, 'spec.userGroupID'],
  ['UserGroup', 'users twice', { userRefs: [{ from: { name: 'a' } }] }, 'userIDs and userRefs'],
  ['CacheSubnetGroup', 'no subnets', { subnetIDs: undefined }, 'subnetIDs is required'],
  ['CacheSubnetGroup', 'references to subnets', { subnetRefs: [{ from: { name: 'a' } }] }, 'write subnetIDs'],
  ['CacheParameterGroup', 'no family', { cacheParameterGroupFamily: 'seven' }, 'cacheParameterGroupFamily'],
  ['ReplicationGroup', 'an id that ends in a hyphen', { replicationGroupID: 'redis-' }, 'spec.replicationGroupID'],
  ['ReplicationGroup', 'an id with two hyphens', { replicationGroupID: 'a--b' }, 'spec.replicationGroupID'],
  ['ReplicationGroup', 'an id that is too long', { replicationGroupID: 'a'.repeat(41) }, 'spec.replicationGroupID'],
  [
    'ReplicationGroup',
    'user groups without TLS',
    { transitEncryptionEnabled: undefined },
    'transitEncryptionEnabled must be true beside userGroupIDs',
  ],
  [
    'ReplicationGroup',
    'a token beside user groups',
    { authToken: { name: 'a', key: 'b' } },
    'authToken and userGroupIDs',
  ],
  ['ReplicationGroup', 'six replicas', { replicasPerNodeGroup: 6 }, 'spec.replicasPerNodeGroup'],
  [
    'ReplicationGroup',
    'failover without replicas',
    { replicasPerNodeGroup: 0, automaticFailoverEnabled: true },
    'automaticFailoverEnabled needs',
  ],
  ['ReplicationGroup', 'several zones without failover', { multiAZEnabled: true }, 'multiAZEnabled needs'],
  [
    'ReplicationGroup',
    'a node type of another service',
    { cacheNodeType: 'db.t3.micro' },
    'cacheNodeType must look like',
  ],
  ['ReplicationGroup', 'a version in words', { engineVersion: 'latest' }, 'engineVersion must look like'],
  ['ReplicationGroup', 'a port beyond all', { port: 70_000 }, 'spec.port'],
  ['ReplicationGroup', 'a window in words', { snapshotWindow: 'at night' }, 'snapshotWindow must look like'],
  ['ReplicationGroup', 'a tag of AWS itself', { tags: [{ key: 'aws:x', value: 'y' }] }, 'spec.tags[0].key'],
  ['ReplicationGroup', 'a key without encryption at rest', { kmsKeyID: 'k' }, 'kmsKeyID needs'],
  ['Snapshot', 'of nothing', { replicationGroupID: undefined }, 'exactly one of cacheClusterID'],
  ['Snapshot', 'of two things', { cacheClusterID: 'a' }, 'exactly one of cacheClusterID'],
]

const changed = (spec: JsonObject, change: Readonly<Record<string, unknown>>): JsonObject =>
  JSON.parse(JSON.stringify({ ...spec, ...change })) as JsonObject

describe('row 52: malformed input is refused at the API, with its field named', () => {
  test.each(WRONG)('%s: %s', async (kind, _what, change, said) => {
    expect(await attempt(kind, 'wrong', changed(SOUND[kind]!, change))).toContain(said)
  })

  test.each(Object.entries(SOUND))('%s: what is sound is accepted', async (kind, spec) => {
    expect(await attempt(kind, 'sound', spec)).toBe('accepted')
  })

  test('what stays as it is in AWS cannot be edited', async () => {
    const objects = hub.admin.of(typeNamed('User'))
    await attempt('User', 'fixed', user)
    const refused = objects.patch('fixed', { spec: { userID: 'other' } }, { namespace: NAMESPACE })
    await expect(refused).rejects.toThrow(/spec\.userID.*Value is immutable once set/)
  })
})
