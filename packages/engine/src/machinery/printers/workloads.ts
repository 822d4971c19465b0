/** Deployments and what else runs pods. */
import type { JsonObject } from '../../base/json.ts'
import { age, formatAge } from '../age.ts'
import { parseTime } from '../time.ts'
import { AGE, ageOf, at, column, integer, listAt, NAME, NONE, numberAt, mapAt, textAt, UNSET, wide } from './column.ts'
import { containerImages, containerNames } from './pods.ts'
import { formatLabels, formatSelector } from './selector.ts'

const CONTAINERS = wide('Containers', (o) => containerNames(at(o, 'spec.template.spec')), 'Names of its containers.')
const IMAGES = wide('Images', (o) => containerImages(at(o, 'spec.template.spec')), 'Images of its containers.')
const SELECTOR = wide('Selector', (o) => formatSelector(at(o, 'spec.selector')), 'Which pods belong to it.')

/** An absent `spec.replicas` reads as 1, the default of every kind that has it. */
const desired = (object: JsonObject) =>
  at(object, 'spec.replicas') === undefined ? 1 : numberAt(object, 'spec.replicas')
const readyOf = (object: JsonObject) => `${numberAt(object, 'status.readyReplicas')}/${desired(object)}`
const numberText = (path: string) => (object: JsonObject) => numberAt(object, path)

export const DEPLOYMENT_COLUMNS = [
  NAME,
  column('Ready', readyOf, { says: 'Ready pods of those desired.' }),
  column('Up-to-date', numberText('status.updatedReplicas')),
  column('Available', numberText('status.availableReplicas')),
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

export const STATEFUL_SET_COLUMNS = [
  NAME,
  column('Ready', readyOf, { says: 'Ready pods of those desired.' }),
  AGE,
  CONTAINERS,
  IMAGES,
]

const replicaCounts = [
  NAME,
  integer('Desired', desired, { says: 'The field spec.replicas.' }),
  integer('Current', 'status.replicas'),
  integer('Ready', 'status.readyReplicas'),
  AGE,
  CONTAINERS,
  IMAGES,
]
export const REPLICA_SET_COLUMNS = [...replicaCounts, SELECTOR]
export const REPLICATION_CONTROLLER_COLUMNS = [
  ...replicaCounts,
  wide('Selector', (o) => formatLabels(mapAt(o, 'spec.selector')), 'Which pods belong to it.'),
]

export const DAEMON_SET_COLUMNS = [
  NAME,
  integer('Desired', 'status.desiredNumberScheduled'),
  integer('Current', 'status.currentNumberScheduled'),
  integer('Ready', 'status.numberReady'),
  integer('Up-to-date', 'status.updatedNumberScheduled'),
  integer('Available', 'status.numberAvailable'),
  column('Node Selector', (o) => formatLabels(mapAt(o, 'spec.template.spec.nodeSelector'))),
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

export const JOB_COLUMNS = [
  NAME,
  column('Status', jobStatus, { says: 'What its conditions say.' }),
  column('Completions', completions, { says: 'Pods that succeeded of those wanted.' }),
  column('Duration', jobDuration, { says: 'How long it ran, or runs.' }),
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

function jobStatus(job: JsonObject): string {
  const has = (type: string) =>
    listAt(job, 'status.conditions').some((c) => textAt(c, 'type') === type && textAt(c, 'status') === 'True')
  for (const type of ['Complete', 'Failed']) if (has(type)) return type
  if (at(job, 'metadata.deletionTimestamp') !== undefined) return 'Terminating'
  if (has('Suspended')) return 'Suspended'
  for (const type of ['FailureTarget', 'SuccessCriteriaMet']) if (has(type)) return type
  return 'Running'
}

function completions(job: JsonObject): string {
  const succeeded = numberAt(job, 'status.succeeded')
  if (at(job, 'spec.completions') !== undefined) return `${succeeded}/${numberAt(job, 'spec.completions')}`
  const parallelism = numberAt(job, 'spec.parallelism')
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration(job: JsonObject, nowMs: number): string {
  const start = textAt(job, 'status.startTime')
  if (start === '') return ''
  const end = parseTime(textAt(job, 'status.completionTime'))
  if (!end) return age(start, nowMs)
  const started = parseTime(start)
  return started ? formatAge((end.seconds - started.seconds) * 1000) : ''
}

const CRON_JOB_TEMPLATE = 'spec.jobTemplate.spec.template.spec'

export const CRON_JOB_COLUMNS = [
  NAME,
  column('Schedule', 'spec.schedule'),
  column('Timezone', (o) => textAt(o, 'spec.timeZone', NONE)),
  column('Suspend', (o) => booleanText(at(o, 'spec.suspend')), { type: 'boolean' }),
  integer('Active', (o) => listAt(o, 'status.active').length, { says: 'Jobs that run now.' }),
  column('Last Schedule', ageOf('status.lastScheduleTime', NONE)),
  AGE,
  wide('Containers', (o) => containerNames(at(o, CRON_JOB_TEMPLATE)), 'Names of its containers.'),
  wide('Images', (o) => containerImages(at(o, CRON_JOB_TEMPLATE)), 'Images of its containers.'),
  wide('Selector', (o) => formatSelector(at(o, 'spec.jobTemplate.spec.selector')), 'Which pods belong to it.'),
]

export const CONTROLLER_REVISION_COLUMNS = [
  NAME,
  column('Controller', controllerOf, { says: 'Whose revision it is.' }),
  integer('Revision', 'revision'),
  AGE,
]

function controllerOf(object: JsonObject): string {
  const owner = listAt(object, 'metadata.ownerReferences').find((reference) => at(reference, 'controller') === true)
  if (owner === undefined) return NONE
  const group = textAt(owner, 'apiVersion').split('/').slice(0, -1).join('/')
  const kind = textAt(owner, 'kind').toLowerCase()
  return `${kind}${group && `.${group}`}/${textAt(owner, 'name')}`
}

function countOf(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? `${value}` : 'N/A'
}

export const POD_DISRUPTION_BUDGET_COLUMNS = [
  NAME,
  column('Min Available', (o) => countOf(at(o, 'spec.minAvailable'))),
  column('Max Unavailable', (o) => countOf(at(o, 'spec.maxUnavailable'))),
  integer('Allowed Disruptions', 'status.disruptionsAllowed'),
  AGE,
]

function booleanText(value: unknown): string {
  return value === true ? 'True' : value === false ? 'False' : UNSET
}
