import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { connect } from '../testing/stage.ts'
import { queueRecipe } from '../testing/templates.ts'
import { cloudformationDriver } from './driver.ts'

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ creatingMs: 100, modifyingMs: 100, deletingMs: 100 })
})
afterAll(() => aws.stop())

const harness: Harness = {
  name: 'cloudformation',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: true,
    plan: true,
    discover: 'a template is written, never found',
    wipe: 'a stack made anew is another stack',
    watch: true,
    login: 'what a stack gives is the same for all who bind',
    rejectedRecipe: true,
    rejectedRole: 'a stack knows no roles',
    world: true,
  },
  settleMs: 20_000,
  async open(log) {
    await aws.reset()
    const truth = new CloudFormationClient(aws.client(aws.truthUrl))
    const driver = cloudformationDriver()
    return {
      driver,
      session: connect(driver, aws, log, { lookAgain: '100ms' }),
      reopen: async () => connect(cloudformationDriver(), aws, log),
      recipe: queueRecipe,
      parameters: { timeout: 10 },
      otherParameters: { timeout: 20 },
      roles: [],
      wrongRecipe: { ...queueRecipe, template: '' },
      async countOutside() {
        const { Stacks = [] } = await truth.send(new DescribeStacksCommand({}))
        return Stacks.length
      },
      close: async () => truth.destroy(),
    }
  },
}

describe('cloudformation', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
})
