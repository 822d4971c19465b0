/** What people do at any moment: teams with their claims and Secrets, the platform with classes, policies, members and instances. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isApiError } from '@larder/engine/machinery/status'
import type { KubeObject } from '@larder/engine/machinery/object'
import { claimKind, type Claim } from '../../../packages/hub/src/model/claim.ts'
import { claimPolicyKind } from '../../../packages/hub/src/model/claim-policy.ts'
import { classKind } from '../../../packages/hub/src/model/class.ts'
import { instanceKind } from '../../../packages/hub/src/model/instance.ts'
import { INSTANCE_NAMESPACE } from '../../../packages/hub/src/model/names.ts'
import { CLASSES, HOUSES, MEMBERS, memberSecret, POLICY, POOL, TEAMS } from './base-world.ts'
import type { Dice } from './dice.ts'
import { isGoing, type View } from './view.ts'
import type { World } from './world.ts'
import type { Yard } from './yard.ts'

/** On Secrets that people make where a claim wants to put its own. */
export const FOREIGN_LABEL = 'example.com/foreign'

export interface Users {
  /** Somebody does something. */
  act(): Promise<void>
  /** What the platform must have set right for things to converge: classes and policies are there. */
  repair(): Promise<void>
}

interface Scene {
  readonly admin: Client
  readonly program: Client
  readonly yard: Yard
  readonly dice: Dice
  readonly view: View
}

/** Says what is done, or undefined when there is nothing to do it to. */
type Deed = (scene: Scene) => readonly [what: string, () => Promise<unknown>] | undefined

const LETTERS = ['a', 'b', 'c', 'd'] as const

const claims = ({ view }: Scene): readonly Claim[] => [...view.claims.values()].sort(byName)
const byName = (a: KubeObject, b: KubeObject): number => (nameOf(a) < nameOf(b) ? -1 : 1)
const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

function pickClaim(scene: Scene): Claim | undefined {
  const all = claims(scene)
  return all.length === 0 ? undefined : scene.dice.pick(all)
}

/** One that somebody made by hand, or that another claim left. */
function instanceName({ dice, view }: Scene): string {
  const left = [...view.instances.values()]
    .filter(({ spec }) => !spec.claimRef && spec.className === 'keeps')
    .sort(byName)
  return left.length > 0 && dice.chance(0.5) ? dice.pick(left).metadata.name : dice.pick(HOUSES)
}

function specOf(scene: Scene): Claim['spec'] {
  const { dice } = scene
  const role = dice.pick([undefined, 'reader', 'writer'])
  const withRole = role === undefined ? {} : { role }
  if (dice.chance(0.15))
    return { resourceRef: { apiVersion: 'v1', kind: 'Secret', namespace: POOL, name: dice.pick(MEMBERS) } }
  if (dice.chance(0.15)) return { className: 'caches' }
  if (dice.chance(0.2)) return { instanceRef: { namespace: INSTANCE_NAMESPACE, name: instanceName(scene) } }
  if (dice.chance(0.5)) return { className: dice.pick(['mugs', 'mugs', 'keeps', 'cycles', 'cycles']), ...withRole }
  return {
    className: 'jars',
    ...withRole,
    ...(dice.chance(0.3) && { plan: dice.pick(['small', 'large']) }),
    ...(dice.chance(0.3) && { parameters: { lid: dice.pick(['red', 'blue']) } }),
    ...(dice.chance(0.2) && { binding: { name: `${dice.pick(LETTERS)}-binding` } }),
  }
}

const create: Deed = (scene) => {
  const { admin, dice } = scene
  const namespace = dice.pick(TEAMS)
  const name = `${namespace}-${dice.pick(LETTERS)}`
  const spec = specOf(scene)
  return [`create claim ${name}`, () => admin.of(claimKind).create({ metadata: { name, namespace }, spec })]
}

const remove: Deed = (scene) => {
  const claim = pickClaim(scene)
  if (!claim) return undefined
  const { name, namespace } = claim.metadata
  return [`delete claim ${name}`, () => scene.admin.of(claimKind).delete(name, { namespace })]
}

