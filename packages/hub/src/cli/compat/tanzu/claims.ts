/** `tanzu services claims` and `class-claims`: what they have in common is here once, what differs is in a `ClaimKind`. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import type { Client, New } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import { parseApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import { parseParameters, waitMs } from '../../commands/claim.ts'
import { confirm } from '../../confirm.ts'
import { CommandFailed, EXIT } from '../../failure.ts'
import { whereServed } from '../../not-served.ts'
import { readyOf } from '../../readiness.ts'
import { elapsed, type Terminal } from '../../terminal.ts'
import { watchUntil } from '../../watch-until.ts'
import {
  claimReference,
  classClaimType,
  DOOR,
  resourceClaimType,
  SERVED_AS,
  type ClassClaim,
  type ObjectRef,
  type ResourceClaim,
} from './kinds.ts'
import { checkOutput, keyLines, printList, printObject, printTable, type Lines } from './layout.ts'
import { withCluster, type TanzuRun, type TanzuValues } from './options.ts'

interface ClaimKind<T extends KubeObject> {
  readonly type: ResourceType<T>
  /** The words of its commands. */
  readonly words: string
  spec(options: TanzuValues, namespace: string): Promise<JsonObject> | JsonObject
  /** Columns between NAME and READY. */
  readonly columns: readonly { readonly heading: string; readonly cell: (claim: T) => string }[]
  shown(claim: T, options: TanzuValues): boolean
  lines(claim: T): Lines
  /** Reasons that only an edit of the claim takes away; the others go when what is missing comes. */
  readonly final: readonly string[]
}

const resourceClaims: ClaimKind<ResourceClaim> = {
  type: resourceClaimType,
  words: 'claims',
  final: [],
  spec: (options, namespace) => ({
    ref: {
      apiVersion: options['resource-api-version']!,
      kind: options['resource-kind']!,
      name: options['resource-name']!,
      namespace: options['resource-namespace'] ?? namespace,
    },
  }),
  columns: [],
  shown: () => true,
  lines: (claim) => [
    ['Name', claim.metadata.name],
    ['Status', readyLines(claim)],
    ['Namespace', claim.metadata.namespace ?? ''],
    ['Claim Reference', claimReference('ResourceClaim', claim.metadata.name)],
    ['Resource to Claim', resourceLines(claim.spec.ref, claim.metadata.namespace)],
  ],
}

const classClaims: ClaimKind<ClassClaim> = {
  type: classClaimType,
  words: 'class-claims',
  final: ['ReasonParametersInvalid'],
  async spec(options) {
    const parameters = await parseParameters(options.parameter ?? [])
    return {
      classRef: { name: options.class! },
      ...(Object.keys(parameters).length > 0 && { parameters }),
    }
  },
  columns: [{ heading: 'CLASS', cell: ({ spec }) => spec.classRef.name }],
  shown: ({ spec }, options) => options.class === undefined || spec.classRef.name === options.class,
  lines: (claim) => [
    ['Name', claim.metadata.name],
    ['Namespace', claim.metadata.namespace ?? ''],
    ['Claim Reference', claimReference('ClassClaim', claim.metadata.name)],
    ['Class Reference', [['Name', claim.spec.classRef.name]]],
    ['Parameters', parameterLines(claim.spec.parameters)],
    [
      'Status',
      [
        ...readyLines(claim),
        ...(claim.status?.resourceRef
          ? ([['Claimed Resource', resourceLines(claim.status.resourceRef, claim.metadata.namespace)]] as const)
          : []),
      ],
    ],
  ],
}

/** Why it is not ready is an addition; upstream says so only in a list. */
function readyLines(claim: KubeObject): Lines {
  const { status, reason, message } = readyOf(claim)
  const why = [
    ...(reason === '' ? [] : [['Reason', reason] as const]),
    ...(message === '' ? [] : [['Message', message] as const]),
  ]
  return [['Ready', status === '' ? 'Unknown' : status], ...(status === 'True' ? [] : why)]
}

function resourceLines(ref: ObjectRef, home: string | undefined): Lines {
  const { group, version } = parseApiVersion(ref.apiVersion)
  return [
    ['Name', ref.name],
    ['Namespace', ref.namespace ?? home ?? ''],
    ['Group', group],
    ['Version', version],
    ['Kind', ref.kind],
  ]
}

function parameterLines(parameters: JsonObject | undefined): string | Lines {
  if (!parameters || Object.keys(parameters).length === 0) return 'None'
  return Object.entries(parameters).map(([key, value]) => [key, isObject(value) ? parameterLines(value) : word(value)])
}

const word = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

const createOf =
  <T extends KubeObject>(kind: ClaimKind<T>): TanzuRun =>
  async ({ args, options }, terminal) => {
    const name = args[0]!
    checkOutput(options.output, 'json')
    await withCluster(options, terminal, async ({ client, namespace }) => {
      const spec = await kind.spec(options, namespace)
      const wanted = { metadata: { name, namespace }, spec } as unknown as New<T>
      const claim = await whereServed(SERVED_AS, DOOR, () => client.of(kind.type).create(wanted))
      const json = options.output === 'json'
      if (json && !options.wait) return printObject(claim, terminal)
      if (!json) terminal.out(`Creating claim '${name}' in namespace '${namespace}'.\n`)
      if (!options.wait) return terminal.out(progressHint(kind.words, name, namespace))
      const ready = await waitForReady(client, kind, claim, options, terminal)
      if (json) return printObject(ready, terminal)
      terminal.note(`Next  tanzu services ${kind.words} get ${name} --namespace ${namespace}\n`)
    })
  }

