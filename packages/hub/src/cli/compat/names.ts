/** Names under which the one command can be called, each a link to it (`larder compat install`). */
import { basename } from 'node:path'

/** The words of `larder` that each name stands for. */
export const NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['tanzu', ['compat', 'tanzu']],
  ['kubectl-larder', []],
  ['kubectl_complete-larder', ['__complete']],
])

/** By the path under which this program was started; none for `larder` itself. */
export const meantBy = (script: string): readonly string[] => NAMES.get(basename(script)) ?? []
