/** The questions that the hub answers: its own, and those of the doors that are served. */
import type { Query } from '@larder/engine/apiserver/queries'
import type { Clock } from '@larder/engine/base/clock'
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { createClient } from '@larder/engine/client/client'
import type { ClaimableDesk } from '../controllers/claimable/desk.ts'
import type { Door, DoorQuery, DoorQuestion } from '../door.ts'
import { claimableQuerySchema, claimableQueryType } from '../model/claimable-query.ts'

type Question = Omit<DoorQuestion, 'clock'>

/** A namespaced kind, with who answers it. */
export interface HubQuery extends Omit<DoorQuery, 'answer'> {
  /** The status. An ApiError that it throws is the answer. */
  answer(question: Question): Promise<JsonObject>
}

export const hubQueries = (
  desk: Pick<ClaimableDesk, 'answer' | 'free'>,
  doors: readonly Door[],
  clock: Clock,
): readonly HubQuery[] => [
  {
    ...claimableQueryType,
    schema: claimableQuerySchema,
    answer({ client, namespace, spec }) {
      const { className } = spec as { readonly className?: string }
      return desk.answer({ client, namespace, className })
    },
  },
  ...doors
    .flatMap(({ queries = [] }) => queries)
    .map((query) => ({ ...query, answer: (question: Question) => query.answer({ ...question, clock }, desk) })),
]

/** What of a question concerns who answers it. */
export function askedIn({ spec, metadata }: JsonObject): Pick<DoorQuestion, 'name' | 'spec'> {
  const name = isObject(metadata) ? metadata['name'] : undefined
  return { name: typeof name === 'string' ? name : '', spec: isObject(spec) ? spec : {} }
}

/** For an API of this process. */
export const embeddedQuery = (query: HubQuery): Query => ({
  ...query,
  namespaced: true,
  async create({ transport, namespace = '' }, question) {
    const status = await query.answer({ client: createClient(transport), namespace, ...askedIn(question) })
    return { ...question, status }
  },
})
