/**
 * Keys in the order in which they came, each once, with when that was. The first is found at the same cost among a hundred thousand: a Map
 * alone steps over the places of all keys that left it before. Rejected: an iterator of the Map that is kept; it keeps alive each
 * table that the Map has outgrown since.
 */
export interface Line {
  readonly size: number
  has(key: string): boolean
  /** In ms; undefined for a key that is not there. */
  since(key: string): number | undefined
  /** At the end; the key must not be there. */
  add(key: string, since: number): void
  delete(key: string): void
  first(): string | undefined
}

/** Places that may be empty before the rest moves up. */
const MAX_EMPTY = 1000

export function createLine(): Line {
  const sinceOf = new Map<string, number>()
  let places: string[] = []
  /** Before this nobody stands any more. */
  let head = 0

  function moveUp(): void {
    if (sinceOf.size === 0) {
      places = []
      head = 0
    } else if (head > MAX_EMPTY && head > places.length / 2) {
      places = places.slice(head)
      head = 0
    }
  }

  return {
    get size() {
      return sinceOf.size
    },
    has: (key) => sinceOf.has(key),
    since: (key) => sinceOf.get(key),
    add(key, since) {
      sinceOf.set(key, since)
      places.push(key)
    },
    delete(key) {
      sinceOf.delete(key)
      while (head < places.length && !sinceOf.has(places[head]!)) head++
      moveUp()
    },
    first: () => (sinceOf.size === 0 ? undefined : places[head]),
  }
}
