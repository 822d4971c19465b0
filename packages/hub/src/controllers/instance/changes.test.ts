/** Changes of what is wanted: by Secrets, and those that would cost something. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import type { Effect } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { ACCEPT_LOSS_ANNOTATION } from '../../model/names.ts'
import type { TestHub } from '../testing/hub.ts'
import { instanceReady } from '../testing/instances.ts'
import type { Shelf } from '../testing/shelf-driver.ts'
import { shelfHub } from '../testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub({ consumers: { namespaces: ['shop'] } }))
})

afterEach(() => hub.stop())

const instances = () => hub.admin.of(instanceKind)
const make = (spec: Partial<Instance['spec']>) =>
  instances().create({
    metadata: { name: 'mine', namespace: 'shop' },
    spec: { backendRef: { name: 'shelf' }, type: 'jar', externalID: 'jar-1', ...spec },
  })
const edit = (body: object) => instances().patch('mine', body, { namespace: 'shop' })
const ready = () => instanceReady(hub, 'mine', 'shop')
const causeOf = (reason: string) => hub.cause(instanceKind, 'mine', 'shop', reason)
const secret = (name: string, stringData: Record<string, string>, namespace = 'shop') =>
  hub.admin.of(secretType).create({ metadata: { name, namespace }, stringData })
const parametersOf = (id: string) => shelf.services.get(id)?.parameters
const made = (parameters: object) =>
  hub.until(`parameters ${JSON.stringify(parameters)}`, () =>
    JSON.stringify(parametersOf('jar-1')) === JSON.stringify(parameters) ? true : undefined,
  )
/** Everything that is no Secret, in every version that there was. */
const told = () => JSON.stringify(hub.everything().filter(({ kind }) => kind !== 'Secret'))

const from = (more: object = {}) => [{ secretKeyRef: { name: 'seal', key: 'wax', ...more }, at: '/seal/0/wax' }]

describe('secret parameters', () => {
  test('reach the driver at their place and nothing else; a Secret that changes is followed', async () => {
    await secret('seal', { wax: 'crimson-and-secret' })
    await make({ parameters: { lid: 'red' }, parametersFrom: from() })
    const first = await ready()
    expect(parametersOf('jar-1')).toEqual({ lid: 'red', seal: [{ wax: 'crimson-and-secret' }] })
    expect(first.status?.applied).toMatchObject({ parameters: { lid: 'red' }, parametersFrom: from() })
    await hub.admin.of(secretType).patch('seal', { stringData: { wax: 'azure-and-secret' } }, { namespace: 'shop' })
    await made({ lid: 'red', seal: [{ wax: 'azure-and-secret' }] })
    const second = await hub.until('another hash', async () => {
      const instance = await ready()
      return instance.status?.applied?.hash === first.status?.applied?.hash ? undefined : instance
    })
    expect(shelf.told?.changed).toEqual(['parameters'])
    expect(second.metadata.generation).toBe(first.metadata.generation)
    expect(told()).not.toMatch(/(crimson|azure)-and-secret/)
  })

  test('that a backend quotes are told to nobody', async () => {
    await secret('seal', { wax: 'crimson-and-secret' })
    shelf.seen = (want) =>
      shelf.services.has(want.id)
        ? {
            phase: 'failed',
            reason: 'Refused',
            message: 'wax crimson-and-secret is no wax',
            usable: false,
            retry: 'no',
          }
        : undefined
    await make({ parametersFrom: from() })
    expect((await causeOf('ProvisioningFailed')).message).toBe('Refused: wax [redacted] is no wax')
    expect(told()).not.toContain('crimson-and-secret')
  })

  test('that are missing are waited for by name, also later, and take no service down', async () => {
    await make({ parametersFrom: from() })
    expect(await causeOf('SecretNotFound')).toMatchObject({
      message: 'spec.parametersFrom[0]: Secret shop/seal does not exist',
      heals: false,
    })
    expect(shelf.services.size).toBe(0)
    await secret('seal', { candle: 'x' })
    await hub.until('the key to be missed', async () =>
      (await causeOf('SecretNotFound')).message.endsWith('Secret shop/seal has no key wax') ? true : undefined,
    )
    await hub.admin.of(secretType).patch('seal', { stringData: { wax: 'red' } }, { namespace: 'shop' })
    await ready()
    await hub.admin.of(secretType).delete('seal', { namespace: 'shop' })
    await causeOf('SecretNotFound')
    const { status } = await instances().get('mine', 'shop')
    expect(findCondition(status?.conditions, 'Provisioned')?.status).toBe('True')
    await instances().delete('mine', { namespace: 'shop' })
    await hub.until('the service to go', () => (shelf.services.size === 0 ? true : undefined))
  })

  test('of another namespace are for instances of the platform alone', async () => {
    await secret('seal', { wax: 'of the platform' }, 'larder-system')
    await make({ parametersFrom: from({ namespace: 'larder-system' }) })
    expect((await causeOf('NotPermitted')).message).toBe('spec.parametersFrom[0].secretKeyRef.namespace: must be shop')
    expect(shelf.services.size).toBe(0)
  })

  test('at no place are refused', async () => {
    await secret('seal', { wax: 'red' })
    await make({ parametersFrom: [{ secretKeyRef: { name: 'seal', key: 'wax' }, at: 'wax' }] })
    expect((await causeOf('ParametersInvalid')).message).toContain('spec.parametersFrom[0].at')
  })
})