const progressHint = (words: string, name: string, namespace: string): string =>
  `Please run \`tanzu services ${words} get ${name} --namespace ${namespace}\` to see the progress of create.\n`

/** Tells each new reason. Most claims heal by themselves when what they miss comes, so only time ends the wait. */
async function waitForReady<T extends KubeObject>(
  client: Client,
  { type, final }: ClaimKind<T>,
  claim: T,
  options: TanzuValues,
  terminal: Terminal,
): Promise<T> {
  const { name, namespace } = claim.metadata
  const startedAt = terminal.now()
  let told = ''
  return await watchUntil<T, T>(client, terminal, {
    type,
    name,
    namespace,
    timeoutMs: waitMs(options),
    what: `claim ${namespace}/${name} to be Ready`,
    look(now) {
      if (now?.metadata.uid !== claim.metadata.uid)
        throw new CommandFailed(EXIT.notFound, `claim ${namespace}/${name} was deleted meanwhile`)
      const { status, reason, message } = readyOf(now!)
      const news = status === 'True' ? 'Ready' : [reason, message].filter((text) => text !== '').join(': ')
      if (news !== '' && news !== told)
        terminal.note(
          `  ${elapsed(terminal.now() - startedAt).padStart(6)} ${status === 'True' ? '✔' : '◐'}  ${news}\n`,
        )
      told = news
      if (final.includes(reason))
        throw new CommandFailed(EXIT.failedWhileWaiting, `claim ${namespace}/${name} failed: ${reason}`, {
          why: message,
        })
      return status === 'True' ? now : undefined
    },
  })
}

const listOf =
  <T extends KubeObject>(kind: ClaimKind<T>): TanzuRun =>
  ({ options }, terminal) =>
    withCluster(options, terminal, async (connection) => {
      checkOutput(options.output, 'wide', 'json')
      const everywhere = options['all-namespaces'] === true
      const namespace = everywhere ? undefined : connection.namespace
      const { items } = await whereServed(SERVED_AS, DOOR, () => connection.client.of(kind.type).list({ namespace }))
      const shown = items.filter((claim) => kind.shown(claim, options))
      if (options.output === 'json') return printList(shown, terminal)
      const wide = options.output === 'wide'
      const headings = [
        ...(everywhere ? ['NAMESPACE'] : []),
        'NAME',
        ...kind.columns.map(({ heading }) => heading),
        'READY',
        'REASON',
        ...(wide ? ['CLAIM REF'] : []),
      ]
      const rows = shown.map((claim) => {
        const { status, reason } = readyOf(claim)
        return [
          ...(everywhere ? [claim.metadata.namespace ?? ''] : []),
          claim.metadata.name,
          ...kind.columns.map(({ cell }) => cell(claim)),
          status,
          reason,
          ...(wide ? [claimReference(kind.type.kind, claim.metadata.name)] : []),
        ]
      })
      const where = namespace === undefined ? 'any namespace' : `namespace '${namespace}'`
      printTable(terminal, headings, rows, `No claims found in ${where}.`)
    })

const getOf =
  <T extends KubeObject>(kind: ClaimKind<T>): TanzuRun =>
  ({ args, options }, terminal) =>
    withCluster(options, terminal, async ({ client, namespace }) => {
      checkOutput(options.output, 'json')
      const claim = await whereServed(SERVED_AS, DOOR, () => client.of(kind.type).get(args[0]!, namespace))
      if (options.output === 'json') return printObject(claim, terminal)
      terminal.out(keyLines(kind.lines(claim)))
    })

const deleteOf =
  <T extends KubeObject>(kind: ClaimKind<T>): TanzuRun =>
  ({ args, options }, terminal) =>
    withCluster(options, terminal, async ({ client, namespace }) => {
      const name = args[0]!
      const claims = client.of(kind.type)
      const { metadata } = await whereServed(SERVED_AS, DOOR, () => claims.get(name, namespace))
      if (!options.yes)
        await confirm(
          terminal,
          `Delete claim '${name}' in namespace '${namespace}'? What it holds may then be claimed by others.`,
        )
      await claims.delete(name, { namespace, preconditions: { uid: metadata.uid! } })
      terminal.out(`Deleting claim '${name}' in namespace '${namespace}'.\n`)
      const look = `tanzu services ${kind.words} list --namespace ${namespace}`
      if (!options.wait) return terminal.out(`Please run \`${look}\` to see the progress of delete.\n`)
      await watchUntil<T, true>(client, terminal, {
        type: kind.type,
        name,
        namespace,
        timeoutMs: waitMs(options),
        what: `claim ${namespace}/${name} to be gone`,
        look: (now) => (now?.metadata.uid === metadata.uid ? undefined : true),
      })
    })

export const createClaim = createOf(resourceClaims)
export const listClaims = listOf(resourceClaims)
export const getClaim = getOf(resourceClaims)
export const deleteClaim = deleteOf(resourceClaims)
export const createClassClaim = createOf(classClaims)
export const listClassClaims = listOf(classClaims)
export const getClassClaim = getOf(classClaims)
export const deleteClassClaim = deleteOf(classClaims)
