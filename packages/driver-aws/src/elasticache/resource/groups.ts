import {
  CreateCacheParameterGroupCommand,
  CreateCacheSubnetGroupCommand,
  DeleteCacheParameterGroupCommand,
  DeleteCacheSubnetGroupCommand,
  DescribeCacheParametersCommand,
  ModifyCacheParameterGroupCommand,
  ModifyCacheSubnetGroupCommand,
  ResetCacheParameterGroupCommand,
} from '@aws-sdk/client-elasticache'
import type {
  CacheParameterGroup,
  CacheSubnetGroup,
  CreateCacheParameterGroupMessage,
  CreateCacheSubnetGroupMessage,
  ElastiCacheClient,
  ModifyCacheSubnetGroupMessage,
  Parameter,
  ParameterNameValue,
} from '@aws-sdk/client-elasticache'
import type { Json } from '@larder/kit'
import { call } from '../../account/call.ts'
import type { Kind } from './kind.ts'

export const subnetGroupKind: Kind<CacheSubnetGroup> = {
  type: 'CacheSubnetGroup',
  idProperty: 'CacheSubnetGroupName',
  maxIdLength: 255,
  properties: {
    CacheSubnetGroupDescription: { type: 'string', required: true },
    SubnetIds: { type: 'strings', required: true },
    Tags: { type: 'objects' },
  },
  terminal: [
    'CacheSubnetGroupQuotaExceeded',
    'CacheSubnetQuotaExceeded',
    'SubnetInUse',
    'InvalidSubnet',
    'InvalidParameter',
    'InvalidParameterValue',
    'InvalidParameterCombination',
  ],
  lookup: (aws) => aws.subnetGroups,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: () => undefined,
  have: ({ CacheSubnetGroupDescription, Subnets = [] }) => ({
    CacheSubnetGroupDescription,
    SubnetIds: Subnets.map(({ SubnetIdentifier = '' }) => SubnetIdentifier),
  }),
  async create({ client }, properties, signal) {
    const command = new CreateCacheSubnetGroupCommand(properties as unknown as CreateCacheSubnetGroupMessage)
    await call('elasticache:CreateCacheSubnetGroup', () => client.send(command, { abortSignal: signal }), {
      mutates: true,
    })
  },
  async change({ client }, { id, names, properties }, signal) {
    const part = Object.fromEntries(names.map((name) => [name, properties[name]]))
    const command = new ModifyCacheSubnetGroupCommand({
      ...(part as Partial<ModifyCacheSubnetGroupMessage>),
      CacheSubnetGroupName: id,
    })
    await call('elasticache:ModifyCacheSubnetGroup', () => client.send(command, { abortSignal: signal }))
    return names
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteCacheSubnetGroup', () =>
      client.send(new DeleteCacheSubnetGroupCommand({ CacheSubnetGroupName: id }), { abortSignal: signal }),
    )
  },
}

/** AWS makes it without its parameters: they are set with a second request, which is repeated with the first. */
export const parameterGroupKind: Kind<CacheParameterGroup> = {
  type: 'CacheParameterGroup',
  setLater: ['ParameterNameValues'],
  idProperty: 'CacheParameterGroupName',
  maxIdLength: 255,
  properties: {
    CacheParameterGroupFamily: { type: 'string', required: true, fixed: true },
    Description: { type: 'string', required: true, fixed: true },
    ParameterNameValues: { type: 'objects' },
    Tags: { type: 'objects' },
  },
  terminal: [
    'CacheParameterGroupAlreadyExists',
    'CacheParameterGroupQuotaExceeded',
    'InvalidGlobalReplicationGroupState',
    'InvalidParameterCombination',
    'InvalidParameterValue',
  ],
  lookup: (aws) => aws.parameterGroups,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: () => undefined,
  have: ({ CacheParameterGroupFamily, Description }) => ({ CacheParameterGroupFamily, Description }),
  async create({ client }, { ParameterNameValues: parameters, ...properties }, signal) {
    const command = new CreateCacheParameterGroupCommand(properties as unknown as CreateCacheParameterGroupMessage)
    await call('elasticache:CreateCacheParameterGroup', () => client.send(command, { abortSignal: signal }), {
      mutates: true,
    })
    await setParameters(client, String(properties['CacheParameterGroupName']), parameters, signal)
  },
  async change({ client }, { id, names, properties }, signal) {
    await resetOthers(client, id, properties['ParameterNameValues'], signal)
    await setParameters(client, id, properties['ParameterNameValues'], signal)
    return names
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteCacheParameterGroup', () =>
      client.send(new DeleteCacheParameterGroupCommand({ CacheParameterGroupName: id }), { abortSignal: signal }),
    )
  },
}

/** AWS takes so many at once. */
const MAX_PARAMETERS = 20

async function setParameters(
  client: ElastiCacheClient,
  id: string,
  parameters: Json | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const some of portions(valuesIn(parameters))) {
    const command = new ModifyCacheParameterGroupCommand({ CacheParameterGroupName: id, ParameterNameValues: some })
    await call('elasticache:ModifyCacheParameterGroup', () => client.send(command, { abortSignal: signal }))
  }
}

/** What the group still says from before and is no longer wanted goes back to what its family has. */
async function resetOthers(
  client: ElastiCacheClient,
  id: string,
  parameters: Json | undefined,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(valuesIn(parameters).map(({ ParameterName }) => ParameterName))
  const others = (await ownParameters(client, id, signal)).filter(({ ParameterName }) => !wanted.has(ParameterName))
  for (const some of portions(others.map(({ ParameterName }) => ({ ParameterName })))) {
    const command = new ResetCacheParameterGroupCommand({ CacheParameterGroupName: id, ParameterNameValues: some })
    await call('elasticache:ResetCacheParameterGroup', () => client.send(command, { abortSignal: signal }))
  }
}

/** Those that are not as the family has them. */
async function ownParameters(client: ElastiCacheClient, id: string, signal: AbortSignal): Promise<Parameter[]> {
  const found: Parameter[] = []
  let marker: string | undefined
  do {
    const command = new DescribeCacheParametersCommand({
      CacheParameterGroupName: id,
      Source: 'user',
      ...(marker !== undefined && { Marker: marker }),
    })
    const page = await call('elasticache:DescribeCacheParameters', () => client.send(command, { abortSignal: signal }))
    found.push(...(page.Parameters ?? []))
    marker = page.Marker
  } while (marker !== undefined && marker !== '')
  return found
}

const valuesIn = (parameters: Json | undefined) => (parameters ?? []) as unknown as ParameterNameValue[]

const portions = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / MAX_PARAMETERS) }, (_, i) =>
    all.slice(i * MAX_PARAMETERS, (i + 1) * MAX_PARAMETERS),
  )
