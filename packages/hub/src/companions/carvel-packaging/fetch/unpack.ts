/** The files of a layer: a tar archive, compressed by gzip or not. Links and devices are left out; a path that leads out of the image is refused. */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { MOST_BYTES, MOST_FILES, normalPath } from './files.ts'
import { RegistryError } from './registry.ts'

/** Marks what a layer takes away from those below it. */
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/** Of all layers, behind gzip: names, empty entries and what is written over count as well. */
const MOST_UNPACKED_BYTES = 2 * MOST_BYTES
const MOST_ENTRIES = 2 * MOST_FILES
/** Entries of a layer that is not compressed follow each other without a pause. */
const PAUSE_EVERY = 200

export interface Unpacking {
  readonly files: Map<string, string>
  readonly signal: AbortSignal
  /** So far. */
  bytes: number
  entries: number
}

export const startUnpacking = (signal: AbortSignal): Unpacking => ({ files: new Map(), signal, bytes: 0, entries: 0 })

/** Puts the files of a layer over those that are there. */
export async function unpackLayer(layer: Buffer, work: Unpacking): Promise<void> {
  const { files, signal } = work
  const { extract } = await import('tar-stream')
  const archive = extract()
  const source = Readable.from([layer])
  const isGzip = layer[0] === 0x1f && layer[1] === 0x8b
  const gunzip = isGzip ? createGunzip() : undefined
  const broken = (error: Error) => archive.destroy(error)
  source.on('error', broken)
  gunzip?.on('error', broken)
  const unpacked = gunzip ? source.pipe(gunzip) : source
  unpacked.on('data', (chunk: Buffer) => {
    work.bytes += chunk.length
    if (work.bytes > MOST_UNPACKED_BYTES)
      broken(new RegistryError(`the layers of the image unpack to more than ${MOST_UNPACKED_BYTES} bytes`))
  })
  unpacked.pipe(archive)
  let room = MOST_BYTES - [...files.values()].reduce((sum, content) => sum + content.length, 0)
  try {
    for await (const entry of archive) {
      if (++work.entries > MOST_ENTRIES)
        throw new RegistryError(`the layers of the image have more than ${MOST_ENTRIES} entries`)
      if (work.entries % PAUSE_EVERY === 0) await setImmediate()
      signal.throwIfAborted()
      const { name, type } = entry.header
      const path = normalPath(name)
      if (path === undefined) throw new RegistryError(`a layer has the file ${name}, which leads out of the image`)
      const chunks: Buffer[] = []
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        room -= chunk.length
        if (room < 0) throw new RegistryError(`the image has more than ${MOST_BYTES} bytes`)
        chunks.push(chunk)
      }
      if (takeAway(path, files) || type !== 'file') continue
      files.set(path, Buffer.concat(chunks).toString())
      if (files.size > MOST_FILES) throw new RegistryError(`the image has more than ${MOST_FILES} files`)
    }
  } catch (error) {
    if (error instanceof RegistryError || signal.aborted) throw error
    throw new RegistryError('a layer of the image is no tar archive', { cause: error })
  } finally {
    source.destroy()
    gunzip?.destroy()
  }
}

function takeAway(path: string, files: Map<string, string>): boolean {
  const slash = path.lastIndexOf('/') + 1
  const [folder, name] = [path.slice(0, slash), path.slice(slash)]
  if (!name.startsWith(WHITEOUT)) return false
  const gone = name === OPAQUE ? folder : `${folder}${name.slice(WHITEOUT.length)}`
  for (const file of files.keys()) {
    if (file === gone || file.startsWith(name === OPAQUE ? folder : `${gone}/`)) files.delete(file)
  }
  return true
}
