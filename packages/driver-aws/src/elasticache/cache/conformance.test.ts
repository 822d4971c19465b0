import {
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { connect } from '../../testing/stage.ts'
import { userMayLogIn } from '../../testing/users.ts'
import { elasticacheDriver } from '../driver.ts'

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ creatingMs: 50, modifyingMs: 20, deletingMs: 50 })
})
afterAll(() => aws.stop())

const recipe = {
  cache: { nodeType: 'cache.t4g.micro', replicas: 1, snapshotRetentionDays: '${parameter.retention}' },
}

const harness: Harness = {
  name: 'elasticache (a cache)',
  supports: {
    provisions: true,
    finds: 'it makes what it offers',
    update: true,
    plan: true,
    discover: 'a cache is made, never found',
    wipe: 'data can be removed from within the network of the cache alone',
    watch: true,
    login: true,
    rejectedRecipe: true,
    rejectedRole: true,
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
      recipe,
      parameters: { retention: 1 },
      otherParameters: { retention: 2 },
      roles: ['writer', 'reader'],
      wrongRecipe: { cache: { nodeTipe: 'cache.t4g.micro' } },
      login: (values) => userMayLogIn(aws, truth, values),
      async countOutside() {
        const { ReplicationGroups = [] } = await truth.send(new DescribeReplicationGroupsCommand({}))
        const { UserGroups = [] } = await truth.send(new DescribeUserGroupsCommand({}))
        const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
        // Without a cache nothing of it may be left: neither its group nor its users.
        const left = UserGroups.length + Users.filter(({ UserId }) => UserId !== 'default').length
        return ReplicationGroups.length === 0 ? left : ReplicationGroups.length
      },
      close: async () => truth.destroy(),
    }
  },
}

describe('elasticache (a cache)', () => {
  for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
})
