import { expect, test } from 'vitest'
import type { KubeObject } from '@larder/engine/machinery/object'
import { causeOf } from '../model/cause.ts'
import type { Link, WithStatus } from './chain.ts'
import { renderTree, treeDot } from './tree.ts'
import { verdictOf, verdictText } from './verdict.ts'

const NOW = Date.parse('2026-11-21T10:06:00Z')
const SINCE = '2026-11-21T10:00:00Z'

function claim(
  conditions: [type: string, status: string, reason: string][],
  reason?: string,
  message = '',
): WithStatus {
  const about = { kind: 'Claim', name: 'cache', namespace: 'shop' }
  return {
    apiVersion: 'larder.dev/v1alpha1',
    kind: 'Claim',
    metadata: { name: 'cache', namespace: 'shop', generation: 1 },
    status: {
      observedGeneration: 1,
      conditions: conditions.map(([type, status, why]) => ({
        type,
        status: status as 'True',
        reason: why,
        message: 'told',
        lastTransitionTime: SINCE,
      })),
      ...(reason !== undefined && { cause: causeOf(reason, message, about) }),
    },
  }
}

const link = (more: Partial<Link> = {}): Link => ({
  kind: 'Claim',
  name: 'cache',
  state: 'found',
  children: [],
  ...more,
})
const say = (object: KubeObject, of = link()) => verdictText(verdictOf(object, of), NOW)

test('what is Ready takes one sentence', () => {
  expect(say(claim([['Ready', 'True', 'Ready']]), link({ message: 'Secret cache' }))).toBe(
    'claim shop/cache is Ready for 6m: Secret cache.\n',
  )
})

test('what is stuck says for how long, why, whose move it is and what to do', () => {
  const stuck = claim(
    [
      ['Ready', 'False', 'PlanNotFound'],
      ['Stalled', 'True', 'PlanNotFound'],
    ],
    'PlanNotFound',
    'no plan "huge"',
  )
  expect(say(stuck)).toBe(
    'claim shop/cache is stuck for 6m: no plan "huge" (PlanNotFound).\n' +
      'It will not heal by itself: the consumer must act. Next: Set spec.plan to one of those that the message names.\n',
  )
})

test('what heals needs nobody', () => {
  const waiting = claim([['Ready', 'False', 'Provisioning']], 'Provisioning', 'the service is being made')
  expect(say(waiting)).toMatch(/ is not Ready for 6m: .*\nIt goes on by itself\. Next: /)
})

test('a refused change leaves it Ready, and is told', () => {
  const changing = claim([
    ['Ready', 'True', 'Ready'],
    ['Stalled', 'True', 'PlanNotUpdatable'],
  ])
  expect(say(changing)).toMatch(
    / is Ready for 6m and can be used, and a change of it is not made: told \(PlanNotUpdatable\)\.\n/,
  )
})

test('what goes with its claim is Ready until then, and nobody asked for a change', () => {
  const ending = claim([
    ['Ready', 'True', 'Ready'],
    ['Stalled', 'True', 'InstanceDeleting'],
  ])
  expect(say(ending)).toMatch(/ is Ready for 6m and can be used: told \(InstanceDeleting\)\.\n/)
})

test('the deepest thing below that says something else is named', () => {
  const trouble = causeOf('BackendDenied', 'the account is locked', { kind: 'Backend', name: 'aws' })
  const backend = link({ kind: 'Backend', name: 'aws', ready: 'False', cause: trouble })
  const service = link({
    kind: 'Class',
    name: 'redis',
    ready: 'False',
    cause: { ...trouble, message: 'no backend' },
    children: [backend],
  })
  const waiting = claim([['Ready', 'False', 'Provisioning']], 'Provisioning', 'the service is being made')
  expect(say(waiting, link({ children: [service] }))).toContain(
    '\nBehind it: backend aws says the account is locked (BackendDenied).\n',
  )
  const same = claim([['Ready', 'False', 'BackendDenied']], 'BackendDenied', 'the account is locked')
  expect(say(same, link({ children: [backend] }))).not.toContain('Behind it')
})

test('nobody looked at it yet', () => {
  expect(say(claim([]))).toBe('claim shop/cache was not looked at yet: is the hub running?\n')
})

test('a branch that may not be read has no name, in no form', () => {
  const tree = link({
    ready: 'True',
    createdAt: SINCE,
    message: 'Secret cache',
    children: [
      { kind: 'Instance', state: 'forbidden', children: [] },
      link({ kind: 'Class', name: 'gone', state: 'absent', message: 'does not exist' }),
    ],
  })
  expect(renderTree(tree, NOW, 72)).toBe(
    [
      'NAME            READY   AGE   MESSAGE',
      'Claim/cache     True    6m    Secret cache',
      '├─ Instance     -       -     you may not read it',
      '└─ Class/gone   -       -     does not exist',
      '',
    ].join('\n'),
  )
  expect(treeDot(tree)).toContain('[label="Instance\\nyou may not read it", color=grey]')
})
