/**
 * Whose turn it is: claims that wait are served oldest first, and those that may have nothing of what is free are skipped.
 *
 * Every pass of every waiting claim works this out for itself from the same facts, in place of an allocator that would have to be
 * told of everything and could be told late. The hold itself is a creation with one winner, so that a pass that saw
 * less than another can lose and never harm.
 */

export interface Waiting {
  readonly uid: string
  readonly namespace: string
  /** As Kubernetes writes it, so that texts compare as times do. */
  readonly createdAt: string
}

export interface Member {
  readonly namespace: string
  readonly name: string
}

const ageOrder = (a: Waiting, b: Waiting): number =>
  a.createdAt === b.createdAt ? compare(a.uid, b.uid) : compare(a.createdAt, b.createdAt)

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/**
 * What of the free members is for the claim `uid`; undefined: nothing yet. Who has members in its own namespace gets one of
 * those, since nobody else needs less permission for them.
 */
export function turnOf<M extends Member>(
  uid: string,
  line: readonly Waiting[],
  free: readonly M[],
  may: (claim: Waiting, member: M) => boolean,
): M | undefined {
  const left = new Set([...free].sort((a, b) => compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)))
  for (const claim of [...line].sort(ageOrder)) {
    if (left.size === 0) return undefined
    const allowed = [...left].filter((member) => may(claim, member))
    const chosen = allowed.find((member) => member.namespace === claim.namespace) ?? allowed[0]
    if (claim.uid === uid) return chosen
    if (chosen) left.delete(chosen)
  }
  return undefined
}
