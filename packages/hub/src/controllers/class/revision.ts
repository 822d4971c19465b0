import { controllerRevisionType, type ControllerRevision } from '@larder/engine/client/builtin'
import type { Json } from '@larder/engine/base/json'
import { conflict, isAlreadyExists } from '@larder/engine/machinery/status'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { classKind, type Class } from '../../model/class.ts'
import { instanceKind } from '../../model/instance.ts'
import { API_VERSION } from '../../model/kind.ts'
import {
  CLASS_LABEL,
  classLabel,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  revisionName,
  SYSTEM_NAMESPACE,
} from '../../model/names.ts'
import { canonical } from '../fingerprint.ts'
import type { Recipe } from '../service.ts'

/** Superseded recipes that no instance is made by are kept for a while: a claim may be about to name one. */
const MAX_UNUSED = 10

/** Keeps the recipe as it is now, so that an edit of the class changes no instance that exists. */
export async function keepRevision(pass: Pass<Class>): Promise<Outcome> {
  const { object } = pass
  const data = recipeOf(object)
  const name = revisionName(object.metadata.name, canonical(data as unknown as Json))
  const all = pass.cache(controllerRevisionType).byIndex('class', classLabel(object.metadata.name))
  if (!all.some((r) => r.metadata.name === name)) await create(pass, name, data, nextNumber(all))
  pass.status.revision = name
  await prune(pass, all, name)
  return done
}

function recipeOf({ spec }: Class): Recipe {
  const ids = (spec.plans ?? []).flatMap(({ name, external }) => {
    const id = external?.['id']
    return typeof id === 'string' ? [[name, id] as const] : []
  })
  return {
    type: spec.type,
    backend: spec.backendRef.name,
    recipe: spec.recipe ?? {},
    ...(ids.length > 0 && { planIds: Object.fromEntries(ids) }),
  }
}

const nextNumber = (all: readonly ControllerRevision[]) => Math.max(0, ...all.map((r) => r.revision)) + 1

async function create({ client, object }: Pass<Class>, name: string, data: Recipe, revision: number): Promise<void> {
  // Of a class that is gone it would be collected at once, which wakes whoever has the name now: without an end while the cache is behind.
  const current = await client.of(classKind).find(object.metadata.name)
  if (current?.metadata.uid !== object.metadata.uid) {
    throw conflict(classKind, object.metadata.name, 'it was deleted, and may have been made again under its name')
  }
  try {
    await client.of(controllerRevisionType).create({
      metadata: {
        name,
        namespace: SYSTEM_NAMESPACE,
        labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [CLASS_LABEL]: classLabel(object.metadata.name) },
        ownerReferences: [
          { apiVersion: API_VERSION, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '' },
        ],
      },
      revision,
      data: data as unknown as Json,
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

async function prune(pass: Pass<Class>, all: readonly ControllerRevision[], current: string): Promise<void> {
  if (all.length <= MAX_UNUSED) return
  const isUsed = (name: string) => pass.cache(instanceKind).byIndex('revision', name).length > 0
  const unused = all
    .filter((r) => r.metadata.name !== current && !isUsed(r.metadata.name))
    .sort((a, b) => b.revision - a.revision)
  for (const { metadata } of unused.slice(MAX_UNUSED)) {
    await pass.client.of(controllerRevisionType).delete(metadata.name, { namespace: SYSTEM_NAMESPACE })
  }
}
