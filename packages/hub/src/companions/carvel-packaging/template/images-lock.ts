/** The step `kbld`, as far as it needs no registry: a bundle brings a list of images by digest, which stand in the place of their names. */
import { isObject, type Json } from '@larder/engine/base/json'
import type { Budget } from '../budget.ts'
import type { Files } from '../fetch/files.ts'
import { parseDocuments, type ParsedDocument } from './documents.ts'

const LOCK_FILE = '.imgpkg/images.yml'
/** On an entry of the list: the name that documents have. */
const NAME_ANNOTATION = 'kbld.carvel.dev/id'

export async function lockImages(
  documents: readonly ParsedDocument[],
  files: Files,
  budget: Budget,
): Promise<readonly ParsedDocument[]> {
  const locked = await imagesIn(files, budget)
  if (locked.size === 0) return documents
  return documents.map(({ file, value }) => ({ file, value: replaced(value, locked) }))
}

async function imagesIn(files: Files, budget: Budget): Promise<ReadonlyMap<string, string>> {
  const lock = files.get(LOCK_FILE)
  const [document] = lock === undefined ? [] : await parseDocuments(new Map([[LOCK_FILE, lock]]), budget)
  const images = isObject(document?.value) ? document.value['images'] : undefined
  const entries = Array.isArray(images) ? (images as readonly Json[]) : []
  return new Map(
    entries.flatMap((entry) => {
      const annotations = isObject(entry) ? entry['annotations'] : undefined
      const [name, image] = [
        isObject(annotations) ? annotations[NAME_ANNOTATION] : undefined,
        isObject(entry) ? entry['image'] : undefined,
      ]
      return typeof name === 'string' && typeof image === 'string' ? [[name, image] as const] : []
    }),
  )
}

function replaced(value: Json, images: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => replaced(item, images))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'image' && typeof one === 'string' ? (images.get(one) ?? one) : replaced(one, images),
    ]),
  )
}
