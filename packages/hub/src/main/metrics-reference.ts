/** docs/reference/metrics.md, made from the declarations. */
import type { Instrument } from '@larder/engine/base/meter'
import { INSTRUMENTS } from './metrics.ts'

/** Of the embedded Kubernetes API and of the process, which declare theirs with the library. */
const OF_THE_API = [
  ['apiserver_request_total', 'counter', '`verb` `resource` `code`', 'Requests answered, by verb, resource and code.'],
  [
    'apiserver_request_duration_seconds',
    'histogram',
    '`verb` `resource`',
    'Time from the head of a request to its answer.',
  ],
  ['apiserver_longrunning_requests', 'gauge', '', 'Watches that are open now.'],
  ['apiserver_terminated_watchers_total', 'counter', '', 'Watches ended because their client did not read.'],
  ['larder_event_loop_delay_p99_seconds', 'gauge', '', 'How late timers were, 99th percentile since the last scrape.'],
  ['process_resident_memory_bytes', 'gauge', '', 'Resident memory of this process.'],
] as const

export const API_METRIC_NAMES: readonly string[] = OF_THE_API.map(([name]) => name)

export const metricsReference = (): string => `# Metrics

Made from the declarations; a test compares. \`/metrics\` on the plain HTTP port answers anybody and names no object: labels marked \`*\`
are left out there, and what they tell apart is summed. On the Kubernetes API the same path wants the right to \`get\` the non-resource
URL \`/metrics\` and has all labels. No label holds a namespace, a user or the name of a claim.

Names are those of controller-runtime, client-go and kube-apiserver where they count the same, so that dashboards that exist work.

| name | type | labels | meaning |
|---|---|---|---|
${[...INSTRUMENTS.map(rowOf), ...OF_THE_API.map(([name, ...rest]) => row(`\`${name}\``, ...rest))].join('\n')}
`

const rowOf = ({ name, type, labels, named, help }: Instrument): string =>
  row(`\`${name}\``, type, labels.map((l) => `\`${l}${named.includes(l) ? '*' : ''}\``).join(' '), help)

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