const edit: Deed = (scene) => {
  const { dice, admin } = scene
  const claim = pickClaim(scene)
  if (claim?.spec.className !== 'jars') return undefined
  const { name, namespace } = claim.metadata
  const spec = dice.pick([
    { role: dice.pick(['reader', 'writer']) },
    { plan: dice.pick(['small', 'large']) },
    { parameters: { lid: dice.pick(['red', 'blue', null]) } },
    { binding: { name: dice.pick(['a-binding', 'b-binding', null]) } },
    { binding: { labels: { app: dice.pick(['one', 'two']) } } },
  ])
  return [`edit claim ${name} ${JSON.stringify(spec)}`, () => admin.of(claimKind).patch(name, { spec }, { namespace })]
}

/** Of those in the namespaces of teams. */
const secretsOfTeams = ({ view }: Scene) =>
  [...view.secrets.values()].filter(({ metadata }) => TEAMS.includes(metadata.namespace as never)).sort(byName)

const removeSecret: Deed = (scene) => {
  const all = secretsOfTeams(scene)
  if (all.length === 0) return undefined
  const { name, namespace } = scene.dice.pick(all).metadata
  return [`delete secret ${name}`, () => scene.admin.of(secretType).delete(name, { namespace })]
}

const spoilSecret: Deed = (scene) => {
  const all = secretsOfTeams(scene).filter(({ metadata }) => metadata.labels?.[FOREIGN_LABEL] === undefined)
  if (all.length === 0) return undefined
  const { name, namespace } = scene.dice.pick(all).metadata
  const body = scene.dice.pick<object>([
    { stringData: { password: 'spoiled' } },
    { metadata: { labels: null } },
    { data: null },
  ])
  return [`spoil secret ${name}`, () => scene.admin.of(secretType).patch(name, body, { namespace })]
}

const foreignSecret: Deed = ({ admin, dice }) => {
  const namespace = dice.pick(TEAMS)
  const name = dice.pick([`${namespace}-${dice.pick(LETTERS)}`, 'a-binding', 'b-binding'])
  const metadata = { name, namespace, labels: { [FOREIGN_LABEL]: 'true' } }
  return [`create foreign secret ${namespace}/${name}`, () => admin.of(secretType).create({ metadata, data: {} })]
}

/** Somebody puts a Secret of their own where one is. */
const replaceSecret: Deed = (scene) => {
  const all = secretsOfTeams(scene)
  if (all.length === 0) return undefined
  const { name, namespace = '' } = scene.dice.pick(all).metadata
  const secrets = scene.admin.of(secretType)
  const metadata = { name, namespace, labels: { [FOREIGN_LABEL]: 'true' } }
  return [
    `replace secret ${namespace}/${name}`,
    async () => {
      await secrets.delete(name, { namespace })
      await secrets.create({ metadata, data: {} })
    },
  ]
}

const removeInstance: Deed = ({ admin, program, dice, view }) => {
  const all = [...view.instances.values()].filter((i) => !isGoing(i)).sort(byName)
  if (all.length === 0) return undefined
  const { name, namespace } = dice.pick(all).metadata
  // To the administrator the API refuses what is in use.
  const [who, client] = dice.pick([['admin', admin] as const, ['program', program] as const])
  return [`${who} deletes instance ${name}`, () => client.of(instanceKind).delete(name, { namespace })]
}

const editClass: Deed = ({ admin, dice }) => {
  const spec = dice.pick<object>([{ recipe: { colour: dice.pick(['green', 'grey']) } }, { description: 'Other jars' }])
  return [`edit class jars`, () => admin.of(classKind).patch('jars', { spec })]
}

const removeClass: Deed = ({ admin, dice }) => {
  const name = dice.pick(Object.keys(CLASSES))
  return [`delete class ${name}`, () => admin.of(classKind).delete(name)]
}

const createClass: Deed = ({ admin, dice }) => {
  const name = dice.pick(Object.keys(CLASSES))
  return [`create class ${name}`, () => admin.of(classKind).create({ metadata: { name }, spec: CLASSES[name]! })]
}

const removePolicy: Deed = ({ admin }) => [
  'delete policy',
  () => admin.of(claimPolicyKind).delete('teams', { namespace: POOL }),
]

const createPolicy: Deed = ({ admin, dice }) => {
  const spec = { ...POLICY, consumers: { namespaces: dice.pick([[...TEAMS], [TEAMS[0]], [TEAMS[1]]]) } }
  return ['write policy', () => writePolicy(admin, spec)]
}

