/** Which policies let a namespace claim something, and how near the others come. Pure. */
import type { ClaimPolicy } from '../model/claim-policy.ts'
import { judge, type Subject } from '../model/permission.ts'
import { isConsumer, type Neighbourhood } from '../model/visibility.ts'

export interface PolicyQuestion {
  readonly subject: Subject
  readonly consumer: Neighbourhood
  readonly role: string | undefined
}

export interface PolicyAnswer {
  readonly policy: string
  /** `unknown`: it selects by labels that nobody said and the asker may not read. */
  readonly permits: 'yes' | 'no' | 'unknown'
  readonly why: string
}

export function explainPolicy(policy: ClaimPolicy, question: PolicyQuestion): PolicyAnswer {
  const { subject, consumer, role } = question
  const verdict = judge([policy], subject, consumer, role)
  const answer = (permits: PolicyAnswer['permits'], why: string): PolicyAnswer => ({
    policy: policy.metadata.name,
    permits,
    why,
  })
  const what = `${subject.kind} ${subject.name}`
  if (verdict === 'yes') return answer('yes', `permits namespace ${consumer.name} to claim ${what}`)
  if (verdict === 'byLabels') return answer('unknown', `depends on the labels of ${what}: say them with -l`)
  if (!isConsumer(policy.spec.consumers, consumer, false)) return answer('no', `is not for namespace ${consumer.name}`)
  if (judge([withoutRoles(policy)], subject, consumer, role) !== 'no')
    return answer(
      'no',
      role === undefined ? 'is for certain roles only: say one with --role' : `is not for role ${role}`,
    )
  return answer(
    'no',
    subject.labels === undefined ? `does not name ${what}` : `names ${what} neither by name nor by its labels`,
  )
}

const withoutRoles = (policy: ClaimPolicy): ClaimPolicy => ({
  ...policy,
  spec: {
    ...policy.spec,
    subjects: policy.spec.subjects.map((subject) => {
      const { roles, ...rest } = subject
      return roles === undefined ? subject : rest
    }),
  },
})
