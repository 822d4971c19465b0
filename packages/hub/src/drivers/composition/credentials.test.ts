/** What is made for claims, and what they are told, on a real API. */
import type { Bound, Credential, Json } from '@larder/kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Life, names } from './testing/life.ts'
import { NAMESPACE, never, world, type World } from './testing/stage.ts'

let there: World
beforeEach(async () => {
  there = await world()
})
afterEach(() => there.hub.stop())

const map = (id: string, data: Json, more: object = {}, metadata: object = { name: id }): Json => ({
  id,
  template: { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata as Json, data },
  ...more,
})
/** One for each claim. */
const own = (id: string, data: Json, more: object = {}, metadata: object = {}): Json =>
  map(id, data, more, { name: '${credential.name}-' + id, ...metadata })

const CREDENTIAL: Credential = { id: 'c', parameters: {}, origin: { door: 'test' } }

/** As the hub binds: with what it was told to remember, until there is nothing to do but to wait. */
async function bound({ session, want }: Life): Promise<Bound> {
  let state: string | undefined
  for (let round = 0; round < 4; round++) {
    const answer = await session.bind(want, { ...CREDENTIAL, ...(state !== undefined && { state }) }, never)
    if (answer.phase !== 'changing' || answer.doing !== 'Beginning') return answer
    state = answer.state
  }
  throw new Error('still beginning after four rounds')
}

const suffixes = async () => (await names(there, 'ConfigMap')).map((name) => name.replace(/^larder-[0-9a-f]+-/, ''))

const TLS = 'parameters.?tls.orValue(false)'

test('what is left out takes with it the keys and the resources of claims that read it', async () => {
  const recipe = {
    resources: [map('settings', { host: 'a' }), map('tls', { ca: 'x' }, { includeWhen: [TLS] })],
    bindingResources: [
      own('copy', { ca: '${tls.data.ca}' }),
      own('further', { of: '${copy.data.ca}' }),
      own('user', { host: '${settings.data.host}' }),
    ],
    binding: {
      host: '${user.data.host}',
      ca: '${tls.data.ca}',
      copied: '${further.data.of}',
      url: `\${${TLS} ? tls.data.ca : settings.data.host}`,
    },
  }
  const without = new Life(there.connect(), recipe)
  expect(await without.settle()).toMatchObject({ phase: 'ready' })
  expect(await bound(without)).toMatchObject({ phase: 'ready', values: { host: 'a', url: 'a' } })
  expect(await suffixes()).toEqual(['user', 'settings'])
  expect(await without.session.unbind(without.want, CREDENTIAL, never)).toEqual({ phase: 'gone' })
  expect(await suffixes()).toEqual(['settings'])
  without.change({ parameters: { tls: true } })
  expect(await without.settle('update')).toMatchObject({ phase: 'ready' })
  expect(await bound(without)).toMatchObject({ values: { host: 'a', ca: 'x', copied: 'x', url: 'x' } })
})

test('a field that one of two has not reported yet is waited for, also where the other is left out', async () => {
  const settings = map('settings', { host: 'a' }, { includeWhen: [`!${TLS}`] })
  const recipe = {
    resources: [settings, map('tls', { ca: 'x' }, { includeWhen: [TLS] })],
    binding: { url: `\${${TLS} ? tls.data.later : settings.data.host}` },
  }
  const one = new Life(there.connect(), recipe, { parameters: { tls: true } })
  await one.settle()
  expect(await bound(one)).toMatchObject({ phase: 'changing', doing: 'Waiting for values' })
})

test('a place that a claim leaves open is the claim’s: the service is made, and removed', async () => {
  const recipe = {
    resources: [map('settings', {})],
    bindingResources: [own('elsewhere', {}, {}, { namespace: '${parameters.team}' }), own('here', {})],
  }
  const one = new Life(there.connect(), recipe)
  expect(await one.settle()).toMatchObject({ phase: 'ready', bindings: [] })
  await expect(bound(one)).rejects.toMatchObject({ code: 'invalid', path: 'parameters' })
  one.change({ parameters: { team: NAMESPACE } })
  expect(await bound(one)).toMatchObject({ phase: 'ready' })
  one.change({ parameters: {} })
  expect(await one.observe('update')).toMatchObject({ phase: 'ready', bindings: ['c'] })
  expect(await suffixes()).toEqual(['elsewhere', 'here', 'settings'])
  expect(await one.settle('delete')).toEqual({ phase: 'absent' })
})
