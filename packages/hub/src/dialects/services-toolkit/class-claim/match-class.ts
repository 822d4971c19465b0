/** The class that a ClassClaim names, and whether what it says fits. */
import type { JsonObject } from '@larder/engine/base/json'
import { findCondition } from '@larder/engine/runtime/conditions'
import { classKind, type Class } from '../../../model/class.ts'
import { checkParameters, unexpectedParameters } from '../../../model/parameters.ts'
import { choosePlan } from '../../../model/plan-choice.ts'
import { isRefusal } from '../../../model/refusal.ts'
import { describeProblem } from '../../../model/schema-check.ts'
import { coreClassName } from '../instance-classes/core-class.ts'
import { instanceClassType, type ClusterInstanceClass } from '../kinds.ts'
import type { ClassClaimPass } from './core-claim.ts'
import { Trouble } from './trouble.ts'

export const said = (name: string): string => `clusterinstanceclass ${JSON.stringify(name)}`

/** Throws `Trouble` where there is none. */
export function existingClass(pass: ClassClaimPass): ClusterInstanceClass {
  const { name } = pass.object.spec.classRef
  const found = pass.cache(instanceClassType).get(name)
  if (found && found.metadata.deletionTimestamp === undefined) return found
  throw new Trouble('class', 'ClassDoesNotExist', `spec.classRef.name: there is no ${said(name)}`)
}

/** Throws `Trouble` where it cannot be claimed from now. */
export function readyClass(pass: ClassClaimPass): ClusterInstanceClass {
  const found = existingClass(pass)
  const { name, generation } = found.metadata
  const ready = findCondition(found.status?.conditions, 'Ready')
  if (!ready || found.status?.observedGeneration !== generation)
    throw new Trouble('class', 'ClassNotReady', `${said(name)} has not been looked at yet`)
  if (ready.status === 'True') return found
  throw new Trouble('class', 'ClassNotReady', `${said(name)} is not ready: ${ready.message}`)
}

/** Throws `Trouble` with all that is wrong, each by its field. */
export async function requireParameters(pass: ClassClaimPass, asked: ClusterInstanceClass): Promise<void> {
  const { parameters = {} } = pass.object.spec
  const problems = asked.spec.pool
    ? Object.keys(parameters).map(
        (field) =>
          `spec.parameters.${field}: Forbidden: ${said(asked.metadata.name)} has a pool, and takes no parameters`,
      )
    : await problemsOf(pass.cache(classKind).get(coreClassName(asked)), parameters)
  if (problems.length > 0) throw new Trouble('parameters', 'ReasonParametersInvalid', problems.join('; '))
}

/** A class that is not seen yet passes: the core looks again. */
async function problemsOf(service: Class | undefined, parameters: JsonObject): Promise<readonly string[]> {
  if (!service) return []
  const choice = choosePlan(service, undefined, undefined)
  const { problems } = await checkParameters(service, isRefusal(choice) ? undefined : choice.plan, parameters)
  return [...unexpectedParameters(service, parameters), ...problems].map(describeProblem)
}
