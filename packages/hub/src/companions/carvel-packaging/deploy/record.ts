/**
 * What an App has applied: a ConfigMap of the App's namespace, written as its ServiceAccount before anything is applied, so that a hub which
 * dies in between leaves nothing that nobody remembers. It stays where an App is deleted with `noopDelete`, and the next App of that name
 * takes over from it.
 *
 * Rejected: the App's status. It goes with the App, and a backup that leaves out status would forget everything.
 */
import { isObject, parseJson, stringifyJson, type Json, type JsonObject } from '@larder/engine/base/json'
import type { App } from '../kinds.ts'
import { Failed } from '../report.ts'
import type { Actor, NamedTarget } from './account.ts'
import type { Applied } from './manifest.ts'

/** On everything that an App has applied: the id of its record. */
export const APP_LABEL = 'kapp.k14s.io/app'

export interface DeployRecord {
  readonly id: string
  readonly applied: readonly Applied[]
}

const targetOf = ({ metadata: { name, namespace = '' } }: App): NamedTarget => ({
  group: '',
  version: 'v1',
  resource: 'configmaps',
  namespace,
  name: `${name}.app`,
})

export async function readRecord(app: App, actor: Actor): Promise<DeployRecord | undefined> {
  const found = await actor.find(targetOf(app))
  if (!found) return undefined
  const data = found['data']
  const spec = isObject(data) && typeof data['spec'] === 'string' ? parsed(data['spec']) : undefined
  const id = isObject(spec) ? spec['id'] : undefined
  const applied = isObject(spec) ? spec['applied'] : undefined
  if (typeof id !== 'string' || !Array.isArray(applied))
    throw new Failed(`Deploying: ConfigMap ${found.metadata.name} is no record of an App: rename or delete it`)
  return { id, applied: (applied as readonly Json[]).filter(isObject) as unknown as readonly Applied[] }
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && error.name === 'JsonSyntaxError')) return undefined
    throw error
  }
}

export async function writeRecord(app: App, actor: Actor, { id, applied }: DeployRecord): Promise<void> {
  const { name, namespace } = targetOf(app)
  const metadata = { name, namespace: namespace ?? '', labels: { 'kapp.k14s.io/is-app': '' } }
  const spec = stringifyJson({ id, applied: applied as unknown as readonly JsonObject[] })
  await actor.apply(targetOf(app), { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { spec } })
}

export async function deleteRecord(app: App, actor: Actor): Promise<void> {
  const found = await actor.find(targetOf(app))
  if (found?.metadata.uid !== undefined) await actor.delete(targetOf(app), found.metadata.uid)
}
