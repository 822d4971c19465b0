import { defineForeignKind } from '../../../model/foreign-kind.ts'
import {
  ELASTICACHE_GROUP,
  flag,
  identifier,
  immutable,
  list,
  object,
  refusals,
  refused,
  required,
  statusWith,
  tags,
  text,
  VERSION,
} from './fields.ts'

const elsewhere = { subnetRefs: 'subnetIDs' }

export const subnetGroupKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'CacheSubnetGroup',
  resource: 'cachesubnetgroups',
  namespaced: true,
  description: 'A CacheSubnetGroup is where caches are: subnets of one VPC.',
  spec: object(
    'The subnet group.',
    {
      cacheSubnetGroupName: required(identifier('Its name in AWS.', 'cacheSubnetGroupName', 255)),
      cacheSubnetGroupDescription: required(text('For people.', { maxLength: 255 })),
      subnetIDs: list('The subnets, all of one VPC.', text('A subnet.', { minLength: 1, maxLength: 64 }), {
        minItems: 1,
        maxItems: 100,
      }),
      tags,
      ...refused(elsewhere),
    },
    {
      rules: [
        { rule: 'has(self.subnetIDs)', message: 'subnetIDs is required: the subnets, all of one VPC' },
        ...refusals(elsewhere),
      ],
    },
  ),
  status: statusWith({
    vpcID: text('The VPC of the subnets.'),
    subnets: list(
      'The subnets.',
      object('One of them.', {
        subnetIdentifier: text('The subnet.'),
        subnetAvailabilityZone: object('Its zone.', { name: text('The name of the zone.') }),
        subnetOutpost: object('Its outpost.', { subnetOutpostARN: text('The ARN of the outpost.') }),
      }),
    ),
  }),
  columns: [],
})

export const parameterGroupKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'CacheParameterGroup',
  resource: 'cacheparametergroups',
  namespaced: true,
  description: 'A CacheParameterGroup is how caches are tuned: values for the parameters of an engine.',
  spec: object('The parameter group.', {
    cacheParameterGroupName: required(identifier('Its name in AWS.', 'cacheParameterGroupName', 255)),
    cacheParameterGroupFamily: required(
      text('The engine and its version, `redis7`.', {
        maxLength: 64,
        rules: [
          {
            rule: "self.matches('^(redis|valkey|memcached)[0-9][0-9.x]*$')",
            message: 'cacheParameterGroupFamily is an engine and its version, such as redis7 or redis6.x',
          },
          ...immutable,
        ],
      }),
    ),
    description: required(text('For people.', { maxLength: 255, rules: immutable })),
    parameterNameValues: list(
      'Parameters that differ from those of the family.',
      object('One parameter.', {
        parameterName: text('Its name.', { minLength: 1, maxLength: 255 }),
        parameterValue: text('Its value.', { maxLength: 1024 }),
      }),
      { maxItems: 200 },
    ),
    tags,
  }),
  status: statusWith({ isGlobal: flag('Whether it belongs to a global datastore.') }),
  columns: [],
})
