import { readFileSync } from 'node:fs'

/** Of the package, so that a release changes one place. */
export function larderVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}
