/** Everything about one object, for somebody who asks why: the cause first, then what it rests on. */
import { secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { age } from '@larder/engine/machinery/age'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isForbidden } from '@larder/engine/machinery/status'
import { backendKind } from '../../model/backend.ts'
import { claimKind, type Claim } from '../../model/claim.ts'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind, type Instance, type InstanceStep } from '../../model/instance.ts'
import type { Kind } from '../../model/kind.ts'
import type { Cause, Condition } from '../../model/shared-fields.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { eventColumns, listEvents } from '../events.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { kindAndName } from '../kinds.ts'
import { columnsOf, isTable, serialize, withoutOwners } from '../print.ts'
import { readiness } from '../readiness.ts'
import { renderTable } from '../table.ts'

interface Described extends KubeObject {
  readonly status?: {
    readonly cause?: Cause
    readonly conditions?: readonly Condition[]
    readonly steps?: readonly InstanceStep[]
    readonly observedGeneration?: number
  }
}

export const run: Run = async ({ args, options }, terminal) => {
  const { kind, name } = kindAndName(args)
  if (name === undefined)
    throw new CommandFailed(EXIT.usage, `which ${kind.singular}?`, { next: `larder describe ${kind.singular}/NAME` })
  await withApi(options, terminal, async ({ client, namespace }) => {
    const object = (await client.of(kind).get(name, kind.namespaced ? namespace : undefined)) as Described
    if (!isTable(options.output)) return terminal.out(await serialize(asJson(withoutOwners(object)), options.output))
    const now = terminal.now()
    const steps = await stepsOf(client, kind, object)
    const sections = [
      verdict(kind, object),
      section('', columnLines(kind, object, now)),
      section('Conditions', conditionTable(object, now)),
      section('Steps', steps.length === 0 ? undefined : stepTable(steps, now)),
      section('Related', relatedTable(await relatedObjects(client, kind, object))),
      section('Events', await eventTable(client, kind, object, now)),
    ]
    terminal.out(sections.filter((text) => text !== '').join('\n'))
  })
}

const section = (title: string, text: string | undefined): string => {
  if (text === undefined || text === '') return ''
  return title === '' ? text : `${title}\n${text.replaceAll(/^(?=.)/gm, '  ')}`
}

