import { defineForeignKind } from '../../../model/foreign-kind.ts'
import {
  eitherOf,
  ELASTICACHE_GROUP,
  endpoint,
  engine,
  flag,
  foreignName,
  identifier,
  immutable,
  list,
  object,
  reference,
  references,
  refusals,
  refused,
  required,
  secretKey,
  statusWith,
  tags,
  text,
  time,
  VERSION,
  whole,
} from './fields.ts'

const elsewhere = {
  kmsKeyRef: 'kmsKeyID',
  notificationTopicRef: 'notificationTopicARN',
  securityGroupRefs: 'securityGroupIDs',
  durability: 'no such field: it is newer than what is served here',
}

const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]'
const DAY = '(mon|tue|wed|thu|fri|sat|sun)'

const matching = (field: string, pattern: string, example: string) => ({
  maxLength: 64,
  rules: [{ rule: `self.matches('^${pattern}$')`, message: `${field} must look like ${example}` }],
})

const nodeGroups = list(
  'Each shard, where they differ.',
  object('One shard.', {
    nodeGroupID: text('Its id.', { maxLength: 4 }),
    primaryAvailabilityZone: text('Where its primary is.', { maxLength: 64 }),
    primaryOutpostARN: text('The outpost of its primary.', { maxLength: 2048 }),
    replicaAvailabilityZones: list('Where its replicas are.', text('A zone.', { maxLength: 64 })),
    replicaCount: whole('How many replicas it has.', { minimum: 0, maximum: 5 }),
    replicaOutpostARNs: list('The outposts of its replicas.', text('An outpost.', { maxLength: 2048 })),
    slots: text('Its part of the keys, `0-8191`.', { maxLength: 1024 }),
  }),
  { maxItems: 500 },
)

const logDelivery = list(
  'Where its logs go.',
  object('One log.', {
    destinationDetails: object('Where to.', {
      cloudWatchLogsDetails: object('In CloudWatch.', { logGroup: text('The log group.', { maxLength: 512 }) }),
      kinesisFirehoseDetails: object('In Firehose.', { deliveryStream: text('The stream.', { maxLength: 512 }) }),
    }),
    destinationType: text('`cloudwatch-logs` or `kinesis-firehose`.', { maxLength: 32 }),
    enabled: flag('Whether it goes there.'),
    logFormat: text('`text` or `json`.', { maxLength: 8 }),
    logType: text('`slow-log` or `engine-log`.', { maxLength: 16 }),
  }),
  { maxItems: 2 },
)

