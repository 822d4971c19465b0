import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is gone when `dispose` has been called. */
export function temporaryFolder(): { dir: string; dispose: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'larder-store-'))
  return { dir, dispose: () => rmSync(dir, { recursive: true, force: true }) }
}
