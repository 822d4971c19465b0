import { findCondition } from '@larder/engine/runtime/conditions'
import { secretType } from '@larder/engine/client/builtin'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { sequence, type Pass } from '@larder/engine/runtime/pass'
import type { Driver, Want } from '@larder/kit'
import type { Backend } from '../../model/backend.ts'
import type { Class } from '../../model/class.ts'
import { backendTrouble } from '../../model/reason-in-words.ts'
import { refuse, type Refusal } from '../../model/refusal.ts'
import { classSchemaProblems } from '../../model/parameters.ts'
import { schemaProblems } from '../../model/schema-check.ts'
import { unsupportedInClass } from '../../model/unsupported.ts'
import { selectorProblem } from '../../model/visibility.ts'
import type { HubContext } from '../context.ts'
import { settling, stallOn } from '../reporting.ts'
import { backendOf } from '../service.ts'
import { DriverFailure } from '../session/failure.ts'
import { keepRevision } from './revision.ts'

/** What the driver waits for may come at any moment, and nothing tells. */
const LOOK_AGAIN_MS = 5000

function refuseUnsupported({ object }: Pass<Class>): Outcome {
  stallOn(unsupportedInClass(object))
  return done
}

async function checkSchema({ object }: Pass<Class>): Promise<Outcome> {
  const problems = await classSchemaProblems(object)
  if (problems.length > 0) throw new Stalled('SchemaInvalid', problems.join('; '))
  return done
}

/** What is wrong selects nobody: the class would be hidden from those that it is for, and nobody would hear why. */
function checkConsumers({ object: { spec } }: Pass<Class>): Outcome {
  const problem = selectorProblem(spec.consumers?.selector, 'spec.consumers.selector')
  if (problem !== undefined) throw new Stalled('SelectorInvalid', problem)
  return done
}

/**
 * A class is no better than its backend, and says so by the reason. Not in the words of the backend, which name Secrets, accounts and who
 * uses it: tenants read classes, and a claim repeats what its class says.
 */
function checkBackend(pass: Pass<Class>): Outcome {
  const backend = backendOf(pass.object.spec.backendRef.name, pass)
  if (backend.metadata.deletionTimestamp !== undefined) {
    return wait('InUse', `backend ${backend.metadata.name} is being deleted`)
  }
  const ready = findCondition(backend.status?.conditions, 'Ready')
  const current = backend.status?.observedGeneration === backend.metadata.generation
  if (!ready || !current) return wait('Progressing', `backend ${backend.metadata.name} has not been looked at yet`)
  if (ready.status === 'True') return done
  const message = backendTrouble(backend.metadata.name, ready.reason)
  if (backend.status?.cause?.heals === false) throw new Stalled(ready.reason, message)
  return wait(ready.reason, message)
}

/** Says whether the class can be claimed: by what it says, by its backend, and by the driver. */
export function reconcileClass(hub: HubContext): (pass: Pass<Class>) => Promise<Outcome> {
  async function checkRecipe(pass: Pass<Class>): Promise<Outcome> {
    const { spec } = pass.object
    const driver = driverOf(backendOf(spec.backendRef.name, pass), hub)
    const problems = await schemaProblems(driver.recipeSchema, spec.recipe ?? {}, 'spec.recipe')
    if (problems.length > 0) throw new Stalled('RecipeInvalid', problems.join('; '))
    stallOn(wrongReclaim(pass.object, driver.traits(spec.recipe ?? {}).provisions))
    return done
  }

  /** Asks the driver about the recipe itself: whether what it needs is there. */
  async function askDriver(pass: Pass<Class>): Promise<Outcome> {
    const backend = backendOf(pass.object.spec.backendRef.name, pass)
    const session = hub.sessions.of(backend, (namespace, name) => pass.cache(secretType).get(name, namespace))
    if (pass.object.spec.reclaimPolicy === 'Recycle' && !session.canWipe) {
      throw new Stalled('WipeNotSupported', `spec.reclaimPolicy: driver ${session.driver} cannot wipe what it made`)
    }
    const plan = await session.plan(wantOfClass(pass.object), pass.signal).catch(lookAgainSoon)
    const errors = (plan?.errors ?? []).filter((e) => !e.path.startsWith('parameters'))
    if (errors.length === 0) return done
    throw new Stalled('RecipeInvalid', session.redact(errors.map((e) => e.message).join('; ')))
  }

  const steps = sequence(
    refuseUnsupported,
    checkConsumers,
    checkSchema,
    checkRecipe,
    keepRevision,
    checkBackend,
    askDriver,
  )
  return (pass) => settling(() => steps(pass))
}

/** What was only found is released, and what was made is not: nobody else would remove it. */
function wrongReclaim({ metadata, spec }: Class, provisions: boolean): Refusal | undefined {
  const policy = spec.reclaimPolicy ?? 'Delete'
  if ((policy === 'Release') === provisions) {
    const why = provisions ? 'makes its services and would leave them behind' : 'finds its services and deletes none'
    const must = provisions ? 'Delete, Retain or Recycle' : 'Release'
    const message = `spec.reclaimPolicy: must be ${must}, because the backend of class ${metadata.name} ${why}`
    return refuse('RecipeInvalid', message)
  }
  if (policy !== 'Recycle' || spec.sharing !== 'Shared') return undefined
  const message = 'spec.reclaimPolicy: what claims share cannot be recycled between them; Delete and Retain can be'
  return refuse('RecipeInvalid', message)
}

function driverOf(backend: Backend, { sessions }: HubContext): Driver {
  try {
    return sessions.driverOf(backend)
  } catch (error) {
    if (!(error instanceof Stalled)) throw error
    throw new Stalled(error.reason, backendTrouble(backend.metadata.name, error.reason))
  }
}

function lookAgainSoon(error: unknown): never {
  if (!(error instanceof DriverFailure) || error.stalled) throw error
  throw new DriverFailure(error.reason, error.message, { afterMs: error.afterMs ?? LOOK_AGAIN_MS })
}

/** A want of nobody: for questions about the recipe. */
const wantOfClass = ({ metadata, spec }: Class): Want => ({
  id: `class-${metadata.uid}`,
  generation: metadata.generation ?? 0,
  recipe: spec.recipe ?? {},
  parameters: {},
  existing: 'Refuse',
  origin: { door: 'larder' },
  changed: [],
})
