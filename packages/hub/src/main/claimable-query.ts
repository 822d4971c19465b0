/** The question what a namespace may claim, as the API serves it. */
import type { Query } from '@larder/engine/apiserver/queries'
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { createClient } from '@larder/engine/client/client'
import type { ClaimableDesk } from '../controllers/claimable/desk.ts'
import { claimableQuerySchema, claimableQueryType } from '../model/claimable-query.ts'

export const claimableQuery = (desk: Pick<ClaimableDesk, 'answer'>): Query => ({
  ...claimableQueryType,
  schema: claimableQuerySchema,
  async create({ transport, namespace = '' }, question) {
    const { className } = (isObject(question['spec']) ? question['spec'] : {}) as { className?: string }
    const status = await desk.answer({ client: createClient(transport), namespace, className })
    return { ...question, status: status as unknown as JsonObject }
  },
})
