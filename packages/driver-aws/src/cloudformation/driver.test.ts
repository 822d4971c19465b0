/** What the suite cannot know of: stacks of others, failed ones, changes that replace, lost answers, many at once. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation'
import type { Seen, Session, Want } from '@larder/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { connect } from '../testing/stage.ts'
import { queueRecipe } from '../testing/templates.ts'
import { cloudformationDriver } from './driver.ts'

let aws: Aws
let session: Session
let truth: CloudFormationClient
const never = new AbortController().signal

beforeAll(async () => {
  aws = await startAws({ creatingMs: 0, modifyingMs: 0, deletingMs: 0 })
  truth = new CloudFormationClient(aws.client(aws.truthUrl))
})
beforeEach(async () => {
  await aws.reset()
  await aws.setTimes({ creatingMs: 0, modifyingMs: 0, deletingMs: 0 })
  session = connect(cloudformationDriver(), aws)
})
afterAll(() => aws.stop())

const wanted = (more: Partial<Want> = {}): Want => ({
  id: 'a',
  generation: 1,
  recipe: queueRecipe,
  parameters: { timeout: 10 },
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
  ...more,
})

/** As the hub does it: with the state of the last answer. */
async function made(want: Want): Promise<Want> {
  const { state } = await session.create({ ...want, intent: 'create' }, never)
  const kept = { ...want, ...(state !== undefined && { state }) }
  await until(kept, 'ready')
  return kept
}

async function until(want: Want, phase: Seen['phase']): Promise<Seen> {
  let last: Seen | undefined
  await expect
    .poll(
      async () => {
        last = await session.observe(want, never)
        return last.phase
      },
      { timeout: 15_000, interval: 50 },
    )
    .toBe(phase)
  return last!
}

const stackOf = async (name: string) => {
  const { Stacks: [stack] = [] } = await truth.send(new DescribeStacksCommand({ StackName: name }))
  return stack
}
const stacks = async () => (await truth.send(new DescribeStacksCommand({}))).Stacks ?? []

const foreign = (StackName: string, Tags: { Key: string; Value: string }[] = []) =>
  truth.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: queueRecipe.template,
      Capabilities: ['CAPABILITY_IAM'],
      Parameters: [{ ParameterKey: 'VisibilityTimeout', ParameterValue: '10' }],
      Tags,
    }),
  )

describe('a stack', () => {
  test('has the name that a door dictates, its tags, and what the claim says', async () => {
    const recipe = { ...queueRecipe, tags: { Namespace: '${origin.namespace}', Heritage: 'operator.aws' } }
    const origin = { door: 'test', namespace: 'shop' }
    await made(wanted({ name: 'aws-service-operator-sqsqueue-jobs-shop', recipe, origin }))
    const stack = await stackOf('aws-service-operator-sqsqueue-jobs-shop')
    expect(stack?.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'Namespace', Value: 'shop' },
        { Key: 'Heritage', Value: 'operator.aws' },
        { Key: 'larder.dev/id', Value: 'a' },
      ]),
    )
    expect(stack?.Parameters).toContainEqual({ ParameterKey: 'VisibilityTimeout', ParameterValue: '10' })
  })

  test('a name that CloudFormation forbids is refused before anything is asked', async () => {
    await expect(session.create(wanted({ name: 'a_b' }), never)).rejects.toMatchObject({
      code: 'invalid',
      path: 'externalName',
    })
    expect(aws.calls.count({})).toBe(0)
  })

  test('a parameter that is not given is left to the template; without a mapping the claim names them itself', async () => {
    await made(wanted({ parameters: {} }))
    expect((await stackOf('larder-a'))?.Parameters?.[0]?.ParameterValue).toBe('30')
    const { parameters: _none, ...recipe } = queueRecipe
    await made(wanted({ id: 'b', recipe, parameters: { VisibilityTimeout: 7 } }))
    expect((await stackOf('larder-b'))?.Parameters?.[0]?.ParameterValue).toBe('7')
  })

  test('shows its outputs but not the secret ones, which are in bindings alone', async () => {
    const want = await made(wanted())
    const seen = await session.observe(want, never)
    expect(Object.keys(seen.outputs as object).sort()).toEqual(['AccessKey', 'QueueURL'])
    const bound = await session.bind(want, { id: 'c', parameters: {}, origin: { door: 'test' } }, never)
    expect(bound).toMatchObject({ phase: 'ready', values: { password: expect.stringMatching(/.{20,}/) } })
  })

  test('is made once when the answer is lost', async () => {
    const lost = aws.faults.reset({ action: 'CreateStack' }, { at: 'answer' })
    await expect(session.create(wanted(), never)).rejects.toMatchObject({ code: 'ambiguous' })
    lost.lift()
    const [first] = await stacks()
    session = connect(cloudformationDriver(), aws)
    await made(wanted())
    expect((await stacks()).map(({ StackId }) => StackId)).toEqual([first?.StackId])
  })
})

