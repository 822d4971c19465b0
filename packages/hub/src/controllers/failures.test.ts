/** For each way to fail: the whole cause, as a person without access to anything else reads it. */
import { secretType } from '@larder/engine/client/builtin'
import { findCondition } from '@larder/engine/runtime/conditions'
import { denied, invalid, throttled, unavailable } from '@larder/kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backendKind } from '../model/backend.ts'
import { claimKind, type Claim } from '../model/claim.ts'
import { classKind } from '../model/class.ts'
import type { TestHub } from './testing/hub.ts'
import type { Shelf } from './testing/shelf-driver.ts'
import { shelfHub } from './testing/shelf-hub.ts'

let shelf: Shelf
let hub: TestHub

beforeEach(async () => {
  ;({ hub, shelf } = await shelfHub())
  await hub.service('jars', {
    parameters: {
      openAPIV3Schema: {
        type: 'object',
        properties: { lid: { type: 'string', enum: ['red', 'blue'] }, size: { type: 'integer', maximum: 10 } },
      },
    },
    plans: [
      { name: 'small', default: true },
      { name: 'large', parameters: { size: 9 } },
      { name: 'old', offered: false },
      { name: 'sealed', bindable: false },
    ],
    roles: [{ name: 'writer', default: true }, { name: 'reader' }],
  })
  await hub.service('undecided', { plans: [{ name: 'a' }, { name: 'b' }], roles: [{ name: 'x' }, { name: 'y' }] })
  await hub.service('plain')
  await hub.service('secret', { consumers: { namespaces: ['elsewhere'] } })
  await hub.service('retired', { offered: false })
})

afterEach(() => hub.stop())

const consumer = { actor: 'consumer', heals: false }
const correct = 'Correct the fields that the message names.'
const another = 'Set spec.plan to another one.'
const namedPlan = 'Set spec.plan to one of those that the message names.'
const namedRole = 'Set spec.role to one of those that the message names.'
const listed = 'Choose one of those that `kubectl get classes` lists, or ask the platform team for it.'
const refusals: readonly (readonly [string, Claim['spec'], { reason: string; message: string; next: string }])[] = [
  [
    'an unknown class',
    { className: 'nope' },
    { reason: 'ClassNotFound', message: 'spec.className: there is no class "nope" for namespace shop', next: listed },
  ],
  [
    'a class for others, told like one that is absent',
    { className: 'secret' },
    { reason: 'ClassNotFound', message: 'spec.className: there is no class "secret" for namespace shop', next: listed },
  ],
  [
    'a class that is not offered',
    { className: 'retired' },
    {
      reason: 'ClassNotOffered',
      message: 'spec.className: class retired takes no new claims',
      next: 'Choose another class, or ask the platform team.',
    },
  ],
  [
    'an unknown plan',
    { className: 'jars', plan: 'huge' },
    {
      reason: 'PlanNotFound',
      message: 'spec.plan: class jars has no plan "huge"; allowed: small, large, sealed',
      next: namedPlan,
    },
  ],
  [
    'a plan where there is none',
    { className: 'plain', plan: 'small' },
    {
      reason: 'PlanNotFound',
      message: 'spec.plan: class plain has no plans, so that "small" is unknown',
      next: namedPlan,
    },
  ],
  [
    'no plan where one must be chosen',
    { className: 'undecided', role: 'x' },
    {
      reason: 'PlanRequired',
      message: 'spec.plan: class undecided has no default plan; allowed: a, b',
      next: namedPlan,
    },
  ],
  [
    'a plan that is not offered',
    { className: 'jars', plan: 'old' },
    { reason: 'PlanNotOffered', message: 'spec.plan: plan old of class jars takes no new claims', next: another },
  ],
  [
    'a plan without credentials',
    { className: 'jars', plan: 'sealed' },
    { reason: 'PlanNotBindable', message: 'spec.plan: plan sealed of class jars gives no credentials', next: another },
  ],
  [
    'an unknown role',
    { className: 'jars', role: 'owner' },
    {
      reason: 'RoleNotFound',
      message: 'spec.role: class jars has no role "owner"; allowed: writer, reader',
      next: namedRole,
    },
  ],
  [
    'no role where one must be chosen',
    { className: 'undecided', plan: 'a' },
    {
      reason: 'RoleRequired',
      message: 'spec.role: class undecided has no default role; allowed: x, y',
      next: namedRole,
    },
  ],
  [
    'a parameter outside its choices',
    { className: 'jars', parameters: { lid: 'green' } },
    {
      reason: 'ParametersInvalid',
      message: 'spec.parameters.lid: Unsupported value: "green": supported values: "red", "blue"',
      next: correct,
    },
  ],
  [
    'several bad parameters, all of them',
    { className: 'jars', parameters: { size: 11, label: 'x' } },
    {
      reason: 'ParametersInvalid',
      message:
        'spec.parameters.label: Forbidden: unknown field; allowed: lid, size; spec.parameters.size: Invalid value: 11: spec.parameters.size in body should be less than or equal to 10',
      next: correct,
    },
  ],
  [
    'a parameter that the plan fixes',
    { className: 'jars', plan: 'large', parameters: { size: 9 } },
    {
      reason: 'ParametersInvalid',
      message: 'spec.parameters.size: Forbidden: fixed to 9 by plan large',
      next: correct,
    },
  ],
  [
    'parameters where there are none',
    { className: 'plain', parameters: { lid: 'red' } },
    {
      reason: 'ParametersInvalid',
      message: 'spec.parameters.lid: Forbidden: class plain takes no parameters',
      next: correct,
    },
  ],
]

