import { engineFinder } from '../../../engines/find.ts'
import { ensureEngine } from '../../../engines/install.ts'

/** Real engines: on PATH or installed, and installed now where the set-up of the tests has not run. */
export async function realEngines(...names: string[]): Promise<ReturnType<typeof engineFinder>> {
  for (const name of ['redis', ...names]) await ensureEngine(name)
  return engineFinder()
}
