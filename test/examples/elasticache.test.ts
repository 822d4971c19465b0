/**
 * The part of the document of Services Toolkit that is about AWS, as a reader of it follows it: what its commands print and do, and what AWS shows then. The
 * truth is read from AWS past the hub.
 */
import {
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeUserGroupsCommand,
  DescribeUsersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../aws/endpoint.ts'
import { readPage, runPage } from '../docs/page.ts'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { eventually, must, run } from '../testing/processes.ts'
import { bindingOf } from '../testing/redis.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../examples')
const EXAMPLE = join(EXAMPLES, '000-elasticache')
const read = (...path: readonly string[]) => readFileSync(join(EXAMPLES, ...path), 'utf8')

const blockOf = (text: string, language: string) =>
  new RegExp(`^\`\`\`${language}[^\\n]*\\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1] ?? ''

const DOCUMENT = read('000-elasticache', 'document.md')
const TABLE = blockOf(DOCUMENT, 'text')
const DELETES = blockOf(DOCUMENT, 'console').trimEnd().split('\n')

const NAMESPACE = 'service-instances'
const RG = 'replicationgroups.elasticache.services.k8s.aws'
const TEMPLATES = 'secrettemplates.secretgen.carvel.dev'

let aws: Aws
let truth: ElastiCacheClient

beforeAll(async () => {
  aws = await startAws()
  truth = new ElastiCacheClient(aws.client(aws.truthUrl))
})
afterAll(() => aws.stop())

/** All that there is in AWS and was not there from the start. */
const inAws = async () => ({
  caches: (await truth.send(new DescribeReplicationGroupsCommand({}))).ReplicationGroups ?? [],
  groups: (await truth.send(new DescribeUserGroupsCommand({}))).UserGroups ?? [],
  users: (await truth.send(new DescribeUsersCommand({}))).Users?.filter(({ UserId }) => UserId !== 'default') ?? [],
  subnets: (await truth.send(new DescribeCacheSubnetGroupsCommand({}))).CacheSubnetGroups?.filter(
    ({ CacheSubnetGroupName }) => CacheSubnetGroupName !== 'default',
  ),
})
const NOTHING = { caches: [], groups: [], users: [], subnets: [] }

test('the manifests are those of the document, and the walkthrough has its table and its deletes', () => {
  const other = read('000-services-toolkit', 'document.md')
  for (const name of ['clusterinstanceclass.yaml', 'clusterrole.yaml', 'resourceclaimpolicy.yaml']) {
    const manifest = read('000-elasticache', name)
    expect(manifest).toMatch(/^---\napiVersion/)
    expect(other).toContain(`title="${name}" linenums="1"\n${manifest}\`\`\``)
  }
  expect(DELETES).toHaveLength(13)
  expect(read('000-elasticache', 'README.md')).toContain(TABLE)
  expect(read('000-elasticache', 'README.md')).toContain(DELETES.join('\n'))
})

