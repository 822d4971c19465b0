/** The calls of ElastiCache on things that are many: looked at together (lookup.ts), and owned by tags that no description shows. */
import {
  DescribeCacheParameterGroupsCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeEventsCommand,
  DescribeReplicationGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache'
import type {
  CacheParameterGroup,
  CacheSubnetGroup,
  ElastiCacheClient,
  ReplicationGroup,
  Snapshot,
  SourceType,
  User,
  UserGroup,
} from '@aws-sdk/client-elasticache'
import { call, isRefusal } from '../account/call.ts'
import { createLookup, type Lookup } from '../lookup.ts'
import { OWNER_TAG } from '../naming.ts'

export interface Elasticache {
  readonly client: ElastiCacheClient
  readonly caches: Lookup<ReplicationGroup>
  readonly userGroups: Lookup<UserGroup>
  readonly users: Lookup<User>
  readonly subnetGroups: Lookup<CacheSubnetGroup>
  readonly parameterGroups: Lookup<CacheParameterGroup>
  readonly snapshots: Lookup<Snapshot>
  tags(arn: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
  /** Asked of what was there a moment ago, and may be gone by now. */
  owner(arn: string, signal: AbortSignal): Promise<Owner>
  /** What it says of a thing, newest first. */
  events(type: SourceType, id: string, signal: AbortSignal): Promise<readonly string[]>
}

/** The instance that the tag names; none: nobody's. */
type Owner = 'gone' | { readonly id: string | undefined }

/** Of one thing, or of a page of all. */
type Query = { readonly id: string } | { readonly Marker: string | undefined; readonly MaxRecords: number }
type Page<T> = readonly [things: readonly T[] | undefined, marker: string | undefined]

const PAGE = 100

export function openElasticache(client: ElastiCacheClient, now: () => number): Elasticache {
  const lookupOf = <T>(
    action: string,
    nameOf: (thing: T) => string | undefined,
    ask: (query: Query, options: { abortSignal: AbortSignal }) => Promise<Page<T>>,
  ): Lookup<T> => {
    const asked = (query: Query, abortSignal: AbortSignal) =>
      call(`elasticache:${action}`, () => ask(query, { abortSignal }))
    return createLookup<T>(
      {
        nameOf: (thing) => nameOf(thing) ?? '',
        one: (id, signal) => unlessNotFound(async () => (await asked({ id }, signal))[0]?.[0]),
        all: (signal) => pages((Marker) => asked({ Marker, MaxRecords: PAGE }, signal)),
      },
      now,
    )
  }
  return {
    client,
    caches: lookupOf<ReplicationGroup>(
      'DescribeReplicationGroups',
      ({ ReplicationGroupId }) => ReplicationGroupId,
      async (query, options) => {
        const input = 'id' in query ? { ReplicationGroupId: query.id } : query
        const page = await client.send(new DescribeReplicationGroupsCommand(input), options)
        return [page.ReplicationGroups, page.Marker]
      },
    ),
    userGroups: lookupOf<UserGroup>(
      'DescribeUserGroups',
      ({ UserGroupId }) => UserGroupId,
      async (query, options) => {
        const input = 'id' in query ? { UserGroupId: query.id } : query
        const page = await client.send(new DescribeUserGroupsCommand(input), options)
        return [page.UserGroups, page.Marker]
      },
    ),
    users: lookupOf<User>(
      'DescribeUsers',
      ({ UserId }) => UserId,
      async (query, options) => {
        const input = 'id' in query ? { UserId: query.id } : query
        const page = await client.send(new DescribeUsersCommand(input), options)
        return [page.Users, page.Marker]
      },
    ),
    subnetGroups: lookupOf<CacheSubnetGroup>(
      'DescribeCacheSubnetGroups',
      ({ CacheSubnetGroupName }) => CacheSubnetGroupName,
      async (query, options) => {
        const input = 'id' in query ? { CacheSubnetGroupName: query.id } : query
        const page = await client.send(new DescribeCacheSubnetGroupsCommand(input), options)
        return [page.CacheSubnetGroups, page.Marker]
      },
    ),
    parameterGroups: lookupOf<CacheParameterGroup>(
      'DescribeCacheParameterGroups',
      ({ CacheParameterGroupName }) => CacheParameterGroupName,
      async (query, options) => {
        const input = 'id' in query ? { CacheParameterGroupName: query.id } : query
        const page = await client.send(new DescribeCacheParameterGroupsCommand(input), options)
        return [page.CacheParameterGroups, page.Marker]
      },
    ),
    snapshots: lookupOf<Snapshot>(
      'DescribeSnapshots',
      ({ SnapshotName }) => SnapshotName,
      async (query, options) => {
        const input = 'id' in query ? { SnapshotName: query.id } : { Marker: query.Marker }
        const page = await client.send(new DescribeSnapshotsCommand(input), options)
        return [page.Snapshots, page.Marker]
      },
    ),
    tags: (arn, signal) => tags(client, arn, signal),
    async owner(arn, signal) {
      const found = await unlessNotFound(() => tags(client, arn, signal))
      return found ? { id: found[OWNER_TAG] } : 'gone'
    },
    events: (type, id, signal) => events(client, type, id, signal),
  }
}

async function tags(
  client: ElastiCacheClient,
  arn: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { TagList = [] } = await call('elasticache:ListTagsForResource', () =>
    client.send(new ListTagsForResourceCommand({ ResourceName: arn }), { abortSignal: signal }),
  )
  return Object.fromEntries(TagList.map(({ Key = '', Value = '' }) => [Key, Value]))
}

/** As far back as it remembers, in minutes. */
const EVENTS_MINUTES = 20_160
const EVENTS = 20

async function events(
  client: ElastiCacheClient,
  type: SourceType,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = { SourceType: type, SourceIdentifier: id, Duration: EVENTS_MINUTES, MaxRecords: EVENTS }
  const { Events = [] } = await call('elasticache:DescribeEvents', () =>
    client.send(new DescribeEventsCommand(query), { abortSignal: signal }),
  )
  return Events.map(({ Message = '' }) => Message)
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

async function* pages<T>(ask: (marker: string | undefined) => Promise<Page<T>>): AsyncIterable<readonly T[]> {
  let marker: string | undefined
  do {
    const [things = [], next] = await ask(marker)
    yield things
    marker = next === '' ? undefined : next
  } while (marker !== undefined)
}

export const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