describe('a claim with', () => {
  test.each(refusals)('%s', async (_, spec, expected) => {
    await hub.claim('jar', spec)
    expect(await hub.cause(claimKind, 'jar', 'shop')).toEqual({ ...consumer, ...expected })
    expect(await hub.instanceOf(await hub.admin.of(claimKind).get('jar', 'shop'))).toBeUndefined()
  })

  test('a Secret of somebody else in its place', async () => {
    await hub.admin.of(secretType).create({ metadata: { name: 'jar', namespace: 'shop' } })
    await hub.claim('jar', { className: 'jars' })
    const cause = await hub.until('the refusal', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause?.reason === 'BindingNameTaken' ? status.cause : undefined
    })
    expect(cause).toEqual({
      ...consumer,
      reason: 'BindingNameTaken',
      message: 'spec.binding.name: Secret shop/jar exists and is not of this claim',
      next: 'Set spec.binding.name to a free name, or delete that Secret.',
    })
  })

  test('a mistake heals when it is corrected, and the cause goes', async () => {
    await hub.claim('jar', { className: 'jars', role: 'owner' })
    await hub.cause(claimKind, 'jar', 'shop')
    await hub.admin.of(claimKind).patch('jar', { spec: { role: 'reader' } }, { namespace: 'shop' })
    const claim = await hub.ready('jar')
    expect(claim.status?.cause).toBeUndefined()
    expect(claim.status?.conditions?.map((c) => c.type)).toEqual(['Ready'])
  })

  test('a class that comes later', async () => {
    await hub.claim('jar', { className: 'later' })
    await hub.cause(claimKind, 'jar', 'shop')
    await hub.service('later')
    await hub.ready('jar')
  })
})

