/** A queue, and a user with keys of its own: a stack that can be changed and that has a secret to give. */
const QUEUE_TEMPLATE = `
Parameters:
  VisibilityTimeout: {Type: Number, Default: 30}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref VisibilityTimeout}
  User:
    Type: AWS::IAM::User
  Key:
    Type: AWS::IAM::AccessKey
    Properties: {UserName: !Ref User}
Outputs:
  QueueURL: {Value: !Ref Queue}
  AccessKey: {Value: !Ref Key}
  SecretKey: {Value: !GetAtt Key.SecretAccessKey}
`

export const queueRecipe = {
  template: QUEUE_TEMPLATE,
  parameters: { VisibilityTimeout: '${parameter.timeout?}' },
  capabilities: ['CAPABILITY_IAM'],
  secretOutputs: ['SecretKey'],
  binding: { url: '${output.QueueURL}', username: '${output.AccessKey}', password: '${output.SecretKey}' },
}
