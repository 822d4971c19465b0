/**
 * Who may add something to a write before it is judged: mutating admission, by plugins of this process.
 *
 * A plugin does a favour, and a favour costs nobody a write. It has rights of its own: what its user may not change stays as it
 * came. What it throws, what would make the object invalid, and what policies or webhooks refuse for its sake is left out, and
 * the object is written as its author wrote it; whoever runs the plugin sees that object and says why. So a plugin must only do what
 * a controller would do a moment later.
 *
 * Nobody owns the fields that are added, as upstream has it: an author who applies the object again removes only what they named
 * themselves, and does not know of these.
 *
 * Rejected: upstream's webhooks and MutatingAdmissionPolicies. The one waits for a server at each write, the other cannot say what is
 * needed here, and a failure of either is the author's.
 */
import type { KubeObject } from '../machinery/object.ts'
import type { Resource } from '../machinery/shape.ts'
import type { User } from './api.ts'

export interface MutatingPlugin {
  readonly name: string
  /** In whose name it changes objects: those that this user may neither update nor patch are not shown to it. */
  readonly user: User
  /** Asked at every write of a main resource, so by a look into a map at most. */
  handles(resource: Resource): boolean
  /**
   * The object as it should be written, at the version of the write, complete and valid as it came; that very object for no change.
   * Must not change `object`, wait for anything or have side effects: the write may be a dry run, or be refused.
   */
  mutate(object: KubeObject, resource: Resource): KubeObject
}
