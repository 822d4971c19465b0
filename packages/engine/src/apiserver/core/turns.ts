import type { Resource } from '../../machinery/shape.ts'
import type { Core } from './core.ts'
import { habitsOf } from './habits.ts'
import { collectionOf } from './keys.ts'

/** Runs a read-and-write of one object when no other of it is under way. */
export function inTurn<T>(core: Core, resource: Resource, key: string, task: () => Promise<T>): Promise<T> {
  return core.locks.run(habitsOf(resource).oneWriter ? collectionOf(resource) : key, task)
}
