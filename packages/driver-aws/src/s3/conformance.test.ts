import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { connect } from '../testing/stage.ts'
import { s3Driver } from './driver.ts'

let aws: Aws

beforeAll(async () => {
  aws = await startAws()
})
afterAll(() => aws.stop())

const harness: Harness = {
  name: 's3',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: true,
    plan: true,
    discover: 'an object is asked for, never found',
    wipe: 'an object made anew is another object',
    watch: 'S3 tells of changes to a queue that somebody would have to make',
    login: 'an address opens nothing by itself',
    rejectedRecipe: true,
    rejectedRole: 'an object knows no roles',
    world: true,
  },
  settleMs: 10_000,
  async open(log) {
    await aws.reset()
    const truth = new S3Client({ ...aws.client(aws.truthUrl), forcePathStyle: true })
    await truth.send(
      new CreateBucketCommand({ Bucket: 'templates', CreateBucketConfiguration: { LocationConstraint: 'us-west-2' } }),
    )
    return {
      driver: s3Driver(),
      session: connect(s3Driver(), aws, log),
      reopen: async () => connect(s3Driver(), aws, log),
      recipe: {
        object: { bucket: 'templates', content: '${parameter.text}' },
        binding: { url: '${output.url}', password: '${parameter.text}' },
      },
      parameters: { text: 'a text that nobody guesses' },
      otherParameters: { text: 'another text that nobody guesses' },
      roles: [],
      wrongRecipe: { object: { bucket: 'No Bucket', content: '' } },
      async countOutside() {
        const { Contents = [] } = await truth.send(new ListObjectsV2Command({ Bucket: 'templates' }))
        return Contents.length
      },
      close: async () => truth.destroy(),
    }
  },
}

describe('s3', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
})
