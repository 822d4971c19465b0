import type { Json } from '@larder/engine/base/json'
import { choice, flag, text, whole } from '../../../model/schema.ts'
import {
  attribute,
  equals,
  from,
  not,
  ref,
  resourceTags,
  templateOf,
  when,
  type Facts,
  type ResourceModel,
} from '../model.ts'

const given = (parameter: string) => not(equals(parameter, ''))
const ifGiven = (parameter: string, value: Json = ref(parameter)) => when(`Has${parameter}`, value)
const items = (parameter: string): Json => ({ 'Fn::Split': [',', ref(parameter)] })

/** What may be left out: the template is told an empty text, and AWS nothing. */
const OPTIONAL = [
  'AZMode',
  'CacheParameterGroupName',
  'CacheSubnetGroupName',
  'NotificationTopicArn',
  'Port',
  'PreferredAvailabilityZone',
  'PreferredAvailabilityZones',
  'VpcSecurityGroupIds',
] as const

/** Whichever of the two engines it is. */
function endpointOf({ output }: Facts) {
  const externalName = output['redisEndpointAddress'] || output['configurationEndpoint'] || ''
  const port = Number(output['redisEndpointPort'] || output['configurationEndpointPort'])
  return externalName === '' || !(port > 0) ? undefined : { externalName, port }
}

export const elastiCache: ResourceModel = {
  kind: 'ElastiCache',
  plural: 'elasticaches',
  shortNames: ['ec'],
  description: 'A cache cluster of ElastiCache, called as the object: one node of Redis, or some of Memcached.',
  fields: {
    autoMinorVersionUpgrade: flag('Whether AWS may bring it to newer minor versions. Default: true.'),
    azMode: choice('Whether nodes of Memcached are in several zones.', ['', 'single-az', 'cross-az']),
    cacheNodeType: text('The size of a node. Default: `cache.m5.large`.'),
    cacheParameterGroupName: text('The parameter group.'),
    cacheSubnetGroupName: text('The subnet group.'),
    engine: choice('Default: `redis`.', ['redis', 'memcached']),
    engineVersion: text('Default: `5.0.0`.'),
    notificationTopicArn: text('The topic that is told of events.'),
    numCacheNodes: whole('How many nodes; of Redis one. Default: 1.', { minimum: 1, maximum: 60 }),
    port: whole('Default: that of the engine.', { minimum: 1, maximum: 65_535 }),
    preferredMaintenanceWindow: text('When AWS may work on it. Default: `mon:05:00-mon:09:00`.'),
    preferredAvailabilityZone: text('The zone.'),
    preferredAvailabilityZones: text('The zones, with commas between them.'),
    snapshotWindow: text('When snapshots of Redis are made. Default: `05:00-09:00`.'),
    vpcSecurityGroupIds: text('The security groups, with commas between them.'),
  },
  rules: [
    {
      rule: "self.metadata.name.size() <= 50 && self.metadata.name.matches('^[a-z](-?[a-z0-9])*$')",
      message: 'metadata.name: caches have names of at most 50 letters, digits and single dashes, a letter first',
    },
  ],
  nameParameter: 'CacheClusterName',
  parameters: {
    AutoMinorVersionUpgrade: from('autoMinorVersionUpgrade', true),
    AZMode: from('azMode', ''),
    CacheNodeType: from('cacheNodeType', 'cache.m5.large'),
    CacheParameterGroupName: from('cacheParameterGroupName', ''),
    CacheSubnetGroupName: from('cacheSubnetGroupName', ''),
    Engine: from('engine', 'redis'),
    EngineVersion: from('engineVersion', '5.0.0'),
    NotificationTopicArn: from('notificationTopicArn', ''),
    NumCacheNodes: from('numCacheNodes', 1),
    Port: from('port', ''),
    PreferredMaintenanceWindow: from('preferredMaintenanceWindow', 'mon:05:00-mon:09:00'),
    PreferredAvailabilityZone: from('preferredAvailabilityZone', ''),
    PreferredAvailabilityZones: from('preferredAvailabilityZones', ''),
    SnapshotWindow: from('snapshotWindow', '05:00-09:00'),
    VpcSecurityGroupIds: from('vpcSecurityGroupIds', ''),
  },
  template: () =>
    templateOf({
      description: 'An ElastiCache cluster',
      parameters: {
        CacheClusterName: {},
        AutoMinorVersionUpgrade: { default: 'true', allowed: ['true', 'false'] },
        CacheNodeType: { default: 'cache.m5.large' },
        Engine: { default: 'redis', allowed: ['redis', 'memcached'] },
        EngineVersion: { default: '5.0.0' },
        NumCacheNodes: { default: '1' },
        PreferredMaintenanceWindow: { default: 'mon:05:00-mon:09:00' },
        SnapshotWindow: { default: '05:00-09:00' },
        ...Object.fromEntries(OPTIONAL.map((parameter) => [parameter, { default: '' }])),
      },
      conditions: {
        IsRedis: equals('Engine', 'redis'),
        IsMemcached: equals('Engine', 'memcached'),
        ...Object.fromEntries(OPTIONAL.map((parameter) => [`Has${parameter}`, given(parameter)])),
      },
      resources: {
        Cache: {
          Type: 'AWS::ElastiCache::CacheCluster',
          Properties: {
            ClusterName: ref('CacheClusterName'),
            AutoMinorVersionUpgrade: ref('AutoMinorVersionUpgrade'),
            AZMode: ifGiven('AZMode'),
            CacheNodeType: ref('CacheNodeType'),
            CacheParameterGroupName: ifGiven('CacheParameterGroupName'),
            CacheSubnetGroupName: ifGiven('CacheSubnetGroupName'),
            Engine: ref('Engine'),
            EngineVersion: ref('EngineVersion'),
            NotificationTopicArn: ifGiven('NotificationTopicArn'),
            NumCacheNodes: ref('NumCacheNodes'),
            Port: ifGiven('Port'),
            PreferredMaintenanceWindow: ref('PreferredMaintenanceWindow'),
            PreferredAvailabilityZone: ifGiven('PreferredAvailabilityZone'),
            PreferredAvailabilityZones: ifGiven('PreferredAvailabilityZones', items('PreferredAvailabilityZones')),
            SnapshotWindow: when('IsRedis', ref('SnapshotWindow')),
            VpcSecurityGroupIds: ifGiven('VpcSecurityGroupIds', items('VpcSecurityGroupIds')),
            Tags: resourceTags(),
          },
        },
      },
      outputs: {
        RedisEndpointAddress: when('IsRedis', attribute('Cache', 'RedisEndpoint.Address'), ''),
        RedisEndpointPort: when('IsRedis', attribute('Cache', 'RedisEndpoint.Port'), ''),
        ConfigurationEndpointAddress: when('IsMemcached', attribute('Cache', 'ConfigurationEndpoint.Address'), ''),
        ConfigurationEndpointPort: when('IsMemcached', attribute('Cache', 'ConfigurationEndpoint.Port'), ''),
      },
    }),
  outputs: {
    redisEndpointAddress: 'RedisEndpointAddress',
    redisEndpointPort: 'RedisEndpointPort',
    configurationEndpoint: 'ConfigurationEndpointAddress',
    configurationEndpointPort: 'ConfigurationEndpointPort',
  },
  sides: ['services'],
  service: endpointOf,
}
