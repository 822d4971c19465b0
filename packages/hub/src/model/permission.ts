/**
 * Whether the policies of a namespace let another one hold something that lives there. Judged all the time and never at admission: a
 * claim may wait for its policy, degrade with it and heal.
 */
import { parseApiVersion } from '@larder/engine/machinery/object'
import type { ClaimPolicy } from './claim-policy.ts'
import { isConsumer, selects, type Neighbourhood } from './visibility.ts'

/** What somebody wants to hold. */
export interface Subject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  /** Absent: not looked at yet. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** `byLabels`: only a policy that selects by labels may permit it, and the labels are not known. */
export type Verdict = 'yes' | 'no' | 'byLabels'

/** `policies` are those of the namespace where the subject lives. Its own namespace needs none and is not asked about here. */
export function judge(
  policies: readonly ClaimPolicy[],
  subject: Subject,
  consumer: Neighbourhood,
  role: string | undefined,
): Verdict {
  const verdicts = policies
    .filter(({ spec }) => isConsumer(spec.consumers, consumer, false))
    .flatMap(({ spec }) => spec.subjects.map((rule) => permits(rule, subject, role)))
  if (verdicts.includes('yes')) return 'yes'
  return verdicts.includes('byLabels') ? 'byLabels' : 'no'
}

type Rule = ClaimPolicy['spec']['subjects'][number]

function permits(rule: Rule, subject: Subject, role: string | undefined): Verdict {
  const { group } = parseApiVersion(subject.apiVersion)
  if (rule.kind !== subject.kind || groupOf(rule.group) !== group) return 'no'
  if (rule.names && !rule.names.includes(subject.name)) return 'no'
  if (rule.roles && (role === undefined || !rule.roles.includes(role))) return 'no'
  if (rule.selector === undefined) return 'yes'
  if (subject.labels === undefined) return 'byLabels'
  return selects(rule.selector, subject.labels) ? 'yes' : 'no'
}

/** Of a group, or of a whole apiVersion: `apps/v1` and `v1` are taken too, and their version does not matter. */
export function groupOf(written: string | undefined): string {
  if (written === undefined || /^v[0-9]+((alpha|beta)[0-9]+)?$/.test(written)) return ''
  return written.includes('/') ? parseApiVersion(written).group : written
}
