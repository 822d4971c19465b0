/** The columns of a Pod, whose status is a summary of its containers. Rules of kubectl's `get pods`. */
import type { Json, JsonObject } from '../../base/json.ts'
import { age } from '../age.ts'
import { AGE, at, column, listAt, NAME, NONE, mapAt, numberAt, textAt, wide } from './column.ts'
import { formatLabels } from './selector.ts'

interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  readonly lastRestart: string
}

export const POD_COLUMNS = [
  NAME,
  column('Ready', (pod) => `${summarize(pod).ready}/${summarize(pod).total}`, { says: 'Containers that are ready.' }),
  column('Status', (pod) => summarize(pod).status, { says: 'Phase, or why it does not run.' }),
  column('Restarts', restarts, { says: 'Restarts of its containers, and when the last one was.' }),
  AGE,
  wide('IP', (pod) => textAt(listAt(pod, 'status.podIPs')[0], 'ip') || textAt(pod, 'status.podIP', NONE)),
  wide('Node', (pod) => textAt(pod, 'spec.nodeName', NONE)),
  wide('Nominated Node', (pod) => textAt(pod, 'status.nominatedNodeName', NONE)),
  wide('Readiness Gates', readinessGates, 'Conditions beyond containers that have become True.'),
]

export const POD_TEMPLATE_COLUMNS = [
  NAME,
  column('Containers', (o) => containerNames(at(o, 'template.spec'))),
  column('Images', (o) => containerImages(at(o, 'template.spec'))),
  column('Pod Labels', (o) => formatLabels(mapAt(o, 'template.metadata.labels'))),
]

export function containerNames(podSpec: Json | undefined): string {
  return listAt(podSpec, 'containers')
    .map((container) => textAt(container, 'name'))
    .join(',')
}

export function containerImages(podSpec: Json | undefined): string {
  return listAt(podSpec, 'containers')
    .map((container) => textAt(container, 'image'))
    .join(',')
}

function restarts(pod: JsonObject, nowMs: number): string {
  const { restarts: count, lastRestart } = summarize(pod)
  return count > 0 && lastRestart !== '' ? `${count} (${age(lastRestart, nowMs)} ago)` : `${count}`
}

function readinessGates(pod: JsonObject): string {
  const gates = listAt(pod, 'spec.readinessGates').map((gate) => textAt(gate, 'conditionType'))
  if (gates.length === 0) return NONE
  const conditions = listAt(pod, 'status.conditions')
  const met = gates.filter((gate) =>
    conditions.some((condition) => textAt(condition, 'type') === gate && textAt(condition, 'status') === 'True'),
  )
  return `${met.length}/${gates.length}`
}

function summarize(pod: JsonObject): PodSummary {
  const sidecars = new Set(
    listAt(pod, 'spec.initContainers')
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  )
  const starting = summarizeInit(pod, sidecars)
  const total = listAt(pod, 'spec.containers').length + sidecars.size
  let { ready, restarts: count, lastRestart } = starting
  let status = starting.status ?? (textAt(pod, 'status.reason') || textAt(pod, 'status.phase'))
  if (!starting.initializing || isInitialized(pod)) {
    const main = summarizeMain(
      pod,
      starting.initializing ? textAt(pod, 'status.reason') || textAt(pod, 'status.phase') : status,
    )
    status = main.status
    ready += main.ready
    count = starting.sidecarRestarts + main.restarts
    lastRestart = main.lastRestart > starting.sidecarLastRestart ? main.lastRestart : starting.sidecarLastRestart
  }
  if (at(pod, 'metadata.deletionTimestamp') !== undefined) {
    const lost = textAt(pod, 'status.reason') === 'NodeLost'
    const finished = ['Succeeded', 'Failed'].includes(textAt(pod, 'status.phase'))
    if (lost) status = 'Unknown'
    else if (!finished) status = 'Terminating'
  }
  return { ready, total, status, restarts: count, lastRestart }
}

function isInitialized(pod: JsonObject): boolean {
  return listAt(pod, 'status.conditions').some(
    (condition) => textAt(condition, 'type') === 'Initialized' && textAt(condition, 'status') === 'True',
  )
}

function lastFinish(container: Json): string {
  return textAt(container, 'lastState.terminated.finishedAt')
}

function later(a: string, b: string): string {
  return a > b ? a : b
}

/** Init containers are told until the first that has not finished; sidecars are done once they have started. */
function summarizeInit(pod: JsonObject, sidecars: ReadonlySet<string>) {
  const containers = listAt(pod, 'status.initContainerStatuses')
  const total = listAt(pod, 'spec.initContainers').length
  const summary = { ready: 0, restarts: 0, lastRestart: '', sidecarRestarts: 0, sidecarLastRestart: '' }
  for (const [index, container] of containers.entries()) {
    const isSidecar = sidecars.has(textAt(container, 'name'))
    summary.restarts += numberAt(container, 'restartCount')
    summary.lastRestart = later(summary.lastRestart, lastFinish(container))
    if (isSidecar) {
      summary.sidecarRestarts += numberAt(container, 'restartCount')
      summary.sidecarLastRestart = later(summary.sidecarLastRestart, lastFinish(container))
    }
    const terminated = at(container, 'state.terminated')
    if (terminated !== undefined && numberAt(terminated, 'exitCode') === 0) continue
    if (isSidecar && at(container, 'started') === true) {
      if (at(container, 'ready') === true) summary.ready++
      continue
    }
    return { ...summary, initializing: true, status: initStatus(container, index, total) }
  }
  return { ...summary, initializing: false, status: undefined }
}

function initStatus(container: Json, index: number, total: number): string {
  const terminated = at(container, 'state.terminated')
  if (terminated !== undefined) return `Init:${terminationOf(terminated)}`
  const reason = textAt(container, 'state.waiting.reason')
  return reason !== '' && reason !== 'PodInitializing' ? `Init:${reason}` : `Init:${index}/${total}`
}

function terminationOf(terminated: Json): string {
  const reason = textAt(terminated, 'reason')
  if (reason !== '') return reason
  const signal = numberAt(terminated, 'signal')
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode')}` : `Signal:${signal}`
}

/** From the last container to the first, so that the first that has something to say decides. */
function summarizeMain(pod: JsonObject, otherwise: string) {
  const summary = { status: otherwise, ready: 0, restarts: 0, lastRestart: '' }
  let running = false
  for (const container of listAt(pod, 'status.containerStatuses').toReversed()) {
    summary.restarts += numberAt(container, 'restartCount')
    summary.lastRestart = later(summary.lastRestart, lastFinish(container))
    const waiting = textAt(container, 'state.waiting.reason')
    const terminated = at(container, 'state.terminated')
    if (waiting !== '') summary.status = waiting
    else if (terminated !== undefined) summary.status = terminationOf(terminated)
    else if (at(container, 'ready') === true && at(container, 'state.running') !== undefined) {
      running = true
      summary.ready++
    }
  }
  if (summary.status === 'Completed' && running) summary.status = isReady(pod) ? 'Running' : 'NotReady'
  return summary
}

function isReady(pod: JsonObject): boolean {
  return listAt(pod, 'status.conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  )
}
