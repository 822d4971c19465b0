import { CopySnapshotCommand, CreateSnapshotCommand, DeleteSnapshotCommand } from '@aws-sdk/client-elasticache'
import type { CopySnapshotMessage, CreateSnapshotMessage, Snapshot } from '@aws-sdk/client-elasticache'
import { call } from '../../account/call.ts'
import type { Kind } from './kind.ts'

/** Of a cluster, of a replication group, or of another snapshot. */
export const snapshotKind: Kind<Snapshot> = {
  type: 'Snapshot',
  idProperty: 'SnapshotName',
  maxIdLength: 255,
  properties: {
    CacheClusterId: { type: 'string', fixed: true },
    ReplicationGroupId: { type: 'string', fixed: true },
    SourceSnapshotName: { type: 'string', fixed: true },
    KmsKeyId: { type: 'string', fixed: true },
    Tags: { type: 'objects' },
  },
  terminal: [
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'SnapshotAlreadyExists',
    'SnapshotQuotaExceeded',
    'SnapshotFeatureNotSupported',
  ],
  lookup: (aws) => aws.snapshots,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: ({ SnapshotStatus }) => SnapshotStatus,
  have: ({ KmsKeyId }) => ({ KmsKeyId }),
  async create({ client }, { SnapshotName: name, SourceSnapshotName: source, ...properties }, signal) {
    const options = { abortSignal: signal }
    if (source === undefined) {
      const request = { ...properties, SnapshotName: name } as unknown as CreateSnapshotMessage
      const command = new CreateSnapshotCommand(request)
      await call('elasticache:CreateSnapshot', () => client.send(command, options), { mutates: true })
    } else {
      const request = { ...properties, SourceSnapshotName: source, TargetSnapshotName: name }
      const command = new CopySnapshotCommand(request as unknown as CopySnapshotMessage)
      await call('elasticache:CopySnapshot', () => client.send(command, options), { mutates: true })
    }
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteSnapshot', () =>
      client.send(new DeleteSnapshotCommand({ SnapshotName: id }), { abortSignal: signal }),
    )
  },
}
