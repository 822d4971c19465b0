/** What the contract does not ask: whose an object is, where it stays, and what S3 says when it may not be looked at. */
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Session, Want } from '@larder/kit'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { startAws, type Aws } from '../../../../test/aws/endpoint.ts'
import { connect, hostOf } from '../testing/stage.ts'
import { s3Driver } from './driver.ts'

const signal = new AbortController().signal
let aws: Aws
let truth: S3Client
let session: Session

beforeAll(async () => {
  aws = await startAws()
  truth = new S3Client({ ...aws.client(aws.truthUrl), forcePathStyle: true })
})
beforeEach(async () => {
  await aws.reset()
  session = connect(s3Driver(), aws)
})
afterAll(() => aws.stop())

const makeBucket = () =>
  truth.send(
    new CreateBucketCommand({ Bucket: 'templates', CreateBucketConfiguration: { LocationConstraint: 'us-west-2' } }),
  )
const contentOf = async (key: string) => {
  const { Body } = await truth.send(new GetObjectCommand({ Bucket: 'templates', Key: key }))
  return Body?.transformToString()
}

const want = (more: Partial<Want> = {}): Want => ({
  id: '7f3c',
  generation: 1,
  recipe: { object: { bucket: 'templates', key: '${parameter.key?}', content: '${parameter.content}' } },
  parameters: { key: 'shop/queue.yaml', content: 'Resources: {}' },
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
  ...more,
})

test('it is there with its content, tells where, and follows a change', async () => {
  await makeBucket()
  const { state = '' } = await session.create(want(), signal)
  expect(await contentOf('shop/queue.yaml')).toBe('Resources: {}')
  const changed = want({ state, generation: 2, parameters: { key: 'shop/queue.yaml', content: 'Resources: none' } })
  expect(await session.observe(changed, signal)).toMatchObject({ drift: [{ path: 'recipe.object.content' }] })
  await session.update?.(changed, signal)
  expect(await contentOf('shop/queue.yaml')).toBe('Resources: none')
  expect(await session.observe(changed, signal)).toMatchObject({
    phase: 'ready',
    drift: [],
    outputs: { bucket: 'templates', key: 'shop/queue.yaml', url: `${aws.url}/templates/shop/queue.yaml` },
  })
})

test('one of somebody else is neither overwritten nor removed', async () => {
  await makeBucket()
  await truth.send(new PutObjectCommand({ Bucket: 'templates', Key: 'shop/queue.yaml', Body: 'mine' }))
  expect(await session.observe(want(), signal)).toMatchObject({
    phase: 'conflict',
    message: expect.stringContaining('object shop/queue.yaml in bucket templates exists and is not of this instance'),
  })
  await session.create(want(), signal)
  await session.delete(want({ intent: 'delete' }), signal)
  expect(await contentOf('shop/queue.yaml')).toBe('mine')
})

test('it stays where it was made, and goes from there whatever is asked for since', async () => {
  await makeBucket()
  const { state = '' } = await session.create(want(), signal)
  const moved = want({ state, generation: 2, parameters: { key: 'elsewhere', content: 'Resources: {}' } })
  expect((await session.plan?.(moved, signal))?.errors).toMatchObject([
    { path: 'recipe.object.key', reason: 'fixed', message: 'an object stays where it was made' },
  ])
  await expect(session.update?.(moved, signal)).rejects.toMatchObject({ code: 'invalid', path: 'recipe.object.key' })
  await session.delete({ ...moved, intent: 'delete' }, signal)
  await expect(contentOf('shop/queue.yaml')).rejects.toThrow('does not exist')
})

test('where it is stays known when the SDK asked again for it, and nobody heard that it was made', async () => {
  await makeBucket()
  aws.faults.reset({ action: 'PutObject' }, { times: 1, at: 'answer' })
  await session.create(want(), signal)
  const { state } = await session.observe(want(), signal)
  const moved = want({ generation: 2, parameters: { key: 'elsewhere', content: 'Resources: {}' } })
  const known = { ...moved, ...(state !== undefined && { state }) }
  expect(await session.observe(known, signal)).toMatchObject({ phase: 'ready', drift: [{ path: 'recipe.object.key' }] })
  await session.delete({ ...known, intent: 'delete' }, signal)
  await expect(contentOf('shop/queue.yaml')).rejects.toThrow('does not exist')
})

test('without its bucket it waits; where nobody may look, that is said', async () => {
  await expect(session.create(want(), signal)).rejects.toMatchObject({
    code: 'blocked',
    message: 'recipe.object.bucket: there is no bucket templates',
  })
  aws.faults.refuse({ action: 'HeadObject' }, { status: 403, code: 'AccessDenied', message: 'Access Denied' })
  await expect(session.observe(want(), signal)).rejects.toMatchObject({ code: 'denied' })
})

test('in a bucket of another region it says in which, and where to look', async () => {
  await makeBucket()
  aws.faults.refuse(
    { action: 'HeadObject', region: 'us-west-2' },
    {
      status: 301,
      code: 'PermanentRedirect',
      message: 'The bucket must be addressed using the specified endpoint.',
      headers: { 'x-amz-bucket-region': 'eu-central-1' },
    },
  )
  const message =
    'recipe.object.bucket: bucket templates is not here: it is in region eu-central-1; name one in the region of the Backend, or a Backend of that region'
  await expect(session.observe(want(), signal)).rejects.toMatchObject({ code: 'blocked', message })
  await expect(session.create(want(), signal)).rejects.toMatchObject({ code: 'blocked', message })
})

test('its url is that of AWS where only the environment of the hub says how to get there', async () => {
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
  await makeBucket()
  const here = s3Driver().connect({ config: {}, credentials: {} }, hostOf())
  await here.create(want(), signal)
  const { outputs } = await here.observe(want(), signal)
  const url = 'https://s3.us-west-2.amazonaws.com/templates/shop/queue.yaml'
  expect(outputs).toMatchObject({ region: 'us-west-2', url })
})
