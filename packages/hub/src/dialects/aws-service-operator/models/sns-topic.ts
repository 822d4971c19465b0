import { ref, templateOf, type ResourceModel } from '../model.ts'

export const snsTopic: ResourceModel = {
  kind: 'SNSTopic',
  plural: 'snstopics',
  shortNames: ['sns', 'topic', 'topics'],
  description: 'A topic of SNS, whose name AWS chooses.',
  fields: {},
  parameters: {},
  template: () =>
    templateOf({
      description: 'An SNS topic',
      resources: { Topic: { Type: 'AWS::SNS::Topic' } },
      outputs: { TopicARN: ref('Topic') },
    }),
  outputs: { topicARN: 'TopicARN' },
  sides: [],
}
