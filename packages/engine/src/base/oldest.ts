/**
 * The first key of a Map, again and again, where each is taken out: a queue, or a cache that forgets the oldest.
 *
 * `map.keys().next()` steps over the places of all keys that were taken before it, until the Map tidies up: of a hundred thousand keys
 * that is most of the work. An iterator that is kept goes on where it stood; what was put in meanwhile comes at its end.
 */
export function oldestOf<K>(map: ReadonlyMap<K, unknown>): () => K | undefined {
  let keys = map.keys()
  return () => {
    let next = keys.next()
    if (next.done) {
      keys = map.keys()
      next = keys.next()
    }
    return next.value
  }
}
