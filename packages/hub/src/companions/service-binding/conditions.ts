/**
 * How a binding is told: `ServiceAvailable` and `WorkloadProjected` each for its half, `Ready` for both. What is missing makes them False,
 * as the specification has it, where the reference implementation says Unknown: whoever waits for Ready to be False would wait for ever.
 */
import type { Condition } from '@larder/engine/client/builtin'
import { setCondition } from '@larder/engine/runtime/conditions'
import type { Settled } from '@larder/engine/runtime/controller'
import type { StatusDraft } from '@larder/engine/runtime/pass'
import type { ServiceBinding } from '../../model/projection/service-binding.ts'
import type { BindingPass } from './parts.ts'
import type { Trouble } from './trouble.ts'

export type Half = 'ServiceAvailable' | 'WorkloadProjected'

const happy = { ServiceAvailable: 'ResolvedBindingSecret', WorkloadProjected: 'WorkloadProjected' } as const

export function say(pass: BindingPass, half: Half, trouble: Trouble | undefined, note = ''): void {
  set(pass.status, pass.object, pass.clock.now(), {
    type: half,
    status: trouble ? 'False' : 'True',
    reason: trouble?.reason ?? happy[half],
    message: trouble?.message ?? note,
  })
}

/** `Ready`, and what the runtime would keep of kinds that report as ours do. */
export function summarizeBinding(
  object: ServiceBinding,
  status: StatusDraft<ServiceBinding>,
  settled: Settled,
  nowMs: number,
): void {
  if (object.metadata.generation !== undefined) status.observedGeneration = object.metadata.generation
  const outcome =
    settled.type === 'done'
      ? { status: 'True' as const, reason: 'ServiceBound', message: noteOf(status) }
      : { status: 'False' as const, reason: settled.reason, message: settled.message }
  set(status, object, nowMs, { type: 'Ready', ...outcome })
}

const noteOf = ({ conditions }: StatusDraft<ServiceBinding>): string =>
  conditions?.find(({ type }) => type === 'ServiceAvailable')?.message ?? ''

function set(
  status: StatusDraft<ServiceBinding>,
  { metadata: { generation } }: ServiceBinding,
  nowMs: number,
  condition: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
): void {
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  setCondition((status.conditions ??= []), { ...condition, ...observed }, nowMs)
}
