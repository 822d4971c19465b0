import { choice, required, text } from '../../../model/schema.ts'
import type { Neighbours } from '../../../resource-door/resource-door.ts'
import { resourceTypeOf } from '../kinds.ts'
import { from, ref, templateOf, type AsoObject, type ResourceModel } from '../model.ts'
import { snsTopic } from './sns-topic.ts'
import { sqsQueue } from './sqs-queue.ts'

const PROTOCOLS = ['sqs', 'http', 'https', 'email', 'email-json', 'sms', 'application', 'lambda', 'firehose'] as const

interface Subscription {
  readonly topicName: string
  readonly protocol: string
  readonly endpoint: string
}
const specOf = ({ spec }: AsoObject) => spec as unknown as Subscription

/** The output of a sibling; undefined while it has none. */
function outputOf(model: ResourceModel, field: string, name: string, { metadata }: AsoObject, { cache }: Neighbours) {
  const value = cache(resourceTypeOf(model)).get(name, metadata.namespace)?.output?.[field]
  return value === '' ? undefined : value
}

const waiting = (kind: string, name: string) => ({
  blocked: {
    reason: 'ReferenceNotReady',
    message: `${kind} ${name} of this namespace is not there, or not complete yet`,
  },
})

export const snsSubscription: ResourceModel = {
  kind: 'SNSSubscription',
  plural: 'snssubscriptions',
  shortNames: ['subscription'],
  description: 'What a topic hands on, and to whom.',
  fields: {
    topicName: required(text('The SNSTopic of this namespace.', { minLength: 1 })),
    protocol: required(choice('How it is handed on.', PROTOCOLS)),
    endpoint: required(
      text('For `sqs` the SQSQueue of this namespace, otherwise the address as the protocol has it.', { minLength: 1 }),
    ),
  },
  parameters: { Protocol: from('protocol', '') },
  names(object) {
    const { topicName, protocol, endpoint } = specOf(object)
    return [`SNSTopic ${topicName}`, ...(protocol === 'sqs' ? [`SQSQueue ${endpoint}`] : [])]
  },
  resolve(object, neighbours) {
    const { topicName, protocol, endpoint } = specOf(object)
    const TopicARN = outputOf(snsTopic, 'topicARN', topicName, object, neighbours)
    if (TopicARN === undefined) return waiting('SNSTopic', topicName)
    if (protocol !== 'sqs') return { TopicARN, Endpoint: endpoint, QueueURL: '' }
    const Endpoint = outputOf(sqsQueue, 'queueARN', endpoint, object, neighbours)
    const QueueURL = outputOf(sqsQueue, 'queueURL', endpoint, object, neighbours)
    if (Endpoint === undefined || QueueURL === undefined) return waiting('SQSQueue', endpoint)
    return { TopicARN, Endpoint, QueueURL }
  },
  template: () =>
    templateOf({
      description: 'An SNS subscription',
      // No policy of the queue here: a queue has one, so each of two subscriptions would put out that of the other. It is in the queue's own template.
      // QueueURL is told for templates of the operator, which require it.
      parameters: { TopicARN: {}, Protocol: {}, Endpoint: {}, QueueURL: { default: '' } },
      resources: {
        Subscription: {
          Type: 'AWS::SNS::Subscription',
          Properties: { TopicArn: ref('TopicARN'), Protocol: ref('Protocol'), Endpoint: ref('Endpoint') },
        },
      },
      outputs: { SubscriptionARN: ref('Subscription') },
    }),
  outputs: { subscriptionARN: 'SubscriptionARN' },
  sides: [],
}