describe('a stack of somebody else', () => {
  test('is not taken, not changed and not removed', async () => {
    await foreign('larder-a')
    await session.create({ ...wanted(), intent: 'create' }, never)
    expect(await session.observe(wanted(), never)).toMatchObject({
      phase: 'conflict',
      message: 'a stack called larder-a exists and is not of this instance: it has no tag larder.dev/id',
    })
    await session.delete({ ...wanted(), intent: 'delete' }, never)
    await expect(session.update?.(wanted(), never)).rejects.toMatchObject({ code: 'blocked' })
    expect(await stacks()).toHaveLength(1)
  })

  test('is taken by an instance that adopts, and becomes its own with the first change', async () => {
    await foreign('larder-a')
    const want = wanted({ existing: 'Adopt' })
    expect(await session.observe(want, never)).toMatchObject({
      phase: 'ready',
      drift: [{ path: 'recipe.tags.larder.dev/id' }],
    })
    await session.update?.(want, never)
    expect(await until(want, 'ready')).toMatchObject({ drift: [] })
    expect((await stackOf('larder-a'))?.Tags).toContainEqual({ Key: 'larder.dev/id', Value: 'a' })
  })

  test('of another instance is not adopted', async () => {
    await foreign('larder-a', [{ Key: 'larder.dev/id', Value: 'b' }])
    expect((await session.observe(wanted({ existing: 'Adopt' }), never)).phase).toBe('conflict')
  })
})

describe('a change', () => {
  test('is planned as a change set, and that change set is executed', async () => {
    const want = await made(wanted())
    const later = { ...want, generation: 2, parameters: { timeout: 20 }, changed: ['parameters' as const] }
    expect(await session.plan?.(later, never)).toEqual({
      parameters: { timeout: 20 },
      errors: [],
      effects: [{ kind: 'inPlace', what: 'Queue', message: expect.stringMatching(/^AWS::SQS::Queue .*is changed/) }],
    })
    await session.update?.(later, never)
    expect(await until(later, 'ready')).toMatchObject({ drift: [] })
    expect(aws.calls.count({ action: 'UpdateStack' })).toBe(0)
    expect(aws.calls.count({ action: 'ExecuteChangeSet' })).toBe(1)
    expect((await stackOf('larder-a'))?.Parameters?.[0]?.ParameterValue).toBe('20')
  })

  test('that removes a resource says so before', async () => {
    const want = await made(wanted())
    const template = queueRecipe.template.replace(/  Queue:[\s\S]*?(?=  User:)/, '').replace(/  QueueURL.*\n/, '')
    const recipe = { ...queueRecipe, template, binding: {} }
    const plan = await session.plan?.({ ...want, recipe, changed: ['recipe'] }, never)
    expect(plan?.effects).toContainEqual({
      kind: 'destroy',
      what: 'Queue',
      message: expect.stringMatching(/^AWS::SQS::Queue .* is removed$/),
    })
  })

  test('made behind our back is noticed, of the template too', async () => {
    const want = await made(wanted())
    await truth.send(
      new UpdateStackCommand({
        StackName: 'larder-a',
        TemplateBody: queueRecipe.template.replace('Default: 30', 'Default: 31'),
        Capabilities: ['CAPABILITY_IAM'],
        Parameters: [{ ParameterKey: 'VisibilityTimeout', ParameterValue: '11' }],
      }),
    )
    const seen = await session.observe(want, never)
    expect(seen).toMatchObject({ phase: 'ready' })
    expect(seen.phase === 'ready' && seen.drift.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['recipe.parameters.VisibilityTimeout', 'recipe.template']),
    )
  })

  test('of a stack that is gone makes nothing', async () => {
    const want = await made(wanted())
    await truth.send(new DeleteStackCommand({ StackName: 'larder-a' }))
    expect(await until(want, 'absent')).toEqual({ phase: 'absent' })
    await expect(session.update?.(want, never)).rejects.toMatchObject({ code: 'blocked' })
    expect(await stacks()).toEqual([])
  })
})

