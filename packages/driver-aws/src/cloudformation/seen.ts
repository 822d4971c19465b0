/** What CloudFormation says of a stack, in the contract's words. */
import type { Stack, StackEvent, StackResourceSummary } from '@aws-sdk/client-cloudformation'
import { parseDurationMs } from '@larder/kit'
import type { Changing, Failed, Outside, Want } from '@larder/kit'
import { conflictOf, OWNER_TAG } from '../naming.ts'
import type { KnownTimes, Wait } from '../pace.ts'
import { idOf } from './stacks.ts'

export type Standing =
  | 'absent'
  | 'changing'
  | 'standing'
  /** It is as before the last change, which failed. */
  | 'rolled back'
  /** It never was complete. */
  | 'failed'
  /** It was complete once, and is in a state that somebody must repair. */
  | 'stuck'
  | 'undeletable'
  /** Only a change set that somebody made before the stack. */
  | 'reviewed'

export function standingOf({ StackStatus: status = '' as never }: Stack): Standing {
  if (status === 'DELETE_COMPLETE') return 'absent'
  if (status === 'REVIEW_IN_PROGRESS') return 'reviewed'
  if (status.endsWith('_IN_PROGRESS')) return 'changing'
  if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return 'standing'
  if (/^(?:UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status)) return 'rolled back'
  if (status === 'DELETE_FAILED') return 'undeletable'
  return /^(?:CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED)$/.test(status) ? 'failed' : 'stuck'
}

export function conflictWith(stack: Stack, want: Pick<Want, 'id' | 'existing'>): string | undefined {
  const owner = stack.Tags?.find(({ Key }) => Key === OWNER_TAG)?.Value
  return conflictOf(owner, want, `a stack called ${stack.StackName}`)
}

export function outsideOf(stack: Stack): Outside {
  const { StackStatus: state, StackStatusReason: message } = stack
  return {
    id: idOf(stack),
    ...(state !== undefined && { state }),
    // A word that AWS always says of a stack that somebody made.
    ...(message !== undefined && message !== '' && message !== 'User Initiated' && { message }),
  }
}

/** The step's name for people: `create`, `update`, `roll back`, `delete`. `wait`: for what began then. `slow`: what it has come to, where it takes long. */
export function changing(
  stack: Stack,
  usually: string | undefined,
  wait: (doing: string, known: KnownTimes) => Wait,
  slow: string | undefined,
): Changing {
  const { StackStatus: status = '' as never } = stack
  const doing = doingOf(status)
  const since = beganAt(stack)
  const usuallyMs = usually === undefined || doing !== 'create' ? undefined : parseDurationMs(usually)
  return {
    phase: 'changing',
    doing,
    message: `stack ${stack.StackName}: ${status}${slow === undefined ? '' : `, ${slow}`}`,
    ...wait(doing, {
      ...(since !== undefined && { sinceMs: since }),
      ...(usuallyMs !== undefined && { usuallyMs }),
    }),
  }
}

/** When what it goes through now began, in milliseconds. */
export function beganAt({
  StackStatus: status = '' as never,
  CreationTime,
  LastUpdatedTime,
}: Stack): number | undefined {
  return (doingOf(status) === 'create' ? CreationTime : (LastUpdatedTime ?? CreationTime))?.getTime()
}

/** `2 of its resources made, waits for Database (AWS::RDS::DBInstance)`: those that CloudFormation has begun, since it tells of no others. */
export function progressOf(resources: readonly StackResourceSummary[]): string | undefined {
  const under = resources.filter(({ ResourceStatus = '' }) => ResourceStatus.endsWith('_IN_PROGRESS'))
  if (under.length === 0) return undefined
  const made = resources.filter(({ ResourceStatus = '' }) => /^(?:CREATE|UPDATE)_COMPLETE$/.test(ResourceStatus)).length
  const names = under.map(({ LogicalResourceId: id, ResourceType: type }) => `${id} (${type})`).sort()
  const some = names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES), `${names.length - MOST_NAMES} more`] : names
  return `${made} of its resources made, waits for ${some.join(', ')}`
}

const MOST_NAMES = 3

function doingOf(status: string): string {
  if (status.startsWith('DELETE')) return 'delete'
  if (status.includes('ROLLBACK')) return 'roll back'
  return status.startsWith('CREATE') ? 'create' : 'update'
}

/** Made anew so often, a stack that fails is left for somebody to look at. */
const MAX_ROLLBACKS = 3

export function failed(stack: Stack, standing: Standing, cause: string, rollbacks: number): Failed {
  const state = stack.StackStatus ?? ''
  const said = `stack ${stack.StackName} is ${state}: ${cause}`
  const common = { phase: 'failed', reason: camelCase(state) } as const
  switch (standing) {
    case 'failed': {
      if (rollbacks < MAX_ROLLBACKS) return { ...common, message: said, usable: false, retry: 'recreate' }
      const message = `${said}; it was made anew ${rollbacks} times and failed each time`
      return { ...common, message, usable: false, retry: 'no' }
    }
    case 'rolled back':
      return { ...common, message: `${said}; the stack is as it was before`, usable: true, retry: 'no' }
    case 'undeletable':
      return { ...common, message: said, usable: false, retry: 'no' }
    case 'stuck':
    case 'absent':
    case 'changing':
    case 'standing':
    case 'reviewed':
      break
  }
  const next = 'CloudFormation must be told to continue (aws cloudformation continue-update-rollback)'
  return { ...common, message: `${said}; ${next}`, usable: true, retry: 'no' }
}

/** `ROLLBACK_COMPLETE` is `RollbackComplete`. */
const camelCase = (status: string): string =>
  status
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

/** What went wrong first: all later failures are of it. `events`: newest first, of the stack's whole life. */
export function causeOf(stack: Stack, events: readonly StackEvent[]): string {
  const begin = events.findIndex(
    ({ PhysicalResourceId, ResourceStatus = '', ResourceStatusReason }) =>
      PhysicalResourceId === stack.StackId &&
      /^(?:CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(ResourceStatus) &&
      ResourceStatusReason === 'User Initiated',
  )
  const since = begin < 0 ? events : events.slice(0, begin)
  const first = since.findLast(
    ({ ResourceStatus = '', ResourceStatusReason = '' }) =>
      ResourceStatus.endsWith('_FAILED') && ResourceStatusReason !== '' && !/cancelled/i.test(ResourceStatusReason),
  )
  if (!first) return stack.StackStatusReason ?? 'CloudFormation gives no reason'
  return `${first.LogicalResourceId} (${first.ResourceType}): ${first.ResourceStatusReason}`
}
