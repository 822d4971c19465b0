/** The document of AWS Service Operator as a reader of it follows it, against an AWS for tests, which is asked in the end what there is. */
import { DescribeStacksCommand, CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../aws/endpoint.ts'
import { readPage, runPage } from '../docs/page.ts'
import { newHub, type Hub } from '../testing/hub.ts'
import { kubectl } from '../testing/kubectl.ts'
import { eventually } from '../testing/processes.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../examples/002-aws-service-operator')
const read = (name: string) => readFileSync(join(EXAMPLE, name), 'utf8')

/** The block of document.md with these words behind its language. */
function quoted(words: string): string {
  const [, text] = new RegExp(`^\`\`\`yaml ${words}\n(.*?)^\`\`\`$`, 'ms').exec(read('document.md')) ?? []
  if (text === undefined) throw new Error(`document.md has no block ${words}`)
  return text
}

test('the manifest is that of the document, letter by letter', () => {
  expect(read('dynamodb.yaml')).toBe(quoted('title="dynamodb.yaml"'))
})

let aws: Aws
beforeAll(async () => {
  aws = await startAws()
})
afterAll(() => aws.stop())

const tables = async () =>
  (await new DynamoDBClient(aws.client(aws.truthUrl)).send(new ListTablesCommand({}))).TableNames

describe('with stock kubectl', () => {
  let hub: Hub
  beforeAll(async () => {
    await aws.reset()
    hub = await newHub({ env: aws.env })
    await hub.start()
  })
  afterAll(() => hub.remove())

  test('row 1: kinds, plurals and short names as kubectl knows them', async () => {
    const listed = await hub.ok(['api-resources', '--api-group', 'service-operator.aws', '--no-headers'])
    const rows = listed
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(rows.map(([plural, short, , namespaced, kind]) => [plural, short, namespaced, kind])).toEqual([
      ['cloudformationtemplates', 'cft,cfts,cfn,cfns,cloudformation', 'true', 'CloudFormationTemplate'],
      ['dynamodbs', 'ddb,ddbs,dynamo,dynamotable,dynamotables', 'true', 'DynamoDB'],
      ['ecrrepositories', 'ecr,repository', 'true', 'ECRRepository'],
      ['elasticaches', 'ec', 'true', 'ElastiCache'],
      ['s3buckets', 's3,bucket,buckets', 'true', 'S3Bucket'],
      ['snssubscriptions', 'subscription', 'true', 'SNSSubscription'],
      ['snstopics', 'sns,topic,topics', 'true', 'SNSTopic'],
      ['sqsqueues', 'sqs,queue,queues', 'true', 'SQSQueue'],
    ])
    for (const name of ['ddb', 'dynamodb', 'ecr', 's3', 'sns', 'sqs', 'subscription', 'cft', 'ec'])
      await hub.ok(['get', name])
  })

  test('row 2: the manifest is accepted as it is, and both transcripts are what kubectl prints', async () => {
    // Until somebody has seen it.
    await aws.setTimes({ creatingMs: Infinity })
    const watch = await watching(hub, ['get', 'dynamodb', '-o', 'yaml', '-w'])
    expect(await hub.ok(['apply', '-f', join(EXAMPLE, 'dynamodb.yaml')])).toBe(
      'dynamodb.service-operator.aws/dynamo-table created\n',
    )
    const withStatus = (status: string) =>
      eventually(status, () => {
        const objects = watch
          .printed()
          .split('---\n')
          .filter((text) => text.includes('resourceStatus: '))
        return objects.at(-1)?.includes(`resourceStatus: ${status}\n`) ? objects : undefined
      })
    await withStatus('CREATE_IN_PROGRESS')
    await aws.setTimes({ creatingMs: 300 })
    const shown = await withStatus('CREATE_COMPLETE')
    watch.stop()
    expect(comparable(shown[0]!)).toBe(comparable(quoted('shows="first"')))
    expect(comparable(shown.at(-1)!)).toBe(comparable(quoted('shows="last"')))
    expect(new Set(shown.map(stackOf)).size).toBe(1)
    const truth = new CloudFormationClient(aws.client(aws.truthUrl))
    const { Stacks = [] } = await truth.send(new DescribeStacksCommand({}))
    expect(Stacks.map(({ StackId, StackStatus }) => [StackId, StackStatus])).toEqual([
      [stackOf(shown[0]!), 'CREATE_COMPLETE'],
    ])
    const { Table } = await new DynamoDBClient(aws.client(aws.truthUrl)).send(
      new DescribeTableCommand({ TableName: 'dynamo-table' }),
    )
    expect(shown.at(-1)).toContain(`tableARN: ${Table?.TableArn}\n`)
  })

  test('its timeline has the step of its stack, and when it was ready', async () => {
    const { stdout, stderr, code } = await hub.larder('timeline', 'dynamodb/dynamo-table')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^\S+ +create +[^│]*Done +1$/m)
    expect(stdout).toMatch(/^\S+ +Ready /m)
  })

  test('an apply of the same again changes nothing, and a delete takes all of it', async () => {
    const before = await hub.ok(['get', 'dynamodb', 'dynamo-table', '-o', 'yaml'])
    aws.calls.clear()
    expect(await hub.ok(['apply', '-f', join(EXAMPLE, 'dynamodb.yaml')])).toBe(
      'dynamodb.service-operator.aws/dynamo-table unchanged\n',
    )
    expect(await hub.ok(['get', 'dynamodb', 'dynamo-table', '-o', 'yaml'])).toBe(before)
    for (const action of ['CreateChangeSet', 'UpdateStack']) expect(aws.calls.count({ action }), action).toBe(0)
    await hub.ok(['delete', 'dynamodb', 'dynamo-table'])
    expect(await tables()).toEqual([])
    await eventually('the ConfigMap to go', async () =>
      (await hub.ok(['get', 'configmap', '-o', 'name'])).includes('dynamo-table') ? undefined : true,
    )
  })
})

const stackOf = (text: string) => /stackID: (.*)/.exec(text)?.[1]

/** Without what an API of 2018 had or lacked, and what differs each time. */
const comparable = (text: string): string =>
  text
    .replaceAll(/^ {2}(?:clusterName|creationTimestamp|generation|resourceVersion|selfLink|uid): .*\n/gm, '')
    .replaceAll('  finalizers:\n  - service-operator.aws/larder\n', '')
    .replaceAll(aws.account, 'XXXXXXXXXXXX')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .trimEnd()

async function watching(hub: Hub, args: readonly string[]) {
  const child = spawn((await kubectl()).path, ['--kubeconfig', hub.kubeconfig, ...args])
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  return { printed: () => printed, stop: () => void child.kill() }
}

test('the walkthrough does what it says', { timeout: 200_000 }, async () => {
  await aws.reset()
  const page = readPage(join('examples', '002-aws-service-operator', 'README.md'))
  const { printed, finished } = await runPage(page, aws.env)
  const said = `${finished.stdout}\n${finished.stderr}`
  page.steps.forEach(({ output, commands }, i) => {
    if (output) expect(printed[i], `${commands}\n${said}`).toEqual(output)
  })
  expect(finished.code, said).toBe(0)
  expect(await tables()).toEqual([])
})
