import type { Kind } from '../model/kind.ts'
import { kinds } from '../model/kinds.ts'
import { CommandFailed, EXIT } from './failure.ts'

type AnyKind = Kind<unknown, unknown>

function find(word: string): AnyKind | undefined {
  const name = word.toLowerCase().replace(/\.larder\.dev$/, '')
  return (kinds as readonly AnyKind[]).find((k) => [k.resource, k.singular, k.shortName].includes(name))
}

export const isKindName = (word: string): boolean => find(word) !== undefined

/** A kind by any of its names: `claim`, `claims`, `lcl`, `Claim`, `claims.larder.dev`. */
export function kindNamed(word: string): AnyKind {
  const found = find(word)
  if (found) return found
  throw new CommandFailed(EXIT.usage, `"${word}" is no kind of Larder`, {
    why: `kinds are ${kinds.map((k) => k.singular).join(', ')}`,
    next: 'for every other kind use kubectl',
  })
}

/** `claim/cache`, or `claim cache`. */
export function kindAndName(args: readonly string[]): { kind: AnyKind; name: string | undefined } {
  const [first = '', second] = args
  const slash = first.indexOf('/')
  return slash < 0
    ? { kind: kindNamed(first), name: second }
    : { kind: kindNamed(first.slice(0, slash)), name: first.slice(slash + 1) }
}
