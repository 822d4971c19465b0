import { join } from 'node:path'
import { engineFinder } from '../../../engines/find.ts'
import { addEngine } from '../../../engines/install.ts'

/** Of this clone, so that a test installs an engine once and a person's own folder is left alone. */
const dir = process.env['LARDER_ENGINES'] ?? join(import.meta.dirname, '../../../../../../.cache/engines')

/** A real engine: on PATH, or installed now. */
export async function realEngines(): Promise<ReturnType<typeof engineFinder>> {
  const finder = engineFinder({ dir })
  const { commands } = { commands: ['valkey-server', 'redis-server'] }
  if (!(await finder.find({ name: 'redis', commands }))) await addEngine('redis', { dir })
  return finder
}