describe('the document, command by command', () => {
  let hub: Hub
  let tools: string
  const shell = (command: string) =>
    run('bash', ['-c', command], {
      cwd: EXAMPLE,
      env: { PATH: `${tools}:${process.env['PATH']}`, KUBECONFIG: hub.kubeconfig, KUBECACHEDIR: join(tools, '.cache') },
    })
  const get = async (what: string, path: string) =>
    hub.ok(['get', '-n', NAMESPACE, ...what.split(' '), '-o', `jsonpath={${path}}`])
  const condition = (what: string, type: string) => get(what, `.status.conditions[?(@.type=="${type}")].status`)

  beforeAll(async () => {
    hub = await newHub({ env: aws.env })
    await hub.start('--wait')
    tools = mkdtempSync(join(tmpdir(), 'larder-tools-'))
    await must('compat install', run(process.execPath, [LARDER, 'compat', 'install', '--dir', tools, 'tanzu']))
    symlinkSync((await kubectl()).path, join(tools, 'kubectl'))
  })
  afterAll(async () => {
    await hub.remove()
    rmSync(tools, { recursive: true })
  })

  test('row 29: kubectl prints the table of the six kinds', async () => {
    const { stdout } = await shell('kubectl api-resources --api-group elasticache.services.k8s.aws')
    expect(trimmed(stdout)).toBe(trimmed(TABLE))
  })

  test('row 67: a SecretTemplate waits for the cache, and is done when that is', { timeout: 90_000 }, async () => {
    await aws.setTimes({ creatingMs: Infinity })
    await hub.ok(['apply', '-f', join(EXAMPLE, 'redis.yaml')])
    const template = `${TEMPLATES} redis-writer-creds-bindable`
    await eventually('the template to wait', async () =>
      (await condition(template, 'ReconcileFailed')) === 'True' ? true : undefined,
    )
    expect(await condition(template, 'ReconcileSucceeded')).toBe('')
    await aws.setTimes({ creatingMs: 300 })
    // Row 70: the waits of the documents return.
    await hub.ok([...WAIT, '--for=condition=ACK.ResourceSynced=True', `${RG}/redis`])
    await hub.ok([...WAIT, '--for=condition=ReconcileSucceeded=True', `${TEMPLATES}/redis-writer-creds-bindable`])
    await hub.ok([...WAIT, '--for=condition=ReconcileSucceeded=True', TEMPLATES, '--all'])
  })

  test('row 42: the Secrets to bind have type, label and six keys, for reader and writer', async () => {
    const [group] = (await inAws()).caches[0]?.NodeGroups ?? []
    for (const user of ['reader', 'writer']) {
      const name = `redis-${user}-creds-bindable`
      const { password, ...rest } = await bindingOf(hub, NAMESPACE, name)
      const { Address, Port } = group?.PrimaryEndpoint ?? {}
      expect(rest).toEqual({ type: 'redis', username: user, ssl: 'true', host: Address, port: String(Port) })
      expect(password).toHaveLength(128)
      expect((await aws.secrets()).passwords[`redis-${user}`]).toEqual([password])
      expect(await get(`secret ${name}`, '.type')).toBe('servicebinding.io/redis')
      const label = String.raw`.metadata.labels.services\.apps\.tanzu\.vmware\.com/class`
      expect(await get(`secret ${name}`, label)).toBe('aws-elasticache')
    }
  })

  test('row 44: they are listed, claimed, and opened to another namespace', async () => {
    for (const name of ['clusterinstanceclass.yaml', 'clusterrole.yaml', 'resourceclaimpolicy.yaml']) {
      await hub.ok(['apply', '-f', join(EXAMPLE, name)])
    }
    await hub.ok(['wait', '--for=condition=Ready', 'clusterinstanceclass/aws-elasticache', '--timeout=30s'])
    const list = 'tanzu services claimable list --class aws-elasticache -n default'
    const before = await shell(list)
    expect(before.stdout.match(/redis-\w+-creds-bindable +service-instances +Secret +v1/g)).toHaveLength(2)
    const claim = [
      'tanzu services claim create redis-writer-claim --namespace default --resource-namespace service-instances',
      '--resource-name redis-writer-creds-bindable --resource-kind Secret --resource-api-version v1',
    ]
    expect(await shell(claim.join(' '))).toMatchObject({ code: 0 })
    await hub.ok(['wait', '--for=condition=Ready', `${CLAIMS}/redis-writer-claim`, '--timeout=30s'])
    expect((await shell(list)).stdout).not.toContain('redis-writer')
    const copy = await bindingOf(hub, 'default', 'redis-writer-creds-bindable')
    expect(copy).toEqual(await bindingOf(hub, NAMESPACE, 'redis-writer-creds-bindable'))
  })

  test('row 43: another password reaches AWS, the Secret to bind, and the copy of who has claimed it', async () => {
    const before = await bindingOf(hub, NAMESPACE, 'redis-writer-creds-bindable')
    await hub.ok(['delete', 'secret', 'redis-writer-creds', '-n', NAMESPACE])
    const after = await eventually('another password', async () => {
      const copy = await bindingOf(hub, 'default', 'redis-writer-creds-bindable')
      return copy['password'] === before['password'] ? undefined : copy
    })
    expect(after).toEqual({ ...before, password: after['password'] })
    await eventually('AWS to have it', async () =>
      (await aws.secrets()).passwords['redis-writer']?.includes(after['password'] ?? '') ? true : undefined,
    )
    await hub.ok([
      ...WAIT,
      '--for=condition=ACK.ResourceSynced=True',
      'users.elasticache.services.k8s.aws/redis-writer',
    ])
  })

  test(
    'row 75: the thirteen deletes of the document end well, in its order, and leave nothing in AWS',
    { timeout: 90_000 },
    async () => {
      await shell('tanzu services claim delete redis-writer-claim --yes')
      await hub.ok(['wait', '--for=delete', `${CLAIMS}/redis-writer-claim`, '--timeout=30s'])
      for (const command of DELETES) {
        const { code, stderr } = await shell(command)
        expect([command, code, stderr]).toEqual([command, 0, ''])
        // Row 76: a delete returns when the thing is gone.
        if (command.includes('replicationgroup')) expect((await inAws()).caches).toEqual([])
      }
      expect(await inAws()).toEqual(NOTHING)
      for (const command of DELETES) {
        const { code, stderr } = await shell(command)
        expect([command, code]).toEqual([command, 1])
        expect(stderr).toContain('not found')
      }
      expect(await hub.ok(['get', 'instances', '-A', '-o', 'name'])).not.toContain('/d-')
    },
  )
})

const WAIT = ['wait', '-n', NAMESPACE, '--timeout=60s']
const CLAIMS = 'resourceclaims.services.apps.tanzu.vmware.com'

const trimmed = (text: string) => text.replaceAll(/ +$/gm, '').trimEnd()

test('the walkthrough does what it says', { timeout: 200_000 }, async () => {
  await aws.reset()
  const page = readPage(join('examples', '000-elasticache', 'README.md'))
  const { printed, finished } = await runPage(page, aws.env)
  const said = `${finished.stdout}\n${finished.stderr}`
  page.steps.forEach(({ output, commands }, i) => {
    if (output) expect(printed[i], `${commands}\n${said}`).toEqual(output)
  })
  expect(finished.code, said).toBe(0)
  expect(await inAws()).toEqual(NOTHING)
})