const fields = {
  replicationGroupID: required(identifier('Its id in AWS.', 'replicationGroupID')),
  description: required(text('For people.', { minLength: 1, maxLength: 255 })),
  atRestEncryptionEnabled: flag('Whether what is stored is encrypted. It stays as it was made.'),
  authToken: secretKey(
    'One password for all, of 16 to 128 characters, instead of user groups: a key in a Secret of type Opaque, in the namespace of this object.',
  ),
  automaticFailoverEnabled: flag('Whether a replica takes over when the primary fails.'),
  cacheNodeType: text('The machines, `cache.t4g.micro`.', {
    maxLength: 64,
    rules: [
      {
        rule: String.raw`self.matches('^cache\\.[a-z0-9]+\\.[a-z0-9]+$')`,
        message: 'cacheNodeType must look like cache.t4g.micro',
      },
    ],
  }),
  cacheParameterGroupName: foreignName('The parameter group.'),
  cacheParameterGroupRef: reference('CacheParameterGroup', 'cacheParameterGroupName'),
  cacheSecurityGroupNames: list('Security groups of a cache outside of a VPC.', text('One.', { maxLength: 255 }), {
    maxItems: 20,
  }),
  cacheSubnetGroupName: foreignName('The subnet group. It stays as it was made.'),
  cacheSubnetGroupRef: reference('CacheSubnetGroup', 'cacheSubnetGroupName'),
  dataTieringEnabled: flag('Whether what is seldom used goes to disks.'),
  engine: engine('engine'),
  engineVersion: text('Its version, `7.1`.', {
    maxLength: 16,
    rules: [
      {
        rule: String.raw`self.matches('^[0-9]+(\\.([0-9]+|x))*$')`,
        message: 'engineVersion must look like 7.1',
      },
    ],
  }),
  ipDiscovery: text('`ipv4` or `ipv6`.', {
    maxLength: 8,
    rules: [{ rule: "self in ['ipv4', 'ipv6']", message: 'ipDiscovery is ipv4 or ipv6' }],
  }),
  kmsKeyID: text('The key that what is stored is encrypted with.', { maxLength: 2048, rules: immutable }),
  logDeliveryConfigurations: logDelivery,
  multiAZEnabled: flag('Whether it is in several zones.'),
  networkType: text('`ipv4`, `ipv6` or `dual_stack`.', {
    maxLength: 16,
    rules: [
      { rule: "self in ['ipv4', 'ipv6', 'dual_stack']", message: 'networkType is ipv4, ipv6 or dual_stack' },
      ...immutable,
    ],
  }),
  nodeGroupConfiguration: nodeGroups,
  notificationTopicARN: text('Where AWS tells of it.', { maxLength: 2048 }),
  numNodeGroups: whole('How many shards.', { minimum: 1, maximum: 500 }),
  port: whole('The port.', { minimum: 1, maximum: 65_535 }),
  preferredCacheClusterAZs: list('Where its nodes are.', text('A zone.', { maxLength: 64 }), { maxItems: 100 }),
  preferredMaintenanceWindow: text(
    'When AWS may maintain it.',
    matching('preferredMaintenanceWindow', `${DAY}:${CLOCK}-${DAY}:${CLOCK}`, 'sun:23:00-mon:01:30'),
  ),
  primaryClusterID: text('The node that is to be its primary.', { maxLength: 50 }),
  replicasPerNodeGroup: whole('How many replicas each shard has.', { minimum: 0, maximum: 5 }),
  securityGroupIDs: list('Its security groups.', text('One.', { minLength: 1, maxLength: 64 }), { maxItems: 20 }),
  snapshotARNs: list('Files that it begins with.', text('One.', { maxLength: 2048 }), { maxItems: 500 }),
  snapshotName: text('The snapshot that it begins with.', { maxLength: 255, rules: immutable }),
  snapshotRef: reference('Snapshot', 'snapshotName'),
  snapshotRetentionLimit: whole('How many days automatic snapshots are kept.', { minimum: 0, maximum: 35 }),
  snapshotWindow: text(
    'When automatic snapshots are taken.',
    matching('snapshotWindow', `${CLOCK}-${CLOCK}`, '05:00-09:00'),
  ),
  tags,
  transitEncryptionEnabled: flag('Whether what goes over the wire is encrypted.'),
  userGroupIDs: list('Who may use it.', foreignName('A user group.'), { maxItems: 1 }),
  userGroupRefs: references('UserGroup', 'userGroupIDs'),
  ...refused(elsewhere),
}

const isOn = (field: string) => `(has(self.${field}) && self.${field})`
const hasGroups =
  '((has(self.userGroupIDs) && self.userGroupIDs.size() > 0) || (has(self.userGroupRefs) && self.userGroupRefs.size() > 0))'

