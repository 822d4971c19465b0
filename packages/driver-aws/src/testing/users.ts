/** Whether ElastiCache would let somebody in: the endpoint for tests has no caches to connect to, but all that decides it. */
import { DescribeUsersCommand, type ElastiCacheClient } from '@aws-sdk/client-elasticache'
import type { Json } from '@larder/kit'
import type { Aws } from '../../../../test/aws/endpoint.ts'

export async function userMayLogIn(
  aws: Aws,
  truth: ElastiCacheClient,
  { username, password }: Readonly<Record<string, Json | Uint8Array>>,
): Promise<boolean> {
  const { Users = [] } = await truth.send(new DescribeUsersCommand({}))
  const user = Users.find(({ UserName }) => UserName === username)
  const isOn = /(?:^| )on(?: |$)/.test(user?.AccessString ?? '')
  const isMember = (user?.UserGroupIds ?? []).length > 0
  const { passwords } = await aws.secrets()
  return (
    isOn && isMember && user?.Status === 'active' && (passwords[user.UserId ?? ''] ?? []).includes(String(password))
  )
}
