import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of the package, so that a release changes one place. */
export function larderVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

/**
 * Tells builds apart, those of one version too: by the sizes and times of their files. What code has worked out and kept for itself,
 * other code must not take up.
 */
export function larderBuild(): string {
  const hash = createHash('sha256').update(`${larderVersion()} ${process.version}`)
  for (const module of [import.meta.url, import.meta.resolve('@larder/engine/storage/store')]) {
    const root = dirname(dirname(fileURLToPath(module)))
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/(?<!\.d)\.[jt]s$/.test(file)) continue
      const { size, mtimeMs } = statSync(join(root, file))
      hash.update(`${file} ${size} ${mtimeMs}\n`)
    }
  }
  return hash.digest('base64url')
}
