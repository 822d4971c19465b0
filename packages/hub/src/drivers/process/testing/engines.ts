import { engineFinder } from '../../../engines/find.ts'
import { ensureEngine } from '../../../engines/install.ts'

/** A real engine: on PATH or installed, and installed now where the set-up of the tests has not run. */
export async function realEngines(): Promise<ReturnType<typeof engineFinder>> {
  await ensureEngine('redis')
  return engineFinder()
}
