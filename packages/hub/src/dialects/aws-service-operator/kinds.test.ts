/** The kinds by their names, and the rules of names. */
import { expect, test } from 'vitest'
import { definitionOf, templateDefinition } from './kinds.ts'
import type { AsoObject } from './model.ts'
import { models } from './models/models.ts'
import { builtinTemplate, stackNameOf } from './stack.ts'

interface Names {
  readonly spec: {
    readonly names: {
      readonly kind: string
      readonly singular: string
      readonly plural: string
      readonly shortNames: readonly string[]
    }
  }
}

test('row 1: eight kinds, with the plurals, singulars and short names of the operator', () => {
  const all = [...models.map(definitionOf), templateDefinition()] as unknown as readonly Names[]
  const told = all.map(({ spec: { names } }) =>
    [names.kind, names.plural, names.singular, names.shortNames.join(' ')].join(': '),
  )
  expect(told.sort()).toEqual([
    'CloudFormationTemplate: cloudformationtemplates: cloudformationtemplate: cft cfts cfn cfns cloudformation',
    'DynamoDB: dynamodbs: dynamodb: ddb ddbs dynamo dynamotable dynamotables',
    'ECRRepository: ecrrepositories: ecrrepository: ecr repository',
    'ElastiCache: elasticaches: elasticache: ec',
    'S3Bucket: s3buckets: s3bucket: s3 bucket buckets',
    'SNSSubscription: snssubscriptions: snssubscription: subscription',
    'SNSTopic: snstopics: snstopic: sns topic topics',
    'SQSQueue: sqsqueues: sqsqueue: sqs queue queues',
  ])
})

const named = (name: string, namespace: string) => ({ metadata: { name, namespace } }) as AsoObject
const settings = { clusterName: 'aws-service-operator' }

test('names of stacks are those of the operator, and always names of stacks', () => {
  expect(stackNameOf(settings, 'DynamoDB', named('dynamo-table', 'default'))).toBe(
    'aws-service-operator-dynamodb-dynamo-table-default',
  )
  expect(stackNameOf(settings, 'S3Bucket', named('a.b', 'c'))).toBe('aws-service-operator-s3bucket-a-b-c')
  const long = ['x', 'y'].map((end) => stackNameOf(settings, 'DynamoDB', named(`${'a'.repeat(200)}${end}`, 'default')))
  expect(new Set(long).size).toBe(2)
  for (const name of long) expect(name).toMatch(/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/)
})

test.each(models)(
  'the template of $kind has every parameter that it is told, and every output that is asked for',
  (model) => {
    const template = JSON.parse(builtinTemplate(model, undefined)) as {
      readonly Parameters: object
      readonly Outputs: object
    }
    const told = [...Object.keys(model.parameters), ...(model.nameParameter === undefined ? [] : [model.nameParameter])]
    expect(Object.keys(template.Parameters)).toEqual(expect.arrayContaining(told))
    expect(Object.keys(template.Outputs)).toEqual(expect.arrayContaining(Object.values(model.outputs)))
    expect(builtinTemplate(model, undefined).length).toBeLessThan(51_200)
  },
)
