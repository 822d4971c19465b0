/**
 * Fields that the model has and this version does not act on. Each is refused by name: a field that is ignored in silence
 * promises what nobody keeps.
 */
import type { Backend } from './backend.ts'
import type { Claim } from './claim.ts'
import type { Class } from './class.ts'
import type { Instance } from './instance.ts'
import { refuse, type Refusal } from './refusal.ts'

/** Paths under `spec`, with the value where only some values are refused. */
type Finding = readonly [path: string, set: boolean]

function refused(findings: readonly Finding[]): Refusal | undefined {
  const fields = findings.filter(([, set]) => set).map(([path]) => `spec.${path}`)
  if (fields.length === 0) return undefined
  const verb = fields.length === 1 ? 'is' : 'are'
  return refuse('NotSupportedYet', `${fields.join(', ')} ${verb} not supported by this version`)
}

const there = (value: unknown): boolean => value !== undefined
const other = (value: string | undefined, supported: string): boolean => value !== undefined && value !== supported

export const unsupportedInBackend = ({ spec }: Backend): Refusal | undefined =>
  refused([
    ['serviceAccountRef', there(spec.serviceAccountRef)],
    ['consumers', there(spec.consumers)],
    ['discovery', there(spec.discovery)],
  ])

export const unsupportedInClass = ({ spec }: Class): Refusal | undefined =>
  refused([
    ['schemas', there(spec.schemas)],
    [`sharing ${spec.sharing}`, other(spec.sharing, 'Exclusive')],
    [`reclaimPolicy ${spec.reclaimPolicy}`, other(spec.reclaimPolicy, 'Delete')],
    ['deletionProtection', spec.deletionProtection === true],
    ['external', there(spec.external)],
    ...(spec.plans ?? []).flatMap((plan, i): Finding[] => [
      [`plans[${i}].external`, there(plan.external)],
      [`plans[${i}].schemas`, there(plan.schemas)],
    ]),
  ])

export const unsupportedInInstance = ({ spec }: Instance): Refusal | undefined =>
  refused([
    ['resourceRef', there(spec.resourceRef)],
    ['parametersFrom', there(spec.parametersFrom)],
    [`existing ${spec.existing}`, other(spec.existing, 'Refuse')],
    ['credentialsRef', there(spec.credentialsRef)],
    [`sharing ${spec.sharing}`, other(spec.sharing, 'Exclusive')],
    [`reclaimPolicy ${spec.reclaimPolicy}`, other(spec.reclaimPolicy, 'Delete')],
    ['deletionProtection', spec.deletionProtection === true],
    ['paused', spec.paused === true],
  ])

export const unsupportedInClaim = ({ spec }: Claim): Refusal | undefined =>
  refused([
    ['instanceRef', there(spec.instanceRef)],
    ['resourceRef', there(spec.resourceRef)],
    ['parametersFrom', there(spec.parametersFrom)],
    [`binding.format ${spec.binding?.format}`, other(spec.binding?.format, 'WellKnown')],
    ['binding.parameters', there(spec.binding?.parameters)],
    ['binding.parametersFrom', there(spec.binding?.parametersFrom)],
    ['origin', there(spec.origin)],
  ])

/** Claims by instanceRef and resourceRef are what policies permit; without them a policy permits nothing. */
export const unsupportedInClaimPolicy = (): Refusal =>
  refuse(
    'NotSupportedYet',
    'spec.subjects is not supported by this version: claims by instanceRef and resourceRef, which a policy would permit, are not served yet',
  )
