/** Classes as a namespace sees them: what may be claimed, and how many are free. */
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { asJson } from '@larder/engine/machinery/object'
import type { ClaimableClass } from '../../model/claimable-query.ts'
import { classKind, type Class } from '../../model/class.ts'
import type { Kind } from '../../model/kind.ts'
import { askClaimable, claimableText } from '../claimable.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { isTable, serialize } from '../print.ts'
import { renderTable } from '../table.ts'
import { getKind } from './get.ts'

const kind = classKind as Kind<unknown, unknown>

/** As objects with `-o`, by label, and where nobody says what may be claimed; else as the answer to that question. */
export const list: Run = (invocation, terminal) =>
  withApi(invocation.options, terminal, async (connection) => {
    const { output, selector } = invocation.options
    const { client, namespace } = connection
    const asked = isTable(output) && selector === undefined ? await askClaimable(client, namespace) : undefined
    if (!asked) return getKind(kind, undefined, invocation, connection, terminal)
    const classes = asked.classes ?? []
    if (classes.length === 0) return terminal.note(`No classes found that namespace ${namespace} may claim.\n`)
    terminal.out(classTable(classes, output === 'wide'))
  })

function classTable(classes: readonly ClaimableClass[], wide: boolean): string {
  const more = (shown: ClaimableClass) => (wide ? [shown.message ?? ''] : [])
  return renderTable(
    ['NAME', 'TYPE', 'PLANS', 'CLAIMABLE', 'DESCRIPTION', ...(wide ? ['MESSAGE'] : [])],
    classes.map((shown) => [
      shown.name,
      shown.type,
      shown.plans?.map(({ name }) => name).join(',') ?? '-',
      claimableText(shown),
      shown.description ?? '',
      ...more(shown),
    ]),
  )
}

export const get: Run = (invocation, terminal) =>
  withApi(invocation.options, terminal, async (connection) => {
    const { args, options } = invocation
    const { client, namespace } = connection
    const service = await client.of(classKind).get(args[0]!)
    if (options.output === 'wide' || options.output === 'name')
      return getKind(kind, args[0], invocation, connection, terminal)
    if (!isTable(options.output)) return terminal.out(await serialize(asJson(service), options.output))
    const asked = await askClaimable(client, namespace, service.metadata.name)
    terminal.out(classText(service, asked && (asked.classes?.[0] ?? 'hidden'), namespace))
  })

function classText(service: Class, shown: ClaimableClass | 'hidden' | undefined, namespace: string): string {
  const { displayName, description, type, docs, plans = [], roles = [], backendRef, reclaimPolicy } = service.spec
  const title = displayName === undefined ? '' : ` (${displayName})`
  const facts: [string, string | undefined][] = [
    ['Type', type],
    ['Backend', backendRef.name],
    ['Claimable', shown && `${claimableIn(shown)} in namespace ${namespace}`],
    ['Afterwards', AFTERWARDS[reclaimPolicy ?? 'Delete']],
    ['Docs', docs],
  ]
  const sections = [
    `class ${service.metadata.name}${title}\n${description === undefined ? '' : `${description}\n`}`,
    facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(12)}${value}\n`])).join(''),
    table(
      'Plans',
      ['NAME', 'DESCRIPTION', ''],
      plans.map((p) => [p.name, p.description ?? '', notes(p)]),
    ),
    table(
      'Roles',
      ['NAME', ''],
      roles.map((r) => [r.name, r.default ? 'default' : '']),
    ),
    table('Parameters', ['NAME', 'TYPE', 'MEANING'], parametersOf(service)),
  ]
  return sections.filter((text) => text !== '').join('\n')
}

const AFTERWARDS = {
  Delete: 'the service and its data go with the claim',
  Retain: 'the service stays when its claim goes',
  Recycle: 'the service is wiped and given to the next claim',
  Release: 'what was claimed stays as it is',
} as const

function claimableIn(shown: ClaimableClass | 'hidden'): string {
  if (shown === 'hidden') return 'no'
  return shown.message === undefined ? claimableText(shown) : `${claimableText(shown)} (${shown.message})`
}

const notes = (plan: {
  readonly default?: boolean
  readonly offered?: boolean
  readonly updatable?: boolean
}): string =>
  [
    ...(plan.default ? ['default'] : []),
    ...(plan.offered === false ? ['no new claims'] : []),
    ...(plan.updatable === false ? ['cannot be changed'] : []),
  ].join(', ')

function parametersOf({ spec }: Class): readonly (readonly string[])[] {
  const schema = spec.parameters?.openAPIV3Schema
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties).flatMap(([name, field]) =>
    isObject(field) ? [[name, typeText(field), textOf(field['description'])]] : [],
  )
}

function typeText(field: JsonObject): string {
  const values = field['enum']
  return Array.isArray(values) ? values.map(String).join('|') : textOf(field['type'])
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const table = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? '' : `${title}\n${renderTable(head, rows).replaceAll(/^(?=.)/gm, '  ')}`
