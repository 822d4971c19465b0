/** Whose credentials are used, in which account and where: asked of AWS, by what it then shows in which account. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import type { CloudFormationClientConfig } from '@aws-sdk/client-cloudformation'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { Json, Secrets, Session, Want } from '@larder/kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { cloudformationDriver } from '../cloudformation/driver.ts'
import { hostOf } from '../testing/stage.ts'

let aws: Aws
const never = new AbortController().signal
const ROLE = 'arn:aws:iam::222222222222:role/larder'
const TEMPLATE = 'Resources: {Queue: {Type: "AWS::SQS::Queue"}}'

beforeAll(async () => {
  aws = await startAws({ creatingMs: 0 })
})
beforeEach(async () => {
  await aws.reset()
  for (const name of Object.keys(process.env).filter((name) => name.startsWith('AWS_'))) vi.stubEnv(name, undefined)
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/dev/null')
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => aws.stop())

const open = (config: Json, credentials: Secrets = {}): Session =>
  cloudformationDriver().connect({ config, credentials }, hostOf())

const bytes = (text: string) => new TextEncoder().encode(text)

function secret(): Secrets {
  const { accessKeyId, secretAccessKey } = aws.client().credentials
  return { AWS_ACCESS_KEY_ID: bytes(accessKeyId), AWS_SECRET_ACCESS_KEY: bytes(secretAccessKey) }
}

const wanted = (more: Partial<Want> = {}): Want => ({
  id: 'a',
  generation: 1,
  recipe: { template: TEMPLATE },
  parameters: {},
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
  ...more,
})

async function stacksIn(settings: CloudFormationClientConfig): Promise<number> {
  const { Stacks = [] } = await new CloudFormationClient(settings).send(new DescribeStacksCommand({}))
  return Stacks.length
}

const place = () => ({ region: aws.client().region, endpoint: aws.url })

describe('credentials', () => {
  test('of a Secret', async () => {
    expect(await open(place(), secret()).probe(never)).toMatchObject({ info: { accountID: '123456789012' } })
  })

  test('of the environment, with its region and endpoint', async () => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
    expect(await open({}).probe(never)).toMatchObject({ info: { accountID: '123456789012', region: 'us-west-2' } })
    expect(aws.calls.count({ action: 'GetCallerIdentity' })).toBe(1)
  })

  test('of a role of another account, which is taken once', async () => {
    const session = open({ ...place(), assumeRole: { roleARN: ROLE, externalID: 'larder' } }, secret())
    expect(await session.probe(never)).toMatchObject({ info: { accountID: '222222222222' } })
    await session.create({ ...wanted(), intent: 'create' }, never)
    const theirs = await new STSClient(aws.client(aws.truthUrl)).send(
      new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'test' }),
    )
    const {
      AccessKeyId: accessKeyId = '',
      SecretAccessKey: secretAccessKey = '',
      SessionToken: sessionToken = '',
    } = theirs.Credentials ?? {}
    const there = { ...aws.client(aws.truthUrl), credentials: { accessKeyId, secretAccessKey, sessionToken } }
    expect(await stacksIn(there)).toBe(1)
    expect(await stacksIn(aws.client(aws.truthUrl))).toBe(0)
    // Once for what is asked of STS, once for CloudFormation: each client keeps them until they end.
    expect(aws.calls.count({ action: 'AssumeRole' })).toBeLessThanOrEqual(2)
  })

  test('of a role that may not be taken', async () => {
    aws.faults.refuse(
      { action: 'AssumeRole' },
      { status: 403, code: 'AccessDenied', message: 'User is not authorized to perform: sts:AssumeRole' },
    )
    const session = open({ ...place(), assumeRole: { roleARN: ROLE } }, secret())
    await expect(session.probe(never)).rejects.toMatchObject({
      code: 'denied',
      message: 'sts:AssumeRole: AccessDenied: User is not authorized to perform: sts:AssumeRole',
    })
  })

  test('of an instance of its own, beside those of its backend', async () => {
    const session = open(place())
    const want = wanted({ credentials: secret() })
    await session.create({ ...want, intent: 'create' }, never)
    expect((await session.observe(want, never)).phase).not.toBe('absent')
    await expect(session.observe(wanted(), never)).rejects.toMatchObject({ code: 'denied' })
  })

  test('that are nowhere, or half of them', async () => {
    await expect(open(place()).probe(never)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('spec.credentialsRef'),
    })
    const { AWS_ACCESS_KEY_ID: half } = secret()
    await expect(open(place(), { AWS_ACCESS_KEY_ID: half! }).probe(never)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('AWS_SECRET_ACCESS_KEY'),
    })
  })
})

describe('configuration', () => {
  test('without a region anywhere', async () => {
    const session = open({ endpoint: aws.url }, secret())
    await expect(session.probe(never)).rejects.toMatchObject({ code: 'invalid', path: 'config.region' })
    await expect(session.observe(wanted(), never)).rejects.toMatchObject({ code: 'invalid', path: 'config.region' })
  })

  test.each([
    [{ region: 'Frankfurt' }, 'config.region'],
    [{ endpoint: 'localhost:4566' }, 'config.endpoint'],
    [{ assumeRole: {} }, 'config.assumeRole.roleARN'],
    [{ zone: 'a' }, 'config.zone'],
  ])('%j is refused at its field', async (config, path) => {
    await expect(open(config).probe(never)).rejects.toMatchObject({ code: 'invalid', path })
  })
})
