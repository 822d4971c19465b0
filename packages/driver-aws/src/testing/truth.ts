/** What there is in AWS, asked past the proxy: neither counted nor broken. */
import { CloudFormationClient, ListStacksCommand } from '@aws-sdk/client-cloudformation'
import {
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { expect, vi } from 'vitest'
import type { Aws } from '../../../../test/aws/endpoint.ts'

/** Of the account and the region of the tests, unless something else is said. */
export interface Whose {
  readonly region?: string
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
}

/** The states of all that ever were, also of those that are gone. */
export async function stacksEver(aws: Aws, whose: Whose = {}): Promise<readonly string[]> {
  const client = new CloudFormationClient({ ...aws.client(aws.truthUrl), ...whose })
  const states: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(new ListStacksCommand({ NextToken: token }))
    states.push(...(page.StackSummaries ?? []).map(({ StackStatus = '' }) => StackStatus))
    token = page.NextToken
  } while (token !== undefined)
  return states
}

/** How many; without the user that every account has. */
export async function cachesThere(aws: Aws, whose: Whose = {}) {
  const client = new ElastiCacheClient({ ...aws.client(aws.truthUrl), ...whose })
  const { ReplicationGroups = [] } = await client.send(new DescribeReplicationGroupsCommand({}))
  const { UserGroups = [] } = await client.send(new DescribeUserGroupsCommand({}))
  const { Users = [] } = await client.send(new DescribeUsersCommand({}))
  const users = Users.filter(({ UserId }) => UserId !== 'default').length
  return { caches: ReplicationGroups.length, groups: UserGroups.length, users }
}

/** Not `expect.poll`, which tests that run at once cannot share. */
export const becomes = <T>(ask: () => Promise<T>, wanted: T): Promise<void> =>
  vi.waitFor(async () => expect(await ask()).toEqual(wanted), { timeout: 50_000, interval: 50 })