describe('a driver that', () => {
  const provider = { actor: 'provider' }
  const platform = { actor: 'platform' }
  const failing = [
    [
      'is denied',
      denied('account 7 may not create jars'),
      { ...platform, reason: 'BackendDenied', message: 'account 7 may not create jars', heals: true },
    ],
    [
      'gets no answer',
      unavailable('the cellar is locked'),
      { ...provider, reason: 'BackendUnavailable', message: 'the cellar is locked', heals: true },
    ],
    [
      'is throttled',
      throttled(30, 'one jar a minute'),
      { ...provider, reason: 'BackendThrottled', message: 'one jar a minute', heals: true },
    ],
    [
      'refuses a parameter',
      invalid('parameters.lid', 'no such lid in the cellar'),
      { ...consumer, reason: 'ParametersInvalid', message: 'spec.parameters.lid: no such lid in the cellar' },
    ],
    [
      'throws what is no error of the contract',
      new TypeError('password-1 is undefined'),
      {
        ...platform,
        reason: 'DriverFailed',
        message: 'driver shelf: create threw TypeError, which is no error of the driver contract',
        heals: true,
      },
    ],
  ] as const

  test.each(failing)('%s says so in instance and claim alike', async (_, error, expected) => {
    shelf.fail = (verb) => (verb === 'create' ? error : undefined)
    const claim = await hub.claim('jar', { className: 'jars' })
    const told = await hub.until('the failure', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause?.reason === expected.reason ? status.cause : undefined
    })
    expect(told).toMatchObject(expected)
    const instance = await hub.until('the instance', () => hub.instanceOf(claim))
    expect(instance.status?.cause).toMatchObject({ reason: expected.reason, message: expected.message })
    expect(instance.status?.steps?.at(-1)).toMatchObject({
      name: 'create',
      outcome: 'Failed',
      message: expected.message,
    })

    shelf.fail = () => undefined
    if (!expected.heals)
      await hub.admin.of(claimKind).patch('jar', { spec: { parameters: { lid: 'red' } } }, { namespace: 'shop' })
    await hub.ready('jar')
    expect(shelf.created.get(claim.metadata.uid!)).toBe(1)
  })

  test.each([
    [
      'gives up',
      { retry: 'no', reason: 'Cracked' },
      { reason: 'ProvisioningFailed', message: 'Cracked: the jar is cracked', actor: 'provider', heals: false },
    ],
    [
      'finds its engine missing',
      { retry: 'same', reason: 'EngineMissing' },
      { reason: 'EngineMissing', message: 'EngineMissing: the jar is cracked', actor: 'platform', heals: false },
    ],
  ] as const)('%s', async (_, failed, expected) => {
    shelf.seen = (want) =>
      shelf.services.has(want.id)
        ? { phase: 'failed', message: 'the jar is cracked', usable: false, ...failed }
        : undefined
    await hub.claim('jar', { className: 'jars' })
    const told = await hub.until('the failure', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause?.reason === expected.reason ? status.cause : undefined
    })
    expect(told).toMatchObject(expected)
  })

  test('finds something of that name: it is left alone', async () => {
    shelf.seen = (want) =>
      want.intent === 'create' ? { phase: 'conflict', message: 'a jar of that name stands there' } : undefined
    await hub.claim('jar', { className: 'jars' })
    const told = await hub.until('the conflict', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause?.reason === 'NameTaken' ? status.cause : undefined
    })
    expect(told).toMatchObject({ message: 'a jar of that name stands there', actor: 'platform', heals: false })
    expect(shelf.count('create') + shelf.count('delete')).toBe(0)
  })

  test('loses what it made: no empty one is put in its place', async () => {
    const claim = await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    shelf.services.clear()
    shelf.changed(claim.metadata.uid!)
    expect(await hub.cause(claimKind, 'jar', 'shop')).toMatchObject({ reason: 'ServiceLost', actor: 'platform' })
    expect(shelf.created.get(claim.metadata.uid!)).toBe(1)
  })

  test('quotes a password: it is taken out', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const password = (await hub.secretValues('jar'))!['password']!
    shelf.fail = (verb) => (verb === 'bind' ? unavailable(`ACL >${password} refused`) : undefined)
    await hub.admin.of(secretType).delete('jar', { namespace: 'shop' })
    const told = await hub.until('the failure', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause
    })
    expect(told).toMatchObject({ reason: 'BackendUnavailable', message: 'ACL >[redacted] refused' })
  })
})

