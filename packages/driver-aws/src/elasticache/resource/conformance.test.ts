import { DescribeUsersCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { connect } from '../../testing/stage.ts'
import { elasticacheDriver } from '../driver.ts'

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ creatingMs: 50, modifyingMs: 20, deletingMs: 50 })
})
afterAll(() => aws.stop())

const user = {
  UserName: 'writer',
  Engine: 'redis',
  AccessString: 'on ~* +@all',
  Passwords: ['correct-horse-battery-staple'],
}

const harness: Harness = {
  name: 'elasticache (a resource)',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: true,
    plan: true,
    discover: 'a resource is asked for, never found',
    wipe: 'a resource made anew is another resource',
    watch: true,
    login: 'a user in no group opens nothing',
    rejectedRecipe: true,
    rejectedRole: 'a resource knows no roles',
    world: true,
  },
  settleMs: 20_000,
  async open(log) {
    await aws.reset()
    const truth = new ElastiCacheClient(aws.client(aws.truthUrl))
    const driver = elasticacheDriver()
    return {
      driver,
      session: connect(driver, aws, log, { lookAgain: '100ms' }),
      reopen: async () => connect(elasticacheDriver(), aws, log, { lookAgain: '100ms' }),
      recipe: {
        resource: { type: 'User' },
        binding: { username: '${output.UserName}', password: '${parameter.Passwords.0}' },
      },
      parameters: user,
      otherParameters: { ...user, AccessString: 'on ~* -@all +@read' },
      roles: [],
      wrongRecipe: { resource: { type: 'User', properties: { UzerName: 'writer' } } },
      async countOutside() {
        const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
        return Users.filter(({ UserId }) => UserId !== 'default').length
      },
      close: async () => truth.destroy(),
    }
  },
}

describe('elasticache (a resource)', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
})
