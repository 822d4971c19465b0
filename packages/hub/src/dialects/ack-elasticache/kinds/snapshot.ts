import { defineForeignKind } from '../../../model/foreign-kind.ts'
import {
  ELASTICACHE_GROUP,
  eitherOf,
  identifier,
  immutable,
  list,
  object,
  reference,
  refusals,
  refused,
  required,
  statusWith,
  tags,
  text,
  time,
  VERSION,
  whole,
} from './fields.ts'

const elsewhere = { kmsKeyRef: 'kmsKeyID', cacheClusterRef: 'cacheClusterID' }
const SOURCES = [
  ['cacheClusterID', 'cacheClusterRef'],
  ['replicationGroupID', 'replicationGroupRef'],
  ['sourceSnapshotName', 'sourceSnapshotRef'],
].map((twins) => `(${twins.map((field) => `has(self.${field})`).join(' || ')} ? 1 : 0)`)

export const snapshotKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'Snapshot',
  resource: 'snapshots',
  namespaced: true,
  description: 'A Snapshot is the data of a cache as it was, or a copy of another snapshot.',
  spec: object(
    'The snapshot: of a cluster, of a replication group, or of another snapshot.',
    {
      snapshotName: required(identifier('Its name in AWS.', 'snapshotName', 255)),
      cacheClusterID: text('The cluster.', { minLength: 1, maxLength: 50, rules: immutable }),
      replicationGroupID: text('The replication group.', { minLength: 1, maxLength: 40, rules: immutable }),
      replicationGroupRef: reference('ReplicationGroup', 'replicationGroupID'),
      sourceSnapshotName: text('The snapshot that is copied.', { minLength: 1, maxLength: 255, rules: immutable }),
      sourceSnapshotRef: reference('Snapshot', 'sourceSnapshotName'),
      kmsKeyID: text('The key that it is encrypted with.', { maxLength: 2048, rules: immutable }),
      tags,
      ...refused(elsewhere),
    },
    {
      rules: [
        {
          rule: `${SOURCES.join(' + ')} == 1`,
          message:
            'exactly one of cacheClusterID, replicationGroupID and sourceSnapshotName is needed, or of their references',
        },
        ...eitherOf('replicationGroupID', 'replicationGroupRef', 0),
        ...eitherOf('sourceSnapshotName', 'sourceSnapshotRef', 0),
        ...refusals(elsewhere),
      ],
    },
  ),
  status: statusWith({
    snapshotStatus: text('`creating`, `available`, `restoring`, `copying`, `deleting`.'),
    snapshotSource: text('`automated` or `manual`.'),
    engine: text('The engine.'),
    engineVersion: text('Its version.'),
    cacheNodeType: text('The machines that it was taken of.'),
    numNodeGroups: whole('How many shards it has.'),
    port: whole('The port of the cache.'),
    replicationGroupDescription: text('What the replication group was described as.'),
    snapshotRetentionLimit: whole('How many days automatic snapshots are kept.'),
    snapshotWindow: text('When automatic snapshots are taken.'),
    vpcID: text('The VPC of the cache.'),
    nodeSnapshots: list(
      'What was taken of each node.',
      object('One of them.', {
        cacheClusterID: text('The cluster.'),
        nodeGroupID: text('The shard.'),
        cacheNodeID: text('The node.'),
        cacheSize: text('How large it is.'),
        cacheNodeCreateTime: time('When the node was made.'),
        snapshotCreateTime: time('When it was taken.'),
      }),
    ),
  }),
  columns: [],
})
