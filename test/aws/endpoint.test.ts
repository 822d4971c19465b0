/** The endpoint itself: accounts, processes that find it, and what becomes of it when its test does not stop it. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import {
  CreateCacheSubnetGroupCommand,
  DescribeCacheSubnetGroupsCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, isRunning, must, run } from '../testing/processes.ts'
import { startAws, type Aws } from './endpoint.ts'

let aws: Aws

beforeAll(async () => {
  aws = await startAws()
})
afterAll(() => aws.stop())

async function inAccount(account: string): Promise<{ accessKeyId: string; client: ElastiCacheClient }> {
  const sts = new STSClient(aws.client())
  const role = { RoleArn: `arn:aws:iam::${account}:role/any`, RoleSessionName: 'test' }
  const { Credentials } = await sts.send(new AssumeRoleCommand(role))
  const credentials = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  }
  const there = new STSClient({ ...aws.client(), credentials })
  expect(await there.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: account })
  for (const client of [sts, there]) client.destroy()
  const client = new ElastiCacheClient({ ...aws.client(), credentials, maxAttempts: 1 })
  return { accessKeyId: credentials.accessKeyId, client }
}

const subnetGroups = async (client: ElastiCacheClient) =>
  (await client.send(new DescribeCacheSubnetGroupsCommand({}))).CacheSubnetGroups!.map(
    (each) => each.CacheSubnetGroupName,
  )

test('accounts are apart, and one can be broken alone', async () => {
  const [one, other] = [await inAccount('222222222222'), await inAccount('333333333333')]
  await one.client.send(
    new CreateCacheSubnetGroupCommand({
      CacheSubnetGroupName: 'mine',
      CacheSubnetGroupDescription: 'of one account',
      SubnetIds: ['subnet-1'],
    }),
  )
  expect(await subnetGroups(one.client)).toEqual(['mine'])
  expect(await subnetGroups(other.client)).toEqual([])
  aws.faults.expireCredentials({ accessKeyId: one.accessKeyId })
  await expect(subnetGroups(one.client)).rejects.toMatchObject({ name: 'ExpiredToken' })
  expect(await subnetGroups(other.client)).toEqual([])
  aws.faults.lift()
  for (const { client } of [one, other]) client.destroy()
})

test('a process finds it by its environment, and nothing else', async () => {
  const program = `
    import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
    console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account)`
  const options = { cwd: import.meta.dirname, env: aws.env }
  const said = await must('node', run('node', ['--no-warnings', '--input-type=module', '-e', program], options))
  expect(said.trim()).toBe(aws.account)
  expect(aws.calls.count({ action: 'GetCallerIdentity' })).toBeGreaterThan(0)
})

test('it ends with the process that started it, also when that is killed', async () => {
  const launcher = join(import.meta.dirname, 'launcher')
  const python = (await must('install.py', run('python3', [join(launcher, 'install.py')]))).trim()
  const program = `
    const { spawn } = require('node:child_process')
    const child = spawn(process.argv[1], ['-B', process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.once('data', () => console.log(child.pid))`
  const parent = spawn('node', ['-e', program, python, join(launcher, 'main.py')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) =>
    createInterface(parent.stdout).once('line', (line) => resolve(Number(line))),
  )
  expect(isRunning(pid)).toBe(true)
  parent.kill('SIGKILL')
  await eventually('the end of moto', () => !isRunning(pid) || undefined)
})

test('what it is told and does not know is refused', async () => {
  await expect(aws.setTimes({ sleepingMs: 1 } as object)).rejects.toThrow('no such kind of change: sleeping')
  await expect(aws.fail({ operation: 'CreateNothing', reason: 'x' } as never)).rejects.toThrow('CreateNothing')
})
