import type { JsonObject } from '@larder/engine/base/json'
import { pause } from '@larder/engine/client/backoff'
import { formatApiVersion } from '@larder/engine/machinery/object'
import { invalid, notFound } from '@larder/engine/machinery/status'
import type { DoorQuestion, PoolDesk } from '../../../door.ts'
import { instanceClassType, type ClusterInstanceClass } from '../kinds.ts'
import { instanceQueryType } from './instance-query.ts'

/** For how long a class that was made a moment ago is waited for. */
const LOOKED_AT_WITHIN_MS = 2000
const LOOK_AGAIN_MS = 20

/** The status. Throws NotFound for a class that is not there, Forbidden where the asker may not read it, Invalid for one without a pool. */
export async function answerInstanceQuery(question: DoorQuestion, desk: PoolDesk): Promise<JsonObject> {
  const { namespace, spec } = question
  const { class: name, limit } = spec as { readonly class: string; readonly limit: number }
  const asked = await lookedAt(question, name)
  if (!asked.spec.pool) throw withoutPool(question.name, name)
  const recipe = recipeOf(asked)
  const free = recipe ? await desk.free({ recipe, namespace }) : []
  const instances = free.slice(0, limit).map(({ apiVersion, kind, name: of, namespace: home }) => ({
    apiVersion,
    kind,
    name: of,
    namespace: home,
  }))
  return { instances }
}

const withoutPool = (question: string, name: string) =>
  invalid(instanceQueryType, question, [
    {
      path: 'spec.class',
      reason: 'FieldValueInvalid',
      detail: `Invalid value: ${JSON.stringify(name)}: this ClusterInstanceClass has a provisioner and no pool, so that nothing of it exists before it is claimed; make a ClassClaim`,
    },
  ])

/** Which kind is meant the hub finds out after a class was made; who asks right then waits for that. */
async function lookedAt({ client, clock }: DoorQuestion, name: string): Promise<ClusterInstanceClass> {
  const late = AbortSignal.timeout(LOOKED_AT_WITHIN_MS)
  for (;;) {
    const found = await client.of(instanceClassType).find(name)
    if (!found) throw notFound(instanceClassType, name)
    const isLookedAt = found.status?.observedGeneration === found.metadata.generation
    if (isLookedAt || !found.spec.pool || late.aborted) return found
    await pause(clock, LOOK_AGAIN_MS, late)
  }
}

/** As driver `pool` reads it; undefined for a kind that the API does not have. */
function recipeOf({ spec: { pool }, status }: ClusterInstanceClass): JsonObject | undefined {
  const { group = '', kind, version } = status?.instanceType ?? {}
  if (!pool || kind === undefined || version === undefined) return undefined
  const { labelSelector = {}, fieldSelector } = pool
  return {
    apiVersion: formatApiVersion(group, version),
    kind,
    selector: labelSelector,
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
}