describe('a stack that fails', () => {
  test('says what failed first, is made anew, and is left when it fails again and again', async () => {
    await aws.fail({ operation: 'CreateResource', target: 'Queue', reason: 'no more queues', times: 4 })
    let want = wanted()
    for (let rollbacks = 0; rollbacks < 3; rollbacks++) {
      want = { ...want, state: (await session.create({ ...want, intent: 'create' }, never)).state ?? '' }
      const failed = await until(want, 'failed')
      expect(failed).toMatchObject({
        reason: 'RollbackComplete',
        message: 'stack larder-a is ROLLBACK_COMPLETE: Queue (AWS::SQS::Queue): no more queues',
        usable: false,
        retry: 'recreate',
      })
      const { state } = await session.delete({ ...want, intent: 'delete' }, never)
      want = { ...want, ...(state !== undefined && { state }) }
      await until({ ...want, intent: 'delete' }, 'absent')
    }
    want = { ...want, state: (await session.create({ ...want, intent: 'create' }, never)).state ?? '' }
    expect(await until(want, 'failed')).toMatchObject({ retry: 'no' })
  })

  test('to change is as before, and says why it was rolled back', async () => {
    const want = await made(wanted())
    await aws.fail({ operation: 'UpdateResource', target: 'Queue', reason: 'too long', times: 1 })
    const later = { ...want, generation: 2, parameters: { timeout: 20 } }
    await session.update?.(later, never)
    expect(await until(later, 'failed')).toMatchObject({
      reason: 'UpdateRollbackComplete',
      message: expect.stringContaining('Queue (AWS::SQS::Queue): too long; the stack is as it was before'),
      usable: true,
      retry: 'no',
    })
    // Who wants again what there is has it.
    expect(await session.observe(want, never)).toMatchObject({ phase: 'ready', drift: [] })
  })

  test('to be removed is tried again, with the reason', async () => {
    const want = await made(wanted())
    await aws.fail({ operation: 'DeleteResource', target: 'Queue', reason: 'it is in use', times: 1 })
    const going = { ...want, intent: 'delete' as const }
    await session.delete(going, never)
    await until(going, 'failed')
    await expect(session.delete(going, never)).rejects.toMatchObject({
      code: 'blocked',
      message: 'stack larder-a is DELETE_FAILED: Queue (AWS::SQS::Queue): it is in use',
    })
    await until(going, 'absent')
  })
})

describe('when AWS does not do as it should', () => {
  test.each([
    ['throttles', () => aws.faults.throttle({}), { code: 'throttled', afterMs: 2000 }],
    ['fails', () => aws.faults.failServer({}), { code: 'unavailable' }],
    ['cuts its answers off', () => aws.faults.truncate({}), { code: 'unavailable' }],
    ['resets connections', () => aws.faults.reset({}), { code: 'unavailable' }],
    ['has let the credentials expire', () => aws.faults.expireCredentials(), { code: 'denied' }],
    ['does not know the credentials', () => aws.faults.invalidateCredentials(), { code: 'denied' }],
  ] as const)('%s, that is what is said', async (_title, fault, error) => {
    fault()
    await expect(session.observe(wanted(), never)).rejects.toMatchObject(error)
    aws.faults.lift()
    expect(await session.observe(wanted(), never)).toEqual({ phase: 'absent' })
  })

  test('is away, others are told where it was looked for', async () => {
    await aws.down()
    await expect(session.observe(wanted(), never)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'cloudformation:DescribeStacks: no connection (ECONNREFUSED)',
    })
    await aws.up()
  })
})

