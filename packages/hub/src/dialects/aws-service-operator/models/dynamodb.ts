import { choice, object, required, text, whole } from '../../../model/schema.ts'
import { attribute, equals, from, not, ref, resourceTags, templateOf, when, type ResourceModel } from '../model.ts'

const TYPES = ['S', 'N', 'B'] as const

const attributeField = (description: string) =>
  object(description, {
    name: required(text('Its name.', { minLength: 1, maxLength: 255 })),
    type: choice('Text, number or bytes. Default: `S`.', TYPES),
  })

const units = (description: string) => whole(`${description} Default: 5.`, { minimum: 1 })

const hash = keyOf('Hash')
const range = keyOf('Range')

function keyOf(which: 'Hash' | 'Range') {
  const AttributeName = ref(`${which}AttributeName`)
  return {
    definition: { AttributeName, AttributeType: ref(`${which}AttributeType`) },
    key: { AttributeName, KeyType: which.toUpperCase() },
  }
}

export const dynamoDB: ResourceModel = {
  kind: 'DynamoDB',
  plural: 'dynamodbs',
  shortNames: ['ddb', 'ddbs', 'dynamo', 'dynamotable', 'dynamotables'],
  description: 'A table of DynamoDB, called as the object.',
  fields: {
    hashAttribute: required(attributeField('The key by which items are found.')),
    rangeAttribute: attributeField('The key by which items of one hash key are sorted.'),
    readCapacityUnits: units('Reads in a second.'),
    writeCapacityUnits: units('Writes in a second.'),
  },
  rules: [
    { rule: 'self.metadata.name.size() >= 3', message: 'metadata.name: tables have names of at least 3 characters' },
  ],
  nameParameter: 'TableName',
  parameters: {
    HashAttributeName: from('hashAttribute.name', ''),
    HashAttributeType: from('hashAttribute.type', 'S'),
    RangeAttributeName: from('rangeAttribute.name', ''),
    RangeAttributeType: from('rangeAttribute.type', 'S'),
    ReadCapacityUnits: from('readCapacityUnits', 5),
    WriteCapacityUnits: from('writeCapacityUnits', 5),
  },
  template: () =>
    templateOf({
      description: 'A DynamoDB table',
      parameters: {
        TableName: {},
        HashAttributeName: {},
        HashAttributeType: { default: 'S', allowed: TYPES },
        RangeAttributeName: { default: '' },
        RangeAttributeType: { default: 'S', allowed: TYPES },
        ReadCapacityUnits: { default: '5' },
        WriteCapacityUnits: { default: '5' },
      },
      conditions: { HasRange: not(equals('RangeAttributeName', '')) },
      resources: {
        Table: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            TableName: ref('TableName'),
            AttributeDefinitions: when('HasRange', [hash.definition, range.definition], [hash.definition]),
            KeySchema: when('HasRange', [hash.key, range.key], [hash.key]),
            ProvisionedThroughput: {
              ReadCapacityUnits: ref('ReadCapacityUnits'),
              WriteCapacityUnits: ref('WriteCapacityUnits'),
            },
            Tags: resourceTags(),
          },
        },
      },
      outputs: { TableName: ref('Table'), TableArn: attribute('Table', 'Arn') },
    }),
  outputs: { tableName: 'TableName', tableARN: 'TableArn' },
  sides: ['configMaps'],
  configMap: ({ output, region }) => ({ ...output, region }),
}
