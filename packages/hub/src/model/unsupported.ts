/**
 * Fields that the model has and this version does not act on. Each is refused by name: a field that is ignored in silence
 * promises what nobody keeps.
 */
import type { Backend } from './backend.ts'
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
  refused([['discovery', there(spec.discovery)]])

export const unsupportedInClass = ({ spec }: Class): Refusal | undefined =>
  refused([
    ['schemas', there(spec.schemas)],
    ...(spec.plans ?? []).flatMap((plan, i): Finding[] => [[`plans[${i}].schemas`, there(plan.schemas)]]),
  ])

export const unsupportedInInstance = ({ spec }: Instance): Refusal | undefined =>
  refused([[`existing ${spec.existing}`, spec.resourceRef !== undefined && other(spec.existing, 'Observe')]])