test('probe tells whose account it is, and refuses another', async () => {
  const { info } = await session.probe(never)
  expect(info).toMatchObject({ accountID: '123456789012', region: aws.client().region })
  const other = connect(cloudformationDriver(), aws, undefined, { accountID: '210987654321' })
  await expect(other.probe(never)).rejects.toMatchObject({ code: 'invalid', path: 'config.accountID' })
})

test('fifty stacks at once cost a few calls each, polling included', async () => {
  await aws.setTimes({ creatingMs: 1_500 })
  const wants = Array.from({ length: 50 }, (_, i) => wanted({ id: `many-${i}` }))
  await Promise.all(
    wants.map(async (want) => {
      expect(await session.observe(want, never)).toEqual({ phase: 'absent' })
      const kept = { ...want, state: (await session.create({ ...want, intent: 'create' }, never)).state ?? '' }
      for (;;) {
        const seen = await session.observe(kept, never)
        if (seen.phase === 'ready') break
        await new Promise((resolve) => setTimeout(resolve, seen.phase === 'changing' ? seen.againMs : 50))
      }
      await session.bind(kept, { id: 'c', parameters: {}, origin: { door: 'test' } }, never)
    }),
  )
  expect(aws.calls.count({}) / wants.length).toBeLessThan(6)
  expect(await stacks()).toHaveLength(50)
  expect(aws.calls.count({ action: 'CreateStack' })).toBe(50)
})

test('nothing of a password is in what is thrown', async () => {
  const secret = 'hunter2-hunter2-hunter2'
  aws.faults.refuse(
    { action: 'CreateStack' },
    { status: 400, code: 'ValidationError', message: `Parameter 'Password' must match pattern` },
  )
  const recipe = { ...queueRecipe, parameters: { Password: '${parameter.password}' } }
  const error = await session
    .create(wanted({ recipe, parameters: { password: secret } }), never)
    .catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'invalid', path: 'recipe.parameters.Password' })
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret)
})

test('a stack that takes long says what it waits for, and when it is expected after others of its template', async () => {
  await aws.setTimes({ creatingMs: Infinity })
  let laterMs = 0
  const session = connect(cloudformationDriver(), aws, undefined, {}, () => new Date(Date.now() + laterMs))
  await session.create(wanted(), never)
  expect(await session.observe(wanted(), never)).toMatchObject({ message: 'stack larder-a: CREATE_IN_PROGRESS' })
  expect(aws.calls.count({ action: 'ListStackResources' })).toBe(0)
  laterMs = 40_000
  expect(await session.observe(wanted(), never)).toMatchObject({
    message: 'stack larder-a: CREATE_IN_PROGRESS, 0 of its resources made, waits for Queue (AWS::SQS::Queue)',
  })
  const refused = aws.faults.refuse(
    { action: 'ListStackResources' },
    { status: 403, code: 'AccessDenied', message: 'you may not list resources' },
  )
  expect(await session.observe(wanted(), never)).toMatchObject({ message: 'stack larder-a: CREATE_IN_PROGRESS' })
  refused.lift()
  await aws.setTimes({ creatingMs: 0 })
  await expect.poll(async () => (await session.observe(wanted(), never)).phase).toBe('ready')
  await aws.setTimes({ creatingMs: Infinity })
  await session.create(wanted({ id: 'b' }), never)
  const seen = await session.observe(wanted({ id: 'b' }), never)
  expect(seen).toMatchObject({ phase: 'changing', expectedAt: expect.stringMatching(/^\d{4}-.*Z$/) })
})
