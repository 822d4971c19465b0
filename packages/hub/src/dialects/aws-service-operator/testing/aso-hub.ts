/** A hub that serves the dialect, over an AWS for tests that it finds as `larder up` does: by its environment. */
import type { JsonObject } from '@larder/engine/base/json'
import { eventType } from '@larder/engine/client/builtin'
import { awsDrivers } from '@larder/driver-aws'
import { vi } from 'vitest'
import type { Aws } from '../../../../../../test/aws/endpoint.ts'
import { testHub, type TestHub, type TestHubOptions } from '../../../controllers/testing/hub.ts'
import { backendKind } from '../../../model/backend.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../../model/names.ts'
import { awsServiceOperator } from '../door.ts'
import { resourceTypeOf } from '../kinds.ts'
import type { AsoObject } from '../model.ts'
import { models } from '../models/models.ts'

export const typeOf = (kind: string) => resourceTypeOf(models.find((model) => model.kind === kind)!)

export interface AsoHub extends TestHub {
  /** The Backend that the door would keep, once the hub has looked at it: over HTTPS its news may come after an Instance that names it, which then says that there is none. */
  backendOfDoor(): Promise<void>
  make(kind: string, name: string, spec?: JsonObject, metadata?: Partial<AsoObject['metadata']>): Promise<AsoObject>
  edit(kind: string, name: string, body: object, namespace?: string): Promise<AsoObject>
  /** Once its status is one of these. */
  reaches(kind: string, name: string, status: string | RegExp, namespace?: string): Promise<AsoObject>
  remove(kind: string, name: string, namespace?: string): Promise<void>
  gone(kind: string, name: string, namespace?: string): Promise<true>
  /** Every status that it had, each once, in their order: `CREATE_IN_PROGRESS`. */
  statusesOf(kind: string, name: string): readonly string[]
  /** Reasons of its events. */
  eventsOf(name: string): Promise<readonly string[]>
}

export async function asoHub(aws: Aws, options: Partial<TestHubOptions> = {}): Promise<AsoHub> {
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
  const hub = await testHub({ drivers: awsDrivers(), doors: [awsServiceOperator], ...options })
  return Object.assign(hub, helpers(hub))
}

function helpers(hub: TestHub): Omit<AsoHub, keyof TestHub> {
  const of = (kind: string) => hub.admin.of(typeOf(kind))
  const find = (kind: string, name: string, namespace: string) => of(kind).find(name, namespace)
  const gone = (kind: string, name: string, namespace = 'shop') =>
    patiently(`${kind} ${name} to go`, async () => ((await find(kind, name, namespace)) ? undefined : (true as const)))
  return {
    async backendOfDoor() {
      const metadata = { name: 'aws-cloudformation', labels: { [MANAGED_BY_LABEL]: MANAGED_BY } }
      await hub.admin
        .of(backendKind)
        .create({ metadata, spec: { driver: 'cloudformation', consumers: { selector: {} } } })
      await hub.seen(backendKind, metadata.name)
    },
    make: (kind, name, spec = {}, metadata = {}) =>
      of(kind).create({ metadata: { name, namespace: 'shop', ...metadata }, spec }),
    edit: (kind, name, body, namespace = 'shop') => of(kind).patch(name, body, { namespace }),
    gone,
    async reaches(kind, name, status, namespace = 'shop') {
      let last: AsoObject | undefined
      try {
        return await patiently(`${kind} ${name} to be ${status}`, async () => {
          last = await find(kind, name, namespace)
          const is = last?.status?.resourceStatus ?? ''
          return (typeof status === 'string' ? is === status : status.test(is)) ? last : undefined
        })
      } catch (error) {
        throw new Error(`${(error as Error).message}; it says ${JSON.stringify(last)}`, { cause: error })
      }
    },
    async remove(kind, name, namespace = 'shop') {
      await of(kind).delete(name, { namespace })
      await gone(kind, name, namespace)
    },
    statusesOf(kind, name) {
      const told = (hub.everything() as readonly AsoObject[])
        .filter((object) => object.kind === kind && object.metadata.name === name)
        .map(({ status }) => status?.resourceStatus)
        .filter((status) => status !== undefined)
      return told.filter((status, i) => status !== told[i - 1])
    },
    async eventsOf(name) {
      const { items } = await hub.admin.of(eventType).list({ namespace: 'shop' })
      return items.filter(({ regarding }) => regarding.name === name).map(({ type, reason }) => `${type} ${reason}`)
    },
  }
}

const PATIENCE_MS = 30_000

async function patiently<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
}
