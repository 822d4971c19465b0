/** A driver between which and the hub something goes wrong: calls that hang, are refused, or do their work and lose the answer. */
import type { Driver, Session, Want } from '@larder/kit'

export type Verb = 'probe' | 'observe' | 'create' | 'update' | 'delete' | 'bind' | 'unbind'
/** `hang`: never ends, and ignores its signal. An error: thrown before; `{ after }`: thrown when the work is done. */
type Trouble = 'hang' | Error | { readonly after: Error } | undefined

export interface Line {
  /** What happens to a call; undefined: nothing. */
  trouble: (verb: Verb, id: string) => Trouble
  /** Calls that reached the backend or hang: `create c1`. */
  readonly calls: string[]
  hanging: number
}

export const calmLine = (): Line => ({ trouble: () => undefined, calls: [], hanging: 0 })

export function troubledDriver(name: string, driver: Driver, line: Line): Driver {
  async function through<T>(verb: Verb, id: string, call: () => Promise<T>): Promise<T> {
    line.calls.push(`${verb} ${id}`)
    const trouble = line.trouble(verb, id)
    if (trouble === 'hang') {
      line.hanging++
      return new Promise<never>(() => undefined)
    }
    if (trouble instanceof Error) throw trouble
    const answer = await call()
    if (trouble) throw trouble.after
    return answer
  }
  return {
    ...driver,
    name,
    connect(backend, host) {
      const session: Session = driver.connect(backend, host)
      const update: Session['update'] = session.update && ((w, s) => session.update!(w, s))
      return {
        probe: (s) => through('probe', '', () => session.probe(s)),
        observe: (w, s) => through('observe', w.id, () => session.observe(w, s)),
        create: (w, s) => through('create', w.id, () => session.create(w, s)),
        ...(update && { update: (w: Want, s: AbortSignal) => through('update', w.id, () => update(w, s)) }),
        delete: (w, s) => through('delete', w.id, () => session.delete(w, s)),
        bind: (w, c, s) => through('bind', c.id, () => session.bind(w, c, s)),
        unbind: (w, c, s) => through('unbind', c.id, () => session.unbind(w, c, s)),
      }
    },
  }
}
