/** Carries an instance through its life as the hub does: remembers what it is told, and repeats what is unknown. */
import type { Json, Plan, Seen, Session, Want } from '@larder/kit'
import { NAMESPACE, never, type World } from './stage.ts'

export class Life {
  want: Want
  readonly session: Session

  constructor(session: Session, recipe: Json, more: Partial<Want> = {}) {
    this.session = session
    const nobodys = {
      generation: 1,
      parameters: {},
      existing: 'Refuse',
      origin: { door: 'test' },
      changed: [],
    } as const
    this.want = { id: 'one', recipe, ...nobodys, ...more }
  }

  /** Until there is nothing to do but to wait. */
  async settle(intent: 'create' | 'update' | 'delete' = 'create'): Promise<Seen> {
    for (let round = 0; round < 12; round++) {
      const seen = await this.observe(intent)
      const isDone = intent === 'delete' ? 'absent' : 'ready'
      const isToDo = ['unknown', intent === 'create' ? 'absent' : 'unknown'].includes(seen.phase)
      const drifts = seen.phase === 'ready' && seen.drift.length > 0
      if (!isToDo && !drifts && (intent !== 'delete' || seen.phase === isDone)) return seen
      if (intent === 'delete' && seen.phase === 'changing') return seen
      const verb = intent === 'create' ? 'create' : intent
      const ack = await this.session[verb]!({ ...this.want, intent }, never)
      this.remember(ack.state)
    }
    throw new Error('still something to do after twelve rounds')
  }

  async observe(intent: 'create' | 'update' | 'delete' = 'create'): Promise<Seen> {
    const seen = await this.session.observe({ ...this.want, intent }, never)
    this.remember(seen.state)
    return seen
  }

  plan(intent?: 'update'): Promise<Plan> {
    return this.session.plan!({ ...this.want, ...(intent && { intent }) }, never)
  }

  change(more: Partial<Want>): void {
    this.want = { ...this.want, ...more }
  }

  private remember(state: string | undefined): void {
    if (state !== undefined) this.change({ state })
  }
}

export interface Object {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly [field: string]: Json }
}

const VERSIONS: Readonly<Record<string, string>> = { ConfigMap: 'v1', Secret: 'v1', Cache: 'example.com/v1' }

export async function objects({ admin }: World, kind: string): Promise<readonly Object[]> {
  const found = await admin.list({ apiVersion: VERSIONS[kind]!, kind, namespace: NAMESPACE })
  const own = (found as unknown as readonly Object[]).filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
  return [...own].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

export const names = async (world: World, kind: string): Promise<readonly string[]> =>
  (await objects(world, kind)).map(({ metadata }) => metadata.name)

/** As the controller of caches would: what it reports. */
export async function report({ hub }: World, name: string, status: object): Promise<void> {
  const target = { group: 'example.com', version: 'v1', resource: 'caches', namespace: NAMESPACE, name }
  await hub.admin.transport.call({
    verb: 'patch',
    target: { ...target, subresource: 'status' },
    patchType: 'application/merge-patch+json',
    body: { status },
    options: {},
  } as never)
}

export const READY = { conditions: [{ type: 'Ready', status: 'True' }] }

export async function patch({ hub }: World, resource: string, name: string, body: object): Promise<void> {
  const [group, version] = resource === 'caches' ? ['example.com', 'v1'] : ['', 'v1']
  await hub.admin.transport.call({
    verb: 'patch',
    target: { group, version, resource, namespace: NAMESPACE, name },
    patchType: 'application/merge-patch+json',
    body,
    options: {},
  } as never)
}
