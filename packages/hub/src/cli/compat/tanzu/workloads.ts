/** `tanzu apps workload`. */
import { equalJson, isObject } from '@larder/engine/base/json'
import type { Client } from '@larder/engine/client/client'
import { age } from '@larder/engine/machinery/age'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isForbidden } from '@larder/engine/machinery/status'
import { WORKLOAD_TYPE_LABEL, workloadKind, type Workload } from '../../../model/workload/kind.ts'
import { annotationsOf } from '../../../model/workload/parts.ts'
import { waitMs } from '../../commands/claim.ts'
import { confirm } from '../../confirm.ts'
import { CommandFailed, EXIT } from '../../failure.ts'
import { serialize } from '../../print.ts'
import { readTextFile } from '../../read-file.ts'
import { readyOf } from '../../readiness.ts'
import { renderTable } from '../../table.ts'
import type { Terminal } from '../../terminal.ts'
import { watchUntil } from '../../watch-until.ts'
import { checkOutput, keyLines, printList, printObject, type Lines } from './layout.ts'
import { withCluster, type TanzuRun, type TanzuValues } from './options.ts'
import { crossesNamespaces, editWorkload } from './workload-edit.ts'
import { workloadStore, type WorkloadStore } from './workload-store.ts'

type Mode = 'create' | 'update' | 'apply'

export const create = saving('create')
export const update = saving('update')
export const apply = saving('apply')

function saving(mode: Mode): TanzuRun {
  return async ({ args, options }, terminal) => {
    checkOutput(options.output, 'json')
    const file = options.file === undefined ? undefined : await workloadIn(options.file, terminal)
    const name = args[0] ?? file?.metadata.name
    if (name === undefined)
      throw new CommandFailed(EXIT.usage, 'which workload? its name is missing', {
        next: `tanzu apps workload ${mode} NAME`,
      })
    await withCluster(options, terminal, async ({ client, namespace }) => {
      const home = options.namespace ?? file?.metadata.namespace ?? namespace
      const store = await workloadStore(client)
      const before = await store.find(name, home)
      refuseMode(mode, before, name, home)
      const from: Workload = { ...before, ...file, ...empty(name, home, before, file) }
      const workload = editWorkload(from, options)
      if (crossesNamespaces(options))
        terminal.note(
          'WARNING: Cross namespace service claims are deprecated. Please use `tanzu service claim create` instead.\n',
        )
      if (options['dry-run']) return terminal.out(await serialize(asJson(workload), 'yaml'))
      if (before && equalJson(asJson(before), asJson(workload)))
        return terminal.out('Workload is unchanged, skipping update\n')
      await store.save(workload, before)
      if (!options.wait) await seen(client, store, workload).catch(unlessForbidden)
      await report({ client, store, workload, before, options }, terminal)
    })
  }
}

function refuseMode(mode: Mode, before: Workload | undefined, name: string, namespace: string): void {
  if (mode === 'create' && before)
    throw new CommandFailed(EXIT.conflict, `workload "${namespace}/${name}" already exists`, {
      next: `tanzu apps workload apply ${name}`,
    })
  if (mode === 'update' && !before)
    throw new CommandFailed(EXIT.notFound, `workload "${namespace}/${name}" does not exist`, {
      next: `tanzu apps workload create ${name}`,
    })
}

/** What a file says takes the place of what was there, but for what the API keeps of it. */
const empty = (name: string, namespace: string, before: Workload | undefined, file: Workload | undefined) => ({
  apiVersion: `${workloadKind.group}/${workloadKind.version}`,
  kind: workloadKind.kind,
  metadata: { ...before?.metadata, ...file?.metadata, name, namespace },
})

async function workloadIn(path: string, terminal: Terminal): Promise<Workload> {
  const { parse } = await import('yaml')
  const read: unknown = parse(await readTextFile(path, terminal))
  if (!isObject(read) || read['kind'] !== workloadKind.kind || !isObject(read['metadata']))
    throw new CommandFailed(EXIT.usage, `${path} is no ${workloadKind.kind}`, { next: 'one Workload, as YAML or JSON' })
  return read as unknown as Workload
}

/** Somebody who makes something of it does so in a moment; a script that goes on with the binding finds it. */
const MOMENT_MS = 2000

const isSeen = (now: Workload | undefined): boolean => now?.status?.observedGeneration === now?.metadata.generation

async function seen(client: Client, store: WorkloadStore, workload: Workload): Promise<void> {
  const { name, namespace = '' } = workload.metadata
  if (!store.awaited(workload).some(({ type }) => type.kind === workloadKind.kind)) return
  const moment = AbortSignal.timeout(MOMENT_MS)
  const { items, metadata } = await client.of(workloadKind).list({ namespace, fieldSelector: `metadata.name=${name}` })
  if (isSeen(items[0])) return
  const from = { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion: metadata.resourceVersion }
  for await (const event of client.of(workloadKind).watch(from, moment)) {
    if (event.type !== 'BOOKMARK' && isSeen(event.object)) return
  }
}

/** Who may make one need not be one who may follow it. */
function unlessForbidden(error: unknown): void {
  if (!isForbidden(error)) throw error
}

