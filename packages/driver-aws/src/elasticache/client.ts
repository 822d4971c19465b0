/** The calls of ElastiCache on things that are many: looked at together (lookup.ts), and owned by tags that no description shows. */
import {
  DescribeEventsCommand,
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache'
import type { ElastiCacheClient, ReplicationGroup, SourceType, User, UserGroup } from '@aws-sdk/client-elasticache'
import { call, isRefusal } from '../account/call.ts'
import { createLookup, type Lookup } from '../lookup.ts'

export interface Elasticache {
  readonly client: ElastiCacheClient
  readonly caches: Lookup<ReplicationGroup>
  readonly userGroups: Lookup<UserGroup>
  readonly users: Lookup<User>
  tags(arn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
  /** What it says of a thing, newest first. */
  events(type: SourceType, id: string, signal: AbortSignal): Promise<readonly string[]>
}

const PAGE = 100
/** As far back as it remembers, in minutes. */
const EVENTS_MINUTES = 20_160
const EVENTS = 20

export function openElasticache(client: ElastiCacheClient, now: () => number): Elasticache {
  return {
    client,
    caches: createLookup<ReplicationGroup>(
      {
        nameOf: ({ ReplicationGroupId = '' }) => ReplicationGroupId,
        one: (id, signal) =>
          unlessNotFound(async () => {
            const { ReplicationGroups } = await call('elasticache:DescribeReplicationGroups', () =>
              client.send(new DescribeReplicationGroupsCommand({ ReplicationGroupId: id }), { abortSignal: signal }),
            )
            return ReplicationGroups?.[0]
          }),
        all: (signal) =>
          pages(async (Marker) => {
            const page = await call('elasticache:DescribeReplicationGroups', () =>
              client.send(new DescribeReplicationGroupsCommand({ Marker, MaxRecords: PAGE }), { abortSignal: signal }),
            )
            return [page.ReplicationGroups ?? [], page.Marker]
          }),
      },
      now,
    ),
    userGroups: createLookup<UserGroup>(
      {
        nameOf: ({ UserGroupId = '' }) => UserGroupId,
        one: (id, signal) =>
          unlessNotFound(async () => {
            const { UserGroups } = await call('elasticache:DescribeUserGroups', () =>
              client.send(new DescribeUserGroupsCommand({ UserGroupId: id }), { abortSignal: signal }),
            )
            return UserGroups?.[0]
          }),
        all: (signal) =>
          pages(async (Marker) => {
            const page = await call('elasticache:DescribeUserGroups', () =>
              client.send(new DescribeUserGroupsCommand({ Marker, MaxRecords: PAGE }), { abortSignal: signal }),
            )
            return [page.UserGroups ?? [], page.Marker]
          }),
      },
      now,
    ),
    users: createLookup<User>(
      {
        nameOf: ({ UserId = '' }) => UserId,
        one: (id, signal) =>
          unlessNotFound(async () => {
            const { Users } = await call('elasticache:DescribeUsers', () =>
              client.send(new DescribeUsersCommand({ UserId: id }), { abortSignal: signal }),
            )
            return Users?.[0]
          }),
        all: (signal) =>
          pages(async (Marker) => {
            const page = await call('elasticache:DescribeUsers', () =>
              client.send(new DescribeUsersCommand({ Marker, MaxRecords: PAGE }), { abortSignal: signal }),
            )
            return [page.Users ?? [], page.Marker]
          }),
      },
      now,
    ),
    async tags(arn, signal) {
      const { TagList = [] } = await call('elasticache:ListTagsForResource', () =>
        client.send(new ListTagsForResourceCommand({ ResourceName: arn }), { abortSignal: signal }),
      )
      return Object.fromEntries(TagList.map(({ Key = '', Value = '' }) => [Key, Value]))
    },
    async events(type, id, signal) {
      const { Events = [] } = await call('elasticache:DescribeEvents', () =>
        client.send(
          new DescribeEventsCommand({
            SourceType: type,
            SourceIdentifier: id,
            Duration: EVENTS_MINUTES,
            MaxRecords: EVENTS,
          }),
          { abortSignal: signal },
        ),
      )
      return Events.map(({ Message = '' }) => Message)
    },
  }
}

/** Each kind has its own word for it. */
async function unlessNotFound<T>(run: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (isRefusal(error) && error.code.endsWith('NotFound')) return undefined
    throw error
  }
}

async function* pages<T>(
  ask: (marker: string | undefined) => Promise<[things: readonly T[], next: string | undefined]>,
): AsyncIterable<readonly T[]> {
  let marker: string | undefined
  do {
    const [things, next] = await ask(marker)
    yield things
    marker = next === '' ? undefined : next
  } while (marker !== undefined)
}

export const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