/** One sentence, and whose move it is. */
function verdict(kind: Kind<unknown, unknown>, object: Described): string {
  const { name, namespace, deletionTimestamp } = object.metadata
  const what = `${kind.singular} ${namespace === undefined ? '' : `${namespace}/`}${name}`
  const going = deletionTimestamp === undefined ? '' : ' and is being deleted'
  const cause = object.status?.cause
  if (!cause) return `${what} is ${readiness(object) === 'ready' ? 'Ready' : 'not looked at yet'}${going}\n`
  const move = cause.heals ? 'nobody needs to act' : `the ${cause.actor} must act`
  return [
    `${what} is not Ready: ${cause.reason}${going}`,
    `  why:   ${cause.message}`,
    `  who:   ${move}`,
    `  next:  ${cause.next}`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** What the table shows, one below the other; what the verdict has said already is left out. */
function columnLines(kind: Kind<unknown, unknown>, object: KubeObject, now: number): string {
  const told = new Set(['NAME', 'READY', 'REASON', 'MESSAGE'])
  return columnsOf(kind)
    .map(({ heading, cell }) => ({ heading, text: cell(object, now) }))
    .filter(({ heading, text }) => !told.has(heading) && text !== '')
    .map(({ heading, text }) => `${(heading[0]! + heading.slice(1).toLowerCase()).padEnd(18)}${text}\n`)
    .join('')
}

function conditionTable({ status }: Described, now: number): string | undefined {
  if (!status?.conditions?.length) return undefined
  return renderTable(
    ['TYPE', 'STATUS', 'REASON', 'AGE', 'MESSAGE'],
    status.conditions.map((c) => [c.type, c.status, c.reason, age(c.lastTransitionTime, now), c.message]),
  )
}

/** A claim shows the steps of its instance, to those who may read it. */
async function stepsOf(
  client: Client,
  kind: Kind<unknown, unknown>,
  object: Described,
): Promise<readonly InstanceStep[]> {
  if (object.status?.steps) return object.status.steps
  const held = kind.kind === 'Claim' ? (object as Claim).status?.instanceRef : undefined
  if (!held) return []
  const instance = await ifAllowed(client.of(instanceKind).find(held.name, held.namespace))
  return instance?.status?.steps ?? []
}

const stepTable = (steps: readonly InstanceStep[], now: number): string =>
  renderTable(
    ['STEP', 'OUTCOME', 'ATTEMPTS', 'STARTED', 'TOOK', 'MESSAGE'],
    steps.map((step) => [
      step.name,
      step.outcome,
      String(step.attempts),
      age(step.startedAt, now),
      step.took ?? '',
      step.message ?? '',
    ]),
  )

interface Related {
  /** `instance larder-instances/x` */
  readonly what: string
  readonly says: string
}

/** The objects that this one rests on or serves, as far as the caller may read them: others are not named at all. */
async function relatedObjects(client: Client, kind: Kind<unknown, unknown>, object: KubeObject): Promise<Related[]> {
  const one = (of: Kind<unknown, unknown>, name: string | undefined, namespace?: string): Promise<Related[]> =>
    name === undefined ? Promise.resolve([]) : relatedObject(client, of, name, namespace)
  switch (kind.kind) {
    case 'Claim': {
      const { spec, status, metadata } = object as Claim
      const held = status?.instanceRef
      return (
        await Promise.all([
          one(classKind, spec.className),
          one(instanceKind, held?.name, held?.namespace),
          relatedSecret(client, status?.binding?.name, metadata.namespace),
        ])
      ).flat()
    }
    case 'Instance': {
      const { spec } = object as Instance
      const { claimRef, backendRef, className } = spec
      return (
        await Promise.all([
          one(claimKind, claimRef?.name, claimRef?.namespace),
          one(classKind, className),
          one(backendKind, backendRef?.name),
        ])
      ).flat()
    }
    case 'Class':
      return one(backendKind, (object as Class).spec.backendRef.name)
    case 'Backend': {
      const classes = await ifAllowed(client.of(classKind).list())
      const made = classes?.items.filter(({ spec }) => spec.backendRef.name === object.metadata.name) ?? []
      return made.map((item) => ({ what: `class/${item.metadata.name}`, says: saysOf(item) }))
    }
    default:
      return []
  }
}

async function relatedObject(
  client: Client,
  kind: Kind<unknown, unknown>,
  name: string,
  namespace: string | undefined,
): Promise<Related[]> {
  const found = await ifAllowed(
    client
      .of(kind)
      .find(name, namespace)
      .then((object) => object ?? 'absent'),
  )
  if (found === undefined) return []
  const what = `${kind.singular}/${name}${namespace === undefined ? '' : ` -n ${namespace}`}`
  return [{ what, says: found === 'absent' ? 'does not exist' : saysOf(found as Described) }]
}

/** How many keys it has; never what is in them. */
async function relatedSecret(
  client: Client,
  name: string | undefined,
  namespace: string | undefined,
): Promise<Related[]> {
  if (name === undefined) return []
  const found = await ifAllowed(
    client
      .of(secretType)
      .find(name, namespace)
      .then((secret) => secret ?? 'absent'),
  )
  if (found === undefined) return []
  const says =
    found === 'absent'
      ? 'does not exist'
      : `keys ${Object.keys(found.data ?? {})
          .toSorted()
          .join(', ')}`
  return [{ what: `secret/${name} -n ${namespace}`, says }]
}

function saysOf(object: Described): string {
  const state = readiness(object)
  return state === 'ready' ? 'Ready' : `not Ready: ${object.status?.cause?.reason ?? 'not looked at yet'}`
}

const relatedTable = (related: readonly Related[]): string | undefined =>
  related.length === 0
    ? undefined
    : renderTable(
        ['OBJECT', 'STATE'],
        related.map(({ what, says }) => [what, says]),
      )

async function eventTable(
  client: Client,
  kind: Kind<unknown, unknown>,
  { metadata }: KubeObject,
  now: number,
): Promise<string | undefined> {
  const events = await ifAllowed(listEvents(client, { kind: kind.kind, ...metadata }))
  if (events === undefined || events.length === 0) return undefined
  const columns = eventColumns.filter(({ heading }) => heading !== 'OBJECT')
  return renderTable(
    columns.map((c) => c.heading),
    events.map((event) => columns.map((c) => c.cell(event, now))),
  )
}

/** Undefined when the caller may not know: a description shows what one may see, and does not fail for the rest. */
async function ifAllowed<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}
