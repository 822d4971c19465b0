/** The reference package of document 000 as one class: claimed, used, and removed by one delete, with AWS asked for the truth. */
import {
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAws, type Aws } from '../aws/endpoint.ts'
import { readPage, runPage } from '../docs/page.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { eventually } from '../testing/processes.ts'

const FOLDER = 'examples/000-elasticache/composition'
const EXAMPLE = resolve(import.meta.dirname, '../..', FOLDER)

let aws: Aws
beforeAll(async () => {
  aws = await startAws({ creatingMs: 300, modifyingMs: 50, deletingMs: 300 })
})
afterAll(() => aws.stop())

/** By kind, as AWS has them, past the proxy. */
async function outside() {
  const client = new ElastiCacheClient(aws.client(aws.truthUrl))
  const [users, groups, caches, subnets] = await Promise.all([
    client.send(new DescribeUsersCommand({})),
    client.send(new DescribeUserGroupsCommand({})),
    client.send(new DescribeReplicationGroupsCommand({})),
    client.send(new DescribeCacheSubnetGroupsCommand({})),
  ])
  return {
    users: (users.Users ?? []).filter(({ UserId }) => UserId !== 'default'),
    groups: groups.UserGroups ?? [],
    caches: caches.ReplicationGroups ?? [],
    subnets: (subnets.CacheSubnetGroups ?? []).filter(({ CacheSubnetGroupName: name }) => name !== 'default'),
  }
}

const counts = async () => Object.values(await outside()).map((things) => things.length)

const PATIENCE_MS = 60_000

test(
  'one claim makes eight things in the order of what they read, one delete removes them in the other',
  {
    timeout: 200_000,
  },
  async () => {
    const hub = await newHub({ env: aws.env })
    try {
      await hub.start()
      await hub.ok(['apply', '-f', join(EXAMPLE, 'backend.yaml'), '-f', join(EXAMPLE, 'class.yaml')])
      await hub.ok(['wait', '--for=condition=Ready', 'class.larder.dev/aws-elasticache-redis', '--timeout=60s'])
      await hub.ok(['apply', '-f', join(EXAMPLE, 'claim.yaml')])
      await hub.ok(['wait', '--for=condition=Ready', 'claim.larder.dev/redis', '-n', 'shop', '--timeout=60s'])
      await hasWhatTheClaimSays(hub, 'writer')
      await hub.ok([
        'patch',
        'claim.larder.dev/redis',
        '-n',
        'shop',
        '--type=merge',
        '-p',
        '{"spec":{"role":"reader"}}',
      ])
      await eventually('the Secret of the other role', async () => (await secretOf(hub))['username'] === 'reader')
      await hasWhatTheClaimSays(hub, 'reader')
      const steps = await stepsOf(hub)
      const order = ['users', 'cache'].map((id) => steps.indexOf(`Waiting for ${id}`))
      expect(order, steps.join()).toEqual([...order].sort((a, b) => a - b))
      expect(order[0]).toBeGreaterThan(-1)

      await hub.ok(['delete', 'claim.larder.dev/redis', '-n', 'shop'])
      await eventually(
        'AWS to have none of it',
        async () => (await counts()).every((count) => count === 0),
        PATIENCE_MS,
      )
      await hub.ok(['wait', '--for=delete', 'instances.larder.dev', '--all', '-n', 'larder-instances', '--timeout=60s'])
      // Secrets of Passwords go behind these, in the background.
      const left = ['get', 'passwords.secretgen.k14s.io,secrets', '-n', 'service-instances', '-o', 'name']
      await eventually('no password and no Secret', async () => (await hub.ok(left)) === '', PATIENCE_MS)
      // What reads goes before what it reads; the network may go beside the users.
      const asked = Object.keys(aws.calls.byAction()).filter((action) => action.startsWith('Delete'))
      const inOrder = ['DeleteReplicationGroup', 'DeleteUserGroup', 'DeleteUser']
      expect(asked.filter((action) => inOrder.includes(action))).toEqual(inOrder)
      expect(asked.filter((action) => ['DeleteReplicationGroup', 'DeleteCacheSubnetGroup'].includes(action))).toEqual([
        'DeleteReplicationGroup',
        'DeleteCacheSubnetGroup',
      ])
    } finally {
      await hub.remove()
    }
  },
)

async function hasWhatTheClaimSays(hub: Hub, role: 'writer' | 'reader'): Promise<void> {
  const { users, groups, caches, subnets } = await outside()
  expect([users.length, groups.length, caches.length, subnets.length]).toEqual([3, 1, 1, 1])
  expect(users.map(({ UserName }) => String(UserName)).sort()).toEqual(['default', 'reader', 'writer'])
  const [cache] = caches
  expect(cache).toMatchObject({ TransitEncryptionEnabled: true, UserGroupIds: [groups[0]?.UserGroupId] })
  const values = await secretOf(hub)
  const endpoint = cache?.NodeGroups?.[0]?.PrimaryEndpoint
  expect(values).toMatchObject({
    type: 'redis',
    host: endpoint?.Address,
    port: String(endpoint?.Port),
    username: role,
    ssl: 'true',
  })
  const user = users.find(({ UserName }) => UserName === role)
  expect((await aws.secrets()).passwords[user!.UserId!]).toEqual([values['password']])
  expect(values['password']).toHaveLength(128)
}

async function secretOf(hub: Hub): Promise<Readonly<Record<string, string>>> {
  const { data } = JSON.parse(await hub.ok(['get', 'secret', 'redis', '-n', 'shop', '-o', 'json'])) as {
    data: Record<string, string>
  }
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

async function stepsOf(hub: Hub): Promise<readonly string[]> {
  const { items } = JSON.parse(
    await hub.ok(['get', 'instances.larder.dev', '-n', 'larder-instances', '-o', 'json']),
  ) as {
    items: { spec: { className?: string }; status: { steps: { name: string }[] } }[]
  }
  const instance = items.find(({ spec }) => spec.className === 'aws-elasticache-redis')
  return instance?.status.steps.map(({ name }) => name) ?? []
}

test('the walkthrough does what it says', { timeout: 200_000 }, async () => {
  await aws.reset()
  const page = readPage(join(FOLDER, 'README.md'))
  const { printed, finished } = await runPage(page, aws.env)
  const said = `${finished.stdout}\n${finished.stderr}`
  page.steps.forEach(({ output, commands }, i) => {
    if (output) expect(printed[i], `${commands}\n${said}`).toEqual(output)
  })
  expect(finished.code, said).toBe(0)
  expect(await counts()).toEqual([0, 0, 0, 0])
})
