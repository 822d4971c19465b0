/**
 * Whose turn it is: claims that wait are served oldest first, and those that may have nothing of what is free are skipped.
 *
 * Any hub works this out for itself from the same facts, in place of an allocator that would have to be told of everything and could
 * be told late. The hold itself is a creation with one winner, so that who saw less than another can lose and never harm.
 */

export interface Waiting {
  readonly uid: string
  readonly namespace: string
  /** As Kubernetes writes it, so that texts compare as times do. */
  readonly createdAt: string
  readonly role?: string | undefined
}

export interface Member {
  readonly namespace: string
  readonly name: string
}

export interface Allotment<M> {
  /** What is for whom, by the uid of the claim. */
  readonly given: ReadonlyMap<string, M>
  /** Something that is for nobody in the line, taken out: for who came later, or lost what was given. */
  draw(this: void, claim: Waiting): M | undefined
}

const ageOrder = (a: Waiting, b: Waiting): number =>
  a.createdAt === b.createdAt ? compare(a.uid, b.uid) : compare(a.createdAt, b.createdAt)

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/**
 * Gives the free members to the line. Who has members in its own namespace gets one of those, since nobody else needs less permission
 * for them. `may` is asked by namespace and role alone, once for each member: two thousand claims and members take milliseconds.
 */
export function allot<M extends Member>(
  line: readonly Waiting[],
  free: readonly M[],
  may: (claim: Waiting, member: M) => boolean,
): Allotment<M> {
  const homes = new Map<string, M[]>()
  for (const member of [...free].sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))) {
    const home = homes.get(member.namespace)
    if (home) home.push(member)
    else homes.set(member.namespace, [member])
  }
  const taken = new Set<M>()
  /** How far a namespace and role have looked through a home: what they may not have, and what is taken, is not looked at again. */
  const looked = new Map<string, number>()

  function drawFrom(home: string, claim: Waiting): M | undefined {
    const members = homes.get(home) ?? []
    const key = JSON.stringify([claim.namespace, claim.role ?? null, home])
    let at = looked.get(key) ?? 0
    while (at < members.length && (taken.has(members[at]!) || !may(claim, members[at]!))) at++
    looked.set(key, at)
    const member = members[at]
    if (member) taken.add(member)
    return member
  }

  function draw(claim: Waiting): M | undefined {
    if (taken.size === free.length) return undefined
    const own = drawFrom(claim.namespace, claim)
    if (own) return own
    for (const home of homes.keys()) {
      const member = drawFrom(home, claim)
      if (member) return member
    }
    return undefined
  }

  const given = new Map<string, M>()
  for (const claim of [...line].sort(ageOrder)) {
    const member = draw(claim)
    if (member) given.set(claim.uid, member)
  }
  return { given, draw }
}

/** What of the free members is for the claim `uid`; undefined: nothing yet. */
export const turnOf = <M extends Member>(
  uid: string,
  line: readonly Waiting[],
  free: readonly M[],
  may: (claim: Waiting, member: M) => boolean,
): M | undefined => allot(line, free, may).given.get(uid)