interface Saved {
  readonly client: Client
  readonly store: WorkloadStore
  readonly workload: Workload
  readonly before: Workload | undefined
  readonly options: TanzuValues
}

async function report({ client, store, workload, before, options }: Saved, terminal: Terminal): Promise<void> {
  const { name, namespace = '' } = workload.metadata
  if (options.output === 'json') await printObject((await store.find(name, namespace)) ?? workload, terminal)
  else {
    const where = options.namespace === undefined ? '' : ` --namespace ${namespace}`
    terminal.out(`${before ? 'Updated' : 'Created'} workload "${name}"\n\n`)
    terminal.out(`To get status: "tanzu apps workload get ${name}${where}"\n`)
  }
  if (workload.spec?.image === undefined)
    terminal.note(
      'No image was named. Larder builds none: unless something else here does, the workload is bound, but does not run.\n' +
        `Next  tanzu apps workload apply ${name} --namespace ${namespace} --image IMAGE\n`,
    )
  if (!options.wait) return
  for (const { type, name: awaited } of store.awaited(workload))
    await watchUntil<KubeObject, true>(client, terminal, {
      type,
      name: awaited,
      namespace,
      timeoutMs: waitMs(options),
      what: `${type.kind} ${namespace}/${awaited} to be Ready`,
      look(now) {
        const { status, reason, message } = now ? readyOf(now) : { status: '', reason: '', message: '' }
        if (reason === 'ImageMissing')
          throw new CommandFailed(EXIT.failedWhileWaiting, `${type.kind} ${namespace}/${awaited} is not Ready`, {
            why: message,
          })
        return status === 'True' ? true : undefined
      },
    })
}

export const get: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'json')
    const workload = await existing(await workloadStore(client), args[0]!, namespace)
    if (options.output === 'json') return printObject(workload, terminal)
    terminal.out(keyLines(linesOf(workload)))
  })

async function existing(store: WorkloadStore, name: string, namespace: string): Promise<Workload> {
  const found = await store.find(name, namespace)
  if (found) return found
  throw new CommandFailed(EXIT.notFound, `workload "${namespace}/${name}" not found`, {
    next: `tanzu apps workload list --namespace ${namespace}`,
  })
}

function linesOf(workload: Workload): Lines {
  const { metadata, spec = {} } = workload
  const { status, reason, message } = readyOf(workload)
  const annotations = Object.entries(annotationsOf(spec))
  const git = spec.source?.git
  return [
    ['Name', metadata.name],
    ['Namespace', metadata.namespace ?? ''],
    ['Type', metadata.labels?.[WORKLOAD_TYPE_LABEL] ?? ''],
    ...(git ? ([['Source', [['Url', git.url ?? ''], ...Object.entries(git.ref ?? {}).map(capital)]]] as const) : []),
    ['Image', spec.image ?? ''],
    ...(annotations.length > 0 ? ([['Annotations', annotations]] as const) : []),
    ...((spec.serviceClaims ?? []).length > 0 ? ([['Services', serviceLines(workload)]] as const) : []),
    [
      'Status',
      [
        ['Ready', status === '' ? 'Unknown' : status],
        ...(status === 'True' || reason === ''
          ? []
          : ([
              ['Reason', reason],
              ['Message', message],
            ] as const)),
      ],
    ],
  ]
}

const capital = ([name, value]: readonly [string, string]) =>
  [`${name[0]!.toUpperCase()}${name.slice(1)}`, value] as const

const serviceLines = ({ spec }: Workload): Lines =>
  (spec?.serviceClaims ?? []).map(({ name, ref }) => [name, `${ref.apiVersion}:${ref.kind}:${ref.name}`])

export const list: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async ({ client, ...connection }) => {
    checkOutput(options.output, 'json')
    const namespace = options['all-namespaces'] ? undefined : connection.namespace
    const workloads = await (await workloadStore(client)).list(namespace)
    if (options.output === 'json') return printList(workloads, terminal)
    if (workloads.length === 0) return terminal.out('No workloads found.\n')
    const rows = workloads.map((workload) => {
      const { metadata } = workload
      const { reason } = readyOf(workload)
      return [
        ...(namespace === undefined ? [metadata.namespace ?? ''] : []),
        metadata.name,
        metadata.labels?.[WORKLOAD_TYPE_LABEL] ?? '<empty>',
        metadata.labels?.['app.kubernetes.io/part-of'] ?? '<empty>',
        reason === '' ? '<unknown>' : reason,
        age(metadata.creationTimestamp ?? '', terminal.now()),
      ]
    })
    terminal.out(
      renderTable([...(namespace === undefined ? ['NAMESPACE'] : []), 'NAME', 'TYPE', 'APP', 'READY', 'AGE'], rows),
    )
  })

export const remove: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const store = await workloadStore(client)
    const workload = await existing(store, args[0]!, namespace)
    const { name } = workload.metadata
    if (!options.yes) await confirm(terminal, `Really delete the workload "${name}" in namespace "${namespace}"?`)
    await store.remove(workload)
    terminal.out(`Deleted workload "${name}"\n`)
  })