test('an account of the instance itself is used instead of the backend’s, and its absence is told', async () => {
  await make({ credentialsRef: { name: 'account' } })
  expect((await causeOf('CredentialsNotFound')).message).toBe('spec.credentialsRef: Secret shop/account does not exist')
  await secret('account', { key: 'of-this-instance' })
  await ready()
  expect(Buffer.from(shelf.told!.credentials!['key']!).toString()).toBe('of-this-instance')
  expect(told()).not.toContain('of-this-instance')
})

describe('a change that would cost something', () => {
  const losing: Effect = { kind: 'replace', what: 'parameters', message: 'the lid is part of the jar' }

  beforeEach(async () => {
    shelf.planned = ({ parameters }) => ({ parameters, errors: [], effects: [losing] })
    await make({ parameters: { lid: 'red' } })
    await ready()
  })

  test('is refused with what would be lost, and is made when exactly that is accepted', async () => {
    await edit({ spec: { parameters: { lid: 'black' } } })
    const { message, heals } = await causeOf('ChangeLosesData')
    expect(heals).toBe(false)
    const [, token = ''] = /annotation larder.dev\/accept-loss=(\w+)$/.exec(message) ?? []
    expect(message).toBe(
      `a change of parameters would make the service anew: the lid is part of the jar; to accept that: annotation larder.dev/accept-loss=${token}`,
    )
    expect(parametersOf('jar-1')).toEqual({ lid: 'red' })
    await edit({ metadata: { annotations: { [ACCEPT_LOSS_ANNOTATION]: token } } })
    await made({ lid: 'black' })
    await ready()
    // It was for that change and is for no other.
    await edit({ spec: { parameters: { lid: 'green' } } })
    expect((await causeOf('ChangeLosesData')).message).not.toContain(token)
    expect(parametersOf('jar-1')).toEqual({ lid: 'black' })
    await edit({ spec: { parameters: { lid: 'black' } } })
    await ready()
  })

  test('is refused with the words of the driver when it cannot be at all', async () => {
    const error = { path: 'parameters.lid', reason: 'invalid' as const, message: 'no such lid' }
    shelf.planned = ({ parameters }) => ({ parameters, errors: [error], effects: [] })
    await edit({ spec: { parameters: { lid: 'black' } } })
    expect((await causeOf('ParametersInvalid')).message).toBe('spec.parameters.lid: no such lid')
    expect(shelf.count('update')).toBe(0)
  })

  test('is accepted by the claim whose data it is, which stays Ready meanwhile', async () => {
    await hub.service('jars', {
      parameters: { openAPIV3Schema: { type: 'object', properties: { lid: { type: 'string' } } } },
    })
    await hub.claim('jar', { className: 'jars', parameters: { lid: 'red' } })
    const { metadata } = await hub.ready('jar')
    const claims = hub.admin.of(claimKind)
    await claims.patch('jar', { spec: { parameters: { lid: 'black' } } }, { namespace: 'shop' })
    const message = await hub.until('the refusal', async () => {
      const { status } = await claims.get('jar', 'shop')
      const stalled = findCondition(status?.conditions, 'Stalled')
      expect(findCondition(status?.conditions, 'Ready')?.status).toBe('True')
      return stalled?.reason === 'ChangeLosesData' ? stalled.message : undefined
    })
    const [, token = ''] = /accept-loss=(\w+)$/.exec(message) ?? []
    await claims.patch('jar', { metadata: { annotations: { [ACCEPT_LOSS_ANNOTATION]: token } } }, { namespace: 'shop' })
    await hub.until('the change', () =>
      JSON.stringify(parametersOf(metadata.uid!)) === '{"lid":"black"}' ? true : undefined,
    )
    await hub.ready('jar')
  })
})
