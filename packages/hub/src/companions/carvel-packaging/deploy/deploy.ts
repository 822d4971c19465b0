/**
 * What kapp does for kapp-controller: applies manifests in order, by server-side apply and as the App's ServiceAccount; takes away what
 * is no longer among them; waits until all is ready. Each pass looks at every object and writes where something differs.
 */
import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { App } from '../kinds.ts'
import { Failed, SEE_USEFUL } from '../report.ts'
import type { Actor } from './account.ts'
import { covers, keeping, marked } from './applied.ts'
import type { DeployConfig } from './config.ts'
import {
  describeApplied,
  idOf,
  isDefinition,
  rankOf,
  targetOf,
  type Applied,
  type Kinds,
  type Manifest,
} from './manifest.ts'
import { readinessOf } from './readiness.ts'
import { APP_LABEL, readRecord, writeRecord, type DeployRecord } from './record.ts'
import { askAgain, removeOne } from './remove.ts'

export interface Deploying {
  readonly app: App
  readonly actor: Actor
  readonly kinds: Kinds
  readonly config: DeployConfig
  /** Told of what is changed. */
  readonly changing: () => void
}

const LOOK_AGAIN_MS = 1000

type Live = KubeObject & JsonObject

export async function deploy(work: Deploying, manifests: readonly Manifest[]): Promise<Outcome> {
  refuseTwice(manifests)
  const before = await readRecord(work.app, work.actor)
  const wanted: readonly Applied[] = manifests.map(asApplied)
  const record = await remember(work, before, [...wanted, ...others(before, wanted)])
  const live: { readonly manifest: Manifest; readonly object: Live }[] = []
  for (const manifest of manifests) {
    const unready = definitionsUnready(live, manifest)
    if (unready !== undefined) return wait('Reconciling', unready, LOOK_AGAIN_MS)
    const object = await applyOne(work, manifest, manifests, record.id)
    if (object === undefined)
      return wait('Reconciling', `${describeApplied(manifest)}: its kind is not served yet`, LOOK_AGAIN_MS)
    live.push({ manifest, object })
  }
  const going = await prune(work, record, others(record, wanted))
  await remember(work, record, [...wanted, ...going])
  return readyOrNot(work, live, going)
}

const asApplied = ({ apiVersion, kind, name, namespace }: Manifest): Applied => ({
  apiVersion,
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
})

function refuseTwice(manifests: readonly Manifest[]): void {
  const seen = new Set<string>()
  for (const manifest of manifests) {
    const id = idOf(manifest)
    if (seen.has(id)) throw new Failed(`Deploying: ${describeApplied(manifest)} is among the manifests twice`)
    seen.add(id)
  }
}

function others(record: DeployRecord | undefined, wanted: readonly Applied[]): readonly Applied[] {
  const ids = new Set(wanted.map(idOf))
  return (record?.applied ?? []).filter((one) => !ids.has(idOf(one)))
}

/** Before anything is applied and after anything is gone. */
async function remember(
  { app, actor, changing }: Deploying,
  before: DeployRecord | undefined,
  applied: readonly Applied[],
): Promise<DeployRecord> {
  const same =
    before !== undefined &&
    before.applied.length === applied.length &&
    before.applied.every((one, i) => idOf(one) === idOf(applied[i]!) && one.apiVersion === applied[i]!.apiVersion)
  if (same) return before
  changing()
  const record = { id: before?.id ?? app.metadata.uid ?? '', applied }
  await writeRecord(app, actor, record)
  return record
}

/** What comes behind the definitions may need them to be served. */
function definitionsUnready(live: readonly { manifest: Manifest; object: Live }[], next: Manifest): string | undefined {
  for (const { manifest, object } of live) {
    if (!isDefinition(manifest) || rankOf(next) <= rankOf(manifest)) continue
    const readiness = readinessOf(manifest, object, [])
    const { conditions } = (object['status'] ?? {}) as { conditions?: readonly object[] }
    if (readiness.type !== 'ready') return readiness.why
    if (!conditions?.length) return `${describeApplied(manifest)}: nobody has looked at it yet`
  }
  return undefined
}

/** Undefined where its kind is defined by another manifest and not served yet. */
async function applyOne(
  { actor, kinds, config, changing }: Deploying,
  manifest: Manifest,
  all: readonly Manifest[],
  id: string,
): Promise<Live | undefined> {
  const { apiVersion, kind } = manifest
  const target = await targetOf(manifest, kinds)
  if (!target) {
    if (all.some(isDefinition)) return undefined
    throw new Failed(`Deploying: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`)
  }
  const current = await actor.find(target)
  const owner = current?.metadata.labels?.[APP_LABEL]
  if (owner !== undefined && owner !== id)
    throw new Failed(`Deploying: ${describeApplied(manifest)} belongs to another App (label ${APP_LABEL})`)
  if (current?.metadata.deletionTimestamp !== undefined)
    throw new Failed(`Deploying: ${describeApplied(manifest)} is being deleted: it is made again once it is gone`)
  const wanted = marked(manifest, id)
  if (current && covers(current, keeping(wanted, current, config.keepRules))) return current
  const applied = await actor.apply(target, keeping(wanted, current, config.keepRules))
  // An API may keep a value in other words, a quantity say: then each look applies it again, and nothing changes.
  if (applied.metadata.resourceVersion !== current?.metadata.resourceVersion) changing()
  if (current === undefined && applied.metadata.uid === undefined) kinds.forget(apiVersion, kind)
  return applied
}

/** Those that are still there, last ones first. */
async function prune(
  work: Deploying,
  record: DeployRecord,
  leftovers: readonly Applied[],
): Promise<readonly Applied[]> {
  askAgain(leftovers, work.kinds)
  const going: Applied[] = []
  for (const one of leftovers.toReversed()) {
    work.changing()
    if (await removeOne(one, { id: record.id, actor: work.actor, kinds: work.kinds })) going.unshift(one)
  }
  return going
}

function readyOrNot(
  { config }: Deploying,
  live: readonly { manifest: Manifest; object: Live }[],
  going: readonly Applied[],
): Outcome {
  const all = live.map(({ manifest, object }) => readinessOf(manifest, object, config.waitRules))
  const failed = all.flatMap((one) => (one.type === 'failed' ? [one.why] : []))
  if (failed.length > 0) throw new Failed(`Deploying: ${SEE_USEFUL}`, { useful: failed.join('\n') })
  const waiting = all.flatMap((one) => (one.type === 'waiting' ? [one.why] : []))
  const leaving = going.map((one) => `${describeApplied(one)}: is being deleted`)
  const [first] = [...waiting, ...leaving]
  return first === undefined ? done : wait('Reconciling', first, LOOK_AGAIN_MS)
}
