import { flag, whole } from '../../../model/schema.ts'
import { attribute, equals, from, ref, templateOf, when, type ResourceModel } from '../model.ts'

const YES_NO = ['true', 'false'] as const

/** Of the queue, and of that for messages which nobody could handle. */
const properties = {
  FifoQueue: when('IsFifo', true),
  ContentBasedDeduplication: when('IsFifo', ref('ContentBasedDeduplication')),
  MessageRetentionPeriod: ref('MessageRetentionPeriod'),
}

/** How often a message is handed out before it is set aside. */
const MAX_RECEIVE_COUNT = 5

/** `aws:SourceArn` is what SNS always sends. */
const topicsOfAccount = {
  'Fn::Join': ['', ['arn:', ref('AWS::Partition'), ':sns:*:', ref('AWS::AccountId'), ':*']],
}

export const sqsQueue: ResourceModel = {
  kind: 'SQSQueue',
  plural: 'sqsqueues',
  shortNames: ['sqs', 'queue', 'queues'],
  description: 'A queue of SQS, whose name AWS chooses.',
  fields: {
    contentBasedDeduplication: flag('Whether a FIFO queue takes equal messages for one. Default: true.'),
    delaySeconds: whole('How long a message waits before anybody gets it. Default: 5.', { minimum: 0, maximum: 900 }),
    maximumMessageSize: whole('In bytes. Default: 262144.', { minimum: 1024, maximum: 262_144 }),
    messageRetentionPeriod: whole('Seconds for which a message is kept. Default: 345600.', {
      minimum: 60,
      maximum: 1_209_600,
    }),
    receiveMessageWaitTimeSeconds: whole('How long a reader waits for a message. Default: 0.', {
      minimum: 0,
      maximum: 20,
    }),
    usedeadletterQueue: flag(
      'Whether a message that was handed out five times in vain goes to a second queue. Default: false.',
    ),
    visibilityTimeout: whole('Seconds for which a message that is being handled is hidden. Default: 5.', {
      minimum: 0,
      maximum: 43_200,
    }),
    fifoQueue: flag(
      'Whether messages keep their order. It cannot be changed without losing the queue. Default: false.',
    ),
  },
  parameters: {
    ContentBasedDeduplication: from('contentBasedDeduplication', true),
    DelaySeconds: from('delaySeconds', 5),
    MaximumMessageSize: from('maximumMessageSize', 262_144),
    MessageRetentionPeriod: from('messageRetentionPeriod', 345_600),
    ReceiveMessageWaitTimeSeconds: from('receiveMessageWaitTimeSeconds', 0),
    UsedeadletterQueue: from('usedeadletterQueue', false),
    VisibilityTimeout: from('visibilityTimeout', 5),
    FifoQueue: from('fifoQueue', false),
  },
  template: () =>
    templateOf({
      description: 'An SQS queue',
      parameters: {
        ContentBasedDeduplication: { default: 'true', allowed: YES_NO },
        DelaySeconds: { default: '5' },
        MaximumMessageSize: { default: '262144' },
        MessageRetentionPeriod: { default: '345600' },
        ReceiveMessageWaitTimeSeconds: { default: '0' },
        UsedeadletterQueue: { default: 'false', allowed: YES_NO },
        VisibilityTimeout: { default: '5' },
        FifoQueue: { default: 'false', allowed: YES_NO },
      },
      conditions: { IsFifo: equals('FifoQueue', 'true'), HasDeadLetters: equals('UsedeadletterQueue', 'true') },
      resources: {
        Queue: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            ...properties,
            DelaySeconds: ref('DelaySeconds'),
            MaximumMessageSize: ref('MaximumMessageSize'),
            ReceiveMessageWaitTimeSeconds: ref('ReceiveMessageWaitTimeSeconds'),
            VisibilityTimeout: ref('VisibilityTimeout'),
            RedrivePolicy: when('HasDeadLetters', {
              deadLetterTargetArn: attribute('DeadLetterQueue', 'Arn'),
              maxReceiveCount: MAX_RECEIVE_COUNT,
            }),
          },
        },
        // For every subscription at once: a queue has one policy, and who sets another one replaces it.
        QueuePolicy: {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [ref('Queue')],
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Principal: { Service: 'sns.amazonaws.com' },
                  Action: 'sqs:SendMessage',
                  Resource: attribute('Queue', 'Arn'),
                  Condition: { ArnLike: { 'aws:SourceArn': topicsOfAccount } },
                },
              ],
            },
          },
        },
        DeadLetterQueue: { Type: 'AWS::SQS::Queue', Condition: 'HasDeadLetters', Properties: properties },
      },
      outputs: {
        QueueURL: ref('Queue'),
        QueueARN: attribute('Queue', 'Arn'),
        QueueName: attribute('Queue', 'QueueName'),
        DeadLetterQueueURL: when('HasDeadLetters', ref('DeadLetterQueue'), ''),
        DeadLetterQueueARN: when('HasDeadLetters', attribute('DeadLetterQueue', 'Arn'), ''),
        DeadLetterQueueName: when('HasDeadLetters', attribute('DeadLetterQueue', 'QueueName'), ''),
      },
    }),
  outputs: {
    queueURL: 'QueueURL',
    queueARN: 'QueueARN',
    queueName: 'QueueName',
    deadLetterQueueURL: 'DeadLetterQueueURL',
    deadLetterQueueARN: 'DeadLetterQueueARN',
    deadLetterQueueName: 'DeadLetterQueueName',
  },
  sides: ['configMaps'],
  configMap: ({ output }) => output,
}
