/**
 * What an App or a PackageRepository fetches. What it may be: files that stand in the object or in Secrets and ConfigMaps beside it, and
 * images of a registry. A folder of this machine is not one of them: `tanzu package repository add NAME --url FOLDER` reads the folder
 * where it runs, as whoever runs it, and says its files in the object. So there is no path by which the hub could be made to read its own.
 */
import type { ConfigMap, Secret } from '@larder/engine/client/builtin'
import type { Budget } from '../budget.ts'
import type { FetchSource } from '../kinds.ts'
import { Failed } from '../report.ts'
import { below, moved, normalPath, type Files } from './files.ts'
import type { Puller } from './images.ts'

/** What stands beside the object, read in its namespace. Rejects with `Failed` where it is not there. */
export interface Neighbours {
  secret(name: string): Promise<Secret>
  configMap(name: string): Promise<ConfigMap>
}

/** Where texts are read, and what they are counted by. */
export interface Beside {
  readonly neighbours: Neighbours
  readonly budget: Budget
}

/** Where files are read. */
export interface ReadingFiles extends Beside {
  /** Gets the contents that come from Secrets: a program that gets the files may quote them. */
  readonly secrets: string[]
}

export interface Fetching extends ReadingFiles {
  readonly images: Puller
  readonly signal: AbortSignal
}

const ANY_IMAGE = ['imgpkgBundle', 'image'] as const
const UNSUPPORTED = ['http', 'git', 'helmChart'] as const

export async function fetchAll(sources: readonly FetchSource[], fetching: Fetching): Promise<Files> {
  if (sources.length === 0) throw new Failed('Fetching resources: spec.fetch is empty: name at least one source')
  const all = new Map<string, string>()
  for (const [i, source] of sources.entries()) {
    // Several sources, each without a place, have one by their number, as upstream.
    const folder = source.path ?? (sources.length > 1 ? String(i) : undefined)
    const files = await fetchOne(source, `spec.fetch[${i}]`, fetching)
    for (const [path, content] of moved(files, folder)) all.set(path, content)
  }
  return all
}

export async function fetchOne(source: FetchSource, field: string, fetching: Fetching): Promise<Files> {
  const refused = UNSUPPORTED.find((name) => source[name] !== undefined)
  if (refused !== undefined)
    throw new Failed(
      `Fetching resources: ${field}.${refused} is not supported: say it as inline, imgpkgBundle or image`,
    )
  if (source.inline !== undefined) return inlineFiles(source.inline, field, fetching)
  for (const name of ANY_IMAGE) {
    const wanted = source[name]
    if (wanted === undefined) continue
    const reference = 'image' in wanted ? wanted.image : wanted.url
    const credentials = wanted.secretRef?.name
    const files = await fetching.images.pull(
      {
        reference,
        field: `${field}.${name}`,
        ...(wanted.tagSelection && { selection: wanted.tagSelection.semver ?? {} }),
        ...(credentials !== undefined && { secret: await fetching.neighbours.secret(credentials) }),
      },
      fetching.signal,
    )
    fetching.budget.take(bytesOf(Object.fromEntries(files)), `Fetching resources: ${field}.${name}`)
    return 'subPath' in wanted ? below(files, wanted.subPath) : files
  }
  throw new Failed(`Fetching resources: ${field} names no source: say inline, imgpkgBundle or image`)
}

type Inline = NonNullable<FetchSource['inline']>

export async function inlineFiles(
  { paths = {}, pathsFrom = [] }: Inline,
  field: string,
  beside: ReadingFiles,
): Promise<Files> {
  const files = new Map<string, string>()
  const put = (path: string, content: string, at: string) => {
    const name = normalPath(path)
    if (name === undefined || name === '')
      throw new Failed(`Fetching resources: ${at}: ${path} leads out of its folder`)
    files.set(name, content)
  }
  beside.budget.take(bytesOf(paths), `Fetching resources: ${field}.inline.paths`)
  for (const [path, content] of Object.entries(paths)) put(path, content, `${field}.inline.paths`)
  for (const [i, { secretRef, configMapRef }] of pathsFrom.entries()) {
    const at = `${field}.inline.pathsFrom[${i}]`
    const source = secretRef ?? configMapRef
    if (source === undefined) throw new Failed(`Fetching resources: ${at}: say secretRef or configMapRef`)
    const contents = await textsBeside({ secretRef, configMapRef }, beside, { for: `Fetching resources: ${at}` })
    if (secretRef) beside.secrets.push(...Object.values(contents))
    for (const [key, content] of Object.entries(contents)) put(`${source.directoryPath ?? ''}/${key}`, content, at)
  }
  return files
}

interface Wanted {
  /** For an error. */
  readonly for: string
  /** All of them, if none is named. */
  readonly key?: string | undefined
}

type Named = { readonly name: string } | undefined

/** Counted before they are decoded: thousands of places may name one large Secret. */
export async function textsBeside(
  { secretRef, configMapRef }: { readonly secretRef: Named; readonly configMapRef: Named },
  { neighbours, budget }: Beside,
  { for: what, key: wanted }: Wanted,
): Promise<Readonly<Record<string, string>>> {
  const { data = {} } = secretRef
    ? await neighbours.secret(secretRef.name)
    : await neighbours.configMap(configMapRef?.name ?? '')
  const found = wanted === undefined ? data : Object.hasOwn(data, wanted) ? { [wanted]: data[wanted]! } : {}
  budget.take(bytesOf(found), what)
  if (!secretRef) return found
  return Object.fromEntries(Object.entries(found).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))
}

/** With a little for each, so that none is free. */
const bytesOf = (texts: Readonly<Record<string, string>>): number =>
  Object.entries(texts).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text) + EACH_BYTES, 0)
const EACH_BYTES = 64
