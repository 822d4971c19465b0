/** The files of a layer: a tar archive, compressed by gzip or not. Links and devices are left out; a path that leads out of the image is refused. */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { MOST_BYTES, MOST_FILES, normalPath } from './files.ts'
import { RegistryError } from './registry.ts'

/** Marks what a layer takes away from those below it. */
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/** Puts the files of a layer over those that are there. */
export async function unpackLayer(layer: Buffer, files: Map<string, string>): Promise<void> {
  const { extract } = await import('tar-stream')
  const archive = extract()
  const source = Readable.from([layer])
  const isGzip = layer[0] === 0x1f && layer[1] === 0x8b
  const gunzip = isGzip ? createGunzip() : undefined
  const broken = (error: Error) => archive.destroy(error)
  source.on('error', broken)
  gunzip?.on('error', broken)
  if (gunzip) source.pipe(gunzip).pipe(archive)
  else source.pipe(archive)
  let room = MOST_BYTES - [...files.values()].reduce((sum, content) => sum + content.length, 0)
  try {
    for await (const entry of archive) {
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
    if (error instanceof RegistryError) throw error
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
