/** `tanzu services classes`, `claimable`, and the two hidden lists that they took the place of. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { Client } from '@larder/engine/client/client'
import { createServedKinds, type ServedKinds } from '@larder/engine/client/served-kinds'
import { age } from '@larder/engine/machinery/age'
import { formatApiVersion, parseApiVersion } from '@larder/engine/machinery/object'
import { isForbidden, isNotFound } from '@larder/engine/machinery/status'
import { whereServed } from '../../not-served.ts'
import { readyOf } from '../../readiness.ts'
import { DOOR, instanceClassType, instanceQueryType, SERVED_AS, type InstanceClass, type ObjectRef } from './kinds.ts'
import { checkOutput, printList, printObject, printTable, tableLines, tanzuTable } from './layout.ts'
import { withCluster, type TanzuRun } from './options.ts'

/** As many as anybody will look at; the query itself stops at 50 unless told. */
const LONGEST_LIST = 1000

export const listClasses: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async ({ client }) => {
    checkOutput(options.output, 'json')
    const classes = await allClasses(client)
    if (options.output === 'json') return printList(classes, terminal)
    const rows = classes.map(({ metadata, spec }) => [metadata.name, spec?.description?.short ?? ''])
    printTable(terminal, ['NAME', 'DESCRIPTION'], rows, 'No classes found.')
  })

const allClasses = async (client: Client): Promise<readonly InstanceClass[]> =>
  (await whereServed(SERVED_AS, DOOR, () => client.of(instanceClassType).list())).items

export const getClass: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client }) => {
    checkOutput(options.output, 'json')
    const found = await whereServed(SERVED_AS, DOOR, () => client.of(instanceClassType).get(args[0]!))
    if (options.output === 'json') return printObject(found, terminal)
    const { status, reason, message } = readyOf(found)
    const facts = [
      ['NAME:', found.metadata.name],
      ['DESCRIPTION:', found.spec?.description?.short ?? ''],
      ['READY:', status === 'True' ? 'true' : 'false'],
      ...(status === 'True' || reason === '' ? [] : [['REASON:', `${reason}: ${message}`]]),
    ]
    terminal.out(facts.map(([name, value]) => `${name!.padEnd(16)}${value}`.trimEnd() + '\n').join(''))
    const rows = parameterRows(found.status?.claimParameters?.openAPIV3Schema)
    if (rows.length > 0)
      terminal.out(`\nPARAMETERS:\n${tableLines(['KEY', 'DESCRIPTION', 'TYPE', 'DEFAULT', 'REQUIRED'], rows)}`)
  })

/** A row for each parameter that has no parts; parts stand behind dots, as `--parameter` takes them. */
function parameterRows(schema: Json | undefined, prefix = ''): readonly (readonly string[])[] {
  if (!isObject(schema) || !isObject(schema['properties'])) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(schema['properties']).flatMap(([name, field]) => {
    if (!isObject(field)) return []
    const parts = parameterRows(field, `${prefix}${name}.`)
    return parts.length > 0 ? parts : [parameterRow(`${prefix}${name}`, field, required.includes(name))]
  })
}

const parameterRow = (key: string, field: JsonObject, required: boolean): readonly string[] => [
  key,
  text(field['description']),
  text(field['type']),
  text(field['default']),
  String(required),
]

const text = (value: Json | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

export const listClaimable: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'json')
    const className = options.class!
    const instances = await claimableOf(client, className, namespace)
    if (options.output === 'json') return terminal.out(`${JSON.stringify(instances, null, 2)}\n`)
    const rows = instances.map((found) => [found.name, found.namespace ?? '', found.kind, found.apiVersion])
    const none = `No claimable instances found for class '${className}' in namespace '${namespace}'.`
    printTable(terminal, ['NAME', 'NAMESPACE', 'KIND', 'APIVERSION'], rows, none)
    if (rows.length === 0) terminal.note(await whyNotReady(client, className))
    if (rows.length === LONGEST_LIST) terminal.note(`These are the first ${LONGEST_LIST}; there may be more.\n`)
  })

/** Nothing free and nothing readable look alike in the answer; the class knows which it is. */
async function whyNotReady(client: Client, className: string): Promise<string> {
  const { status, reason, message } = readyOf(await client.of(instanceClassType).get(className))
  return status === 'True' ? '' : `The class is not ready: ${reason}: ${message}\n`
}

async function claimableOf(client: Client, className: string, namespace: string): Promise<readonly ObjectRef[]> {
  const question = { metadata: { namespace }, spec: { class: className, limit: LONGEST_LIST } }
  const answer = await whereServed('InstanceQuery (Services Toolkit)', DOOR, () =>
    client.of(instanceQueryType).create(question),
  )
  return answer.status?.instances ?? []
}

const DEPRECATED = 'Warning: this command is deprecated; please use `tanzu services classes list`.\n'

/** What can be claimed from pools, by kind: `tanzu services classes list` says more. */
export const listTypes: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async ({ client }) => {
    terminal.note(DEPRECATED)
    const rows = (await allClasses(client)).flatMap(({ metadata, spec, status }) => {
      const type = status?.instanceType
      if (!spec?.pool || !type) return []
      const apiVersion = formatApiVersion(type.group ?? '', type.version)
      return [[metadata.name, spec.description?.short ?? '', apiVersion, type.kind]]
    })
    if (rows.length === 0) return terminal.out('No service types found.\n')
    terminal.out(tanzuTable(['NAME', 'DESCRIPTION', 'APIVERSION', 'KIND'], rows))
  })

/** What a claim of this namespace could hold, of every pool. */
export const listInstances: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'wide')
    terminal.note(DEPRECATED)
    const classes = await allClasses(client)
    if (classes.length === 0) return terminal.out('No service types found.\n')
    const wide = options.output === 'wide'
    const kinds = createServedKinds(client.transport)
    const rows: (readonly string[])[] = []
    for (const { metadata } of classes.filter(({ spec }) => spec?.pool !== undefined)) {
      for (const found of await claimableOf(client, metadata.name, namespace)) {
        const reference = wide ? [`${found.apiVersion}:${found.kind}:${found.namespace ?? ''}:${found.name}`] : []
        rows.push([
          found.name,
          found.kind,
          metadata.name,
          await ageOf(client, kinds, found, terminal.now()),
          ...reference,
        ])
      }
    }
    const headings = ['NAME', 'KIND', 'SERVICE TYPE', 'AGE', ...(wide ? ['SERVICE REF'] : [])]
    printTable(terminal, headings, rows, `No service instances found in namespace '${namespace}'.`)
  })

/** Who may claim it need not be one who may read it. */
async function ageOf(client: Client, kinds: ServedKinds, ref: ObjectRef, now: number): Promise<string> {
  const served = await kinds.find(ref.apiVersion, ref.kind)
  if (!served) return '<unknown>'
  const type = { ...parseApiVersion(ref.apiVersion), kind: ref.kind, ...served }
  try {
    const { metadata } = await client.of(type).get(ref.name, ref.namespace)
    return age(metadata.creationTimestamp ?? '', now)
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return '<unknown>'
    throw error
  }
}