/** What AWS would refuse, each with the name of the field; the words of AWS where it has some. */
const rules = [
  {
    rule: `!${hasGroups} || ${isOn('transitEncryptionEnabled')}`,
    message:
      'transitEncryptionEnabled must be true beside userGroupIDs: User group based access control requires encryption-in-transit to be enabled on the replication group',
  },
  {
    rule: `!has(self.authToken) || ${isOn('transitEncryptionEnabled')}`,
    message: 'transitEncryptionEnabled must be true beside authToken',
  },
  { rule: `!(has(self.authToken) && ${hasGroups})`, message: 'authToken and userGroupIDs exclude each other' },
  {
    rule: `!${isOn('automaticFailoverEnabled')} || !has(self.replicasPerNodeGroup) || self.replicasPerNodeGroup > 0 || (has(self.numNodeGroups) && self.numNodeGroups > 1)`,
    message: 'automaticFailoverEnabled needs replicasPerNodeGroup of at least 1',
  },
  {
    rule: `!${isOn('multiAZEnabled')} || ${isOn('automaticFailoverEnabled')}`,
    message: 'multiAZEnabled needs automaticFailoverEnabled: true',
  },
  {
    rule: `!has(self.kmsKeyID) || ${isOn('atRestEncryptionEnabled')}`,
    message: 'kmsKeyID needs atRestEncryptionEnabled: true',
  },
  ...eitherOf('cacheParameterGroupName', 'cacheParameterGroupRef', 0),
  ...eitherOf('cacheSubnetGroupName', 'cacheSubnetGroupRef', 0),
  ...eitherOf('snapshotName', 'snapshotRef', 0),
  ...eitherOf('userGroupIDs', 'userGroupRefs', 0),
  ...refusals(elsewhere),
]

const member = object('One node.', {
  cacheClusterID: text('Its cluster.'),
  cacheNodeID: text('Its id.'),
  currentRole: text('`primary` or `replica`.'),
  preferredAvailabilityZone: text('Where it is.'),
  preferredOutpostARN: text('Its outpost.'),
  readEndpoint: endpoint('Where to read from it.'),
})

export const replicationGroupKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'ReplicationGroup',
  resource: 'replicationgroups',
  namespaced: true,
  description: 'A ReplicationGroup is a cache: a primary with its replicas, or shards of them.',
  spec: object('The replication group.', fields, { rules }),
  status: statusWith({
    status: text('`creating`, `available`, `modifying`, `deleting`, `create-failed`, `snapshotting`.'),
    nodeGroups: list(
      'The shards.',
      object('One shard.', {
        nodeGroupID: text('Its id.'),
        nodeGroupMembers: list('Its nodes.', member),
        primaryEndpoint: endpoint('Where to write.'),
        readerEndpoint: endpoint('Where to read.'),
        slots: text('Its part of the keys.'),
        status: text('`creating`, `available`, `modifying`, `deleting`.'),
      }),
    ),
    configurationEndpoint: endpoint('Where clients of several shards begin.'),
    memberClusters: list('Its nodes by name.', text('A node.')),
    automaticFailover: text('`enabled`, `disabled`, and what is between.'),
    multiAZ: text('`enabled` or `disabled`.'),
    clusterEnabled: flag('Whether its data is in shards.'),
    authTokenEnabled: flag('Whether it has one password for all.'),
    authTokenLastModifiedDate: time('When that was changed last.'),
    autoMinorVersionUpgrade: flag('Whether minor versions come by themselves.'),
    globalReplicationGroupInfo: object('What it is in a global datastore.', {
      globalReplicationGroupID: text('The datastore.'),
      globalReplicationGroupMemberRole: text('Its role there.'),
    }),
    pendingModifiedValues: object('What is being changed.', {
      authTokenStatus: text('Of the one password.'),
      automaticFailoverStatus: text('Of failover.'),
      primaryClusterID: text('The primary that is to be.'),
      resharding: object('Of shards.', {
        slotMigration: object('Of keys.', {
          progressPercentage: { schema: { description: 'How far.', type: 'number' }, required: false as const },
        }),
      }),
      userGroups: object('Of user groups.', {
        userGroupIDsToAdd: list('Groups that come.', text('A group.')),
        userGroupIDsToRemove: list('Groups that go.', text('A group.')),
      }),
    }),
    replicationGroupCreateTime: time('When it was made.'),
    snapshottingClusterID: text('The node that snapshots are taken of.'),
  }),
  columns: [],
})
