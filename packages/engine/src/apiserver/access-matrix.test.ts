/**
 * User by verb by resource, everything that is served: each pair is asked of the API as a real call, and the answer compared with
 * access-matrix.txt, where a right that somebody gains by accident shows as a changed line.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Call, Target } from '../machinery/call.ts'
import { formatResource } from '../machinery/object.ts'
import type { Resource } from '../machinery/shape.ts'
import { isApiError } from '../machinery/status.ts'
import type { User } from './api.ts'
import { ADMIN, at, CRDS, openWorld, widgetCrd, type World } from './core/testing/world.ts'

const RBAC = 'rbac.authorization.k8s.io/v1'
const authenticated = (name: string): User => ({ name, groups: ['system:authenticated'] })
const ROLES = ['view', 'edit', 'admin'] as const
const NOBODY = authenticated('nobody')
const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
/** Where a call goes: in the namespace of the bindings, in another one, in all of them or in none. */
const PLACES = ['own', 'other', 'all'] as const
type Place = (typeof PLACES)[number]
const NAMESPACE: Readonly<Record<Place, string | undefined>> = { own: 'red', other: 'blue', all: undefined }

let world: World
beforeAll(async () => {
  world = await openWorld({ controllers: ['role-aggregation'] })
  await world.admin.create(at(CRDS), widgetCrd())
  for (const name of ['red', 'blue']) await world.admin.create(at('namespaces'), { metadata: { name } })
  for (const name of ROLES) {
    await world.admin.create(at(`${RBAC}/rolebindings`, 'red'), {
      metadata: { name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    })
  }
})
afterAll(() => world.close())

const OF_ONE: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete'])

interface Question {
  /** `deployments.apps/scale` */
  readonly what: string
  readonly verb: string
  readonly target: Target
}

/** Every verb of every resource and subresource that makes sense at the place. */
function questionsAt(place: Place): readonly Question[] {
  return world.api.resources.all().flatMap((resource) => {
    if (!resource.namespaced && place === 'other') return []
    const main = resource.verbs.flatMap((verb) => question(resource, verb, place))
    const subs = resource.subresources.flatMap(({ name, verbs }) =>
      verbs.flatMap((verb) => question(resource, verb, place, name)),
    )
    return [...main, ...subs]
  })
}

function question(resource: Resource, verb: string, place: Place, subresource?: string): readonly Question[] {
  const { group, version, resource: plural, namespaced } = resource
  const isOfOne = OF_ONE.has(verb) || subresource !== undefined
  // All namespaces at once can only be listed and watched; what has no namespace is asked about once, under `all`.
  if (namespaced ? place === 'all' && verb !== 'list' && verb !== 'watch' : place !== 'all') return []
  const what = `${formatResource(plural, group)}${subresource === undefined ? '' : `/${subresource}`}`
  const namespace = namespaced ? NAMESPACE[place] : undefined
  const target: Target = {
    group,
    version,
    resource: plural,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(isOfOne && { name: 'x' }),
  }
  return [{ what, verb, target }]
}

/** Whether the API lets the call in. What else it finds wrong with it does not count; nothing is written. */
async function isLetIn(user: User, { verb, target }: Question): Promise<boolean> {
  try {
    if (verb === 'watch') (await world.api.watch(user, target, {}, { events: () => {}, end: () => {} })).stop()
    else await world.api.call(user, callOf(verb, target))
    return true
  } catch (error) {
    if (!isApiError(error)) throw error
    return error.code !== 403
  }
}

function callOf(verb: string, target: Target): Call {
  const options = { dryRun: true }
  const body = { metadata: { name: 'x' } }
  switch (verb) {
    case 'get':
    case 'list':
      return { verb, target }
    case 'create':
    case 'update':
      return { verb, target, body, options }
    case 'patch':
      return { verb, target, patchType: 'application/merge-patch+json', body, options }
    case 'delete':
    case 'deletecollection':
      return { verb, target, options }
    default:
      throw new Error(`no call for ${verb}`)
  }
}

/** `secrets: create delete get`, for what is let in. */
async function rightsOf(user: User, place: Place): Promise<readonly string[]> {
  const verbs = new Map<string, Set<string>>()
  for (const one of questionsAt(place)) {
    if (!(await isLetIn(user, one))) continue
    verbs.set(one.what, (verbs.get(one.what) ?? new Set()).add(one.verb))
  }
  return [...verbs].map(([what, some]) => `${what}: ${[...some].sort().join(' ')}`).sort()
}

test('is what the file says', async () => {
  const before = world.store.revision
  const lines: string[] = []
  for (const user of [ANONYMOUS, NOBODY, ...ROLES.map(authenticated)]) {
    for (const place of PLACES) {
      const rights = await rightsOf(user, place)
      lines.push(`${user.name}, ${place}:`, ...rights.map((line) => `  ${line}`), '')
    }
  }
  expect(world.store.revision).toBe(before)
  await expect(lines.join('\n')).toMatchFileSnapshot('testing/access-matrix.txt')
})

describe('whatever the file says', () => {
  const SELF = /^self[a-z]*reviews\./

  test.each(ROLES)(
    '%s of one namespace may nothing in another, and over all of them only ask about themselves',
    async (role) => {
      expect(await rightsOf(authenticated(role), 'other')).toEqual([])
      expect((await rightsOf(authenticated(role), 'all')).filter((line) => !SELF.test(line))).toEqual([])
    },
  )

  test('who is bound to nothing may only ask about themselves', async () => {
    expect(await rightsOf(NOBODY, 'own')).toEqual([])
    expect((await rightsOf(NOBODY, 'all')).filter((line) => !SELF.test(line))).toEqual([])
    for (const place of PLACES) expect(await rightsOf(ANONYMOUS, place)).toEqual([])
  })

  test('view writes nothing and sees no Secret; edit does not hand out rights', async () => {
    const viewed = await rightsOf(authenticated('view'), 'own')
    expect(viewed.filter((line) => !/: (get|list|watch)( (get|list|watch))*$/.test(line))).toEqual([])
    expect(viewed.filter((line) => line.startsWith('secrets'))).toEqual([])
    const edited = await rightsOf(authenticated('edit'), 'own')
    expect(edited.filter((line) => line.includes('rbac.authorization.k8s.io'))).toEqual([])
  })

  test('an administrator is kept from nothing', async () => {
    for (const place of PLACES) {
      for (const one of questionsAt(place))
        expect([one.what, one.verb, await isLetIn(ADMIN, one)]).toEqual([one.what, one.verb, true])
    }
  })
})
