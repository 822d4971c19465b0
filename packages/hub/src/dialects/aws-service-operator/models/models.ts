import type { ResourceModel } from '../model.ts'
import { dynamoDB } from './dynamodb.ts'
import { ecrRepository } from './ecr-repository.ts'
import { elastiCache } from './elasticache.ts'
import { s3Bucket } from './s3-bucket.ts'
import { snsSubscription } from './sns-subscription.ts'
import { snsTopic } from './sns-topic.ts'
import { sqsQueue } from './sqs-queue.ts'

/** Those that are stacks. */
export const models: readonly ResourceModel[] = [
  dynamoDB,
  ecrRepository,
  elastiCache,
  s3Bucket,
  snsSubscription,
  snsTopic,
  sqsQueue,
]