async function writePolicy(admin: Client, spec: typeof POLICY): Promise<void> {
  const policies = admin.of(claimPolicyKind)
  if (await policies.find('teams', POOL)) await policies.patch('teams', { spec }, { namespace: POOL })
  else await policies.create({ metadata: { name: 'teams', namespace: POOL }, spec })
}

const removeMember: Deed = ({ admin, dice }) => {
  const name = dice.pick(MEMBERS)
  return [`delete member ${name}`, () => admin.of(secretType).delete(name, { namespace: POOL })]
}

const writeMember: Deed = ({ admin, dice }) => {
  const secret = memberSecret(dice.pick(MEMBERS), dice.below(1000))
  const { name, namespace } = secret.metadata
  return [
    `write member ${name}`,
    async () => {
      const there = await admin.of(secretType).find(name, namespace)
      if (there) await admin.of(secretType).patch(name, { stringData: secret.stringData }, { namespace })
      else await admin.of(secretType).create(secret)
    },
  ]
}

const editMember: Deed = ({ admin, dice }) => {
  const name = dice.pick(MEMBERS)
  const labels = { offer: dice.pick(['caches', 'nothing']) }
  return [
    `label member ${name} ${labels.offer}`,
    () => admin.of(secretType).patch(name, { metadata: { labels } }, { namespace: POOL }),
  ]
}

const labelNamespace: Deed = ({ admin, dice }) => {
  const name = dice.pick(TEAMS)
  const labels = { tier: dice.pick(['one', 'two']) }
  return [`label namespace ${name}`, () => admin.of(namespaceType).patch(name, { metadata: { labels } })]
}

const removeNamespace: Deed = ({ admin, dice }) => {
  const name = dice.pick(TEAMS)
  return [`delete namespace ${name}`, () => admin.of(namespaceType).delete(name)]
}

const createNamespace: Deed = ({ admin, dice }) => {
  const name = dice.pick(TEAMS)
  return [`create namespace ${name}`, () => admin.of(namespaceType).create({ metadata: { name } })]
}

const loseService: Deed = ({ dice, yard }) => {
  const all = [...yard.services.keys()]
  if (all.length === 0) return undefined
  const id = dice.pick(all)
  return [`take ${id} away outside`, async () => yard.lose(id)]
}

const DEEDS: readonly (readonly [weight: number, deed: Deed])[] = [
  [10, create],
  [5, remove],
  [6, edit],
  [2, removeSecret],
  [2, spoilSecret],
  [1.5, foreignSecret],
  [0.5, replaceSecret],
  [1, removeInstance],
  [1, editClass],
  [0.4, removeClass],
  [0.6, createClass],
  [0.7, removePolicy],
  [1.5, createPolicy],
  [0.7, removeMember],
  [1.5, writeMember],
  [1, editMember],
  [0.5, labelNamespace],
  [0.6, loseService],
  [0.3, removeNamespace],
  [0.6, createNamespace],
]

const TOTAL = DEEDS.reduce((sum, [weight]) => sum + weight, 0)

function choose(dice: Dice): Deed {
  let left = dice.random() * TOTAL
  for (const [weight, deed] of DEEDS) if ((left -= weight) < 0) return deed
  return create
}

export function createUsers(world: World, view: View, dice: Dice): Users {
  const scene = { admin: world.admin, program: world.program, yard: world.yard, dice, view }

  async function perform(what: string, act: () => Promise<unknown>): Promise<void> {
    world.scheduler.note(`user: ${what}`)
    try {
      await world.asUser(act)
    } catch (error) {
      // People are told no, and go on; what is not an answer of the API is a mistake of ours.
      if (!isApiError(error)) throw error
      world.scheduler.note(`  ${error.reason}`)
    }
    await world.scheduler.settle()
  }

  return {
    async act() {
      const chosen = choose(dice)(scene)
      if (chosen) await perform(...chosen)
    },
    async repair() {
      for (const name of Object.keys(CLASSES)) {
        if (!view.classes.has(name)) {
          await perform(`repair class ${name}`, () =>
            world.admin.of(classKind).create({ metadata: { name }, spec: CLASSES[name]! }),
          )
        }
      }
    },
  }
}