describe('what the platform wrote', () => {
  const platform = { actor: 'platform', heals: false }

  test('a Backend of an unknown driver; its class and a claim say the reason, and no details', async () => {
    await hub.backend('odd', { driver: 'teapot' })
    await hub.service('odd', { backendRef: { name: 'odd' } })
    await hub.claim('jar', { className: 'odd' })
    const message = 'spec.driver: backend odd needs driver "teapot"; this hub has: shelf'
    expect(await hub.cause(backendKind, 'odd')).toEqual({
      ...platform,
      reason: 'DriverNotFound',
      message,
      next: 'Correct spec.driver of the Backend, or start a hub that has the driver.',
    })
    const trouble = 'backend odd is not ready: the hub has no driver of that name'
    expect(await hub.cause(classKind, 'odd')).toMatchObject({ reason: 'DriverNotFound', message: trouble })
    const told = await hub.until('the claim', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return status?.cause?.reason === 'DriverNotFound' ? status.cause : undefined
    })
    expect(told).toMatchObject({ ...platform, message: `class odd is not ready: ${trouble}` })
  })

  test('a Backend with a bad configuration, or without its account', async () => {
    await hub.backend('bad', { config: { room: 7 } })
    expect(await hub.cause(backendKind, 'bad')).toMatchObject({
      ...platform,
      reason: 'ConfigInvalid',
      message: expect.stringContaining('spec.config.room'),
    })
    await hub.backend('poor', { credentialsRef: { namespace: 'shop', name: 'account' } })
    expect(await hub.cause(backendKind, 'poor')).toEqual({
      ...platform,
      reason: 'CredentialsNotFound',
      message: 'spec.credentialsRef: backend poor needs the Secret shop/account, which does not exist',
      next: 'Create the Secret that the Backend, or the instance, names in spec.credentialsRef.',
    })
    await hub.service('urns', { backendRef: { name: 'poor' } })
    await hub.claim('urn', { className: 'urns' })
    const trouble = 'backend poor is not ready: the Secret with the account of the Backend does not exist'
    expect(await hub.cause(classKind, 'urns', undefined, 'CredentialsNotFound')).toMatchObject({ message: trouble })
    expect(await hub.cause(claimKind, 'urn', 'shop', 'CredentialsNotFound')).toMatchObject({
      ...platform,
      message: `class urns is not ready: ${trouble}`,
    })
    await hub.admin.of(secretType).create({ metadata: { name: 'account', namespace: 'shop' } })
    await hub.until('the backend to heal', async () =>
      (await hub.admin.of(backendKind).get('poor')).status?.cause ? undefined : true,
    )
  })

  test('a Class without its Backend, which comes later', async () => {
    await hub.service('early', { backendRef: { name: 'late' } })
    expect(await hub.cause(classKind, 'early')).toEqual({
      ...platform,
      reason: 'BackendNotFound',
      message: 'there is no Backend "late"',
      next: 'Create the Backend, or correct the name.',
    })
    await hub.backend('late')
    await hub.until('the class to heal', async () =>
      (await hub.admin.of(classKind).get('early')).status?.cause ? undefined : true,
    )
  })

  test.each([
    ['recipe', { recipe: { colour: 7 } }, 'RecipeInvalid', 'spec.recipe.colour'],
    [
      'schema',
      { parameters: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } },
      'SchemaInvalid',
      'openAPIV3Schema',
    ],
    [
      'plan',
      {
        parameters: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } },
        plans: [{ name: 'x', parameters: { a: 1 } }],
      },
      'SchemaInvalid',
      'spec.plans[0].parameters.a',
    ],
    [
      'reclaim policy for what its backend makes',
      { reclaimPolicy: 'Release' },
      'RecipeInvalid',
      'spec.reclaimPolicy: must be Delete, Retain or Recycle',
    ],
  ] as const)('a Class with a bad %s', async (_, spec, reason, part) => {
    await hub.service('bad', spec)
    expect(await hub.cause(classKind, 'bad')).toMatchObject({
      ...platform,
      reason,
      message: expect.stringContaining(part),
    })
  })

  test('a Class whose engine is missing names the command, its claim says the same, and both go on once it is there', async () => {
    shelf.fail = (verb) =>
      verb === 'plan' ? unavailable('run: larder engine add jar', undefined, 'EngineMissing') : undefined
    await hub.service('missing')
    await hub.claim('jar', { className: 'missing' })
    expect(await hub.cause(classKind, 'missing')).toEqual({
      ...platform,
      reason: 'EngineMissing',
      message: 'run: larder engine add jar',
      next: 'Install it as the message says.',
    })
    const claim = await hub.until('the claim to need somebody', async () => {
      const { status } = await hub.admin.of(claimKind).get('jar', 'shop')
      return findCondition(status?.conditions, 'Stalled') ? status : undefined
    })
    expect(claim.cause).toMatchObject({ ...platform, reason: 'EngineMissing' })

    shelf.fail = () => undefined
    await hub.ready('jar')
  })
})
