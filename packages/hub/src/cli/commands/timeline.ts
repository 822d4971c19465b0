/** What happened to an object step by step, how long each took, and what runs now. */
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Claim } from '../../model/claim.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { claimBehind, isDoorClaim } from '../door-claims.ts'
import { show } from '../live.ts'
import { lookAt } from '../look-at.ts'
import { isTable, serialize } from '../print.ts'
import type { Reader } from '../reading.ts'
import { duration, renderTimeline, timelineOf, type Timeline } from '../timeline.ts'
import { traceIdOf } from '../trace-id.ts'

export const run: Run = async ({ args, options }, terminal) => {
  const { output, watch = false, verbose = false } = options
  const object = lookAt(args, 'timeline')
  await withApi(options, terminal, async (connection) =>
    show(connection.client, terminal, watch, async (reader) => {
      const named = await object(reader, connection)
      if (!named) return undefined
      const behind = isDoorClaim(named) ? await claimBehind(reader, named) : undefined
      const found = behind?.state === 'found' ? behind.object : named
      const held = await instanceOf(reader, found)
      const { instance } = held
      const forbidden: Forbidden = behind?.state === 'forbidden' ? 'claim' : held.forbidden ? 'instance' : undefined
      const timeline = timelineOf(found, instance)
      const traceId = verbose ? (traceIdOf(found) ?? (instance && traceIdOf(instance))) : undefined
      const data = {
        ...timeline,
        ...(traceId !== undefined && { traceId }),
        ...(forbidden && { [forbidden]: 'forbidden' }),
      }
      const content = JSON.stringify(data)
      if (!isTable(output)) return { content, text: await serialize(JSON.parse(content), output) }
      const notes = notesOf(timeline, { forbidden, verbose, traceId, now: terminal.now() })
      return { content, text: `${renderTimeline(timeline, terminal.now())}${notes.map((n) => `${n}\n`).join('')}` }
    }),
  )
}

/** What a claim holds has the steps of its service; an application team sees those of the claim alone. */
async function instanceOf(
  reader: Reader,
  object: KubeObject,
): Promise<{ instance: Instance | undefined; forbidden: boolean }> {
  const held = object.kind === 'Claim' ? (object as Claim).status?.instanceRef : undefined
  if (!held) return { instance: undefined, forbidden: false }
  const found = await reader.find(instanceKind, held.name, held.namespace)
  return { instance: found.state === 'found' ? found.object : undefined, forbidden: found.state === 'forbidden' }
}

/** Whose steps are missing, because whoever asks may not read it. */
type Forbidden = 'claim' | 'instance' | undefined

const FORBIDDEN = {
  claim: 'The steps of the Claim that stands for it are for those who may read claims.',
  instance: 'The steps of its service are for those who may read instances.',
} as const

interface Notes {
  readonly forbidden: Forbidden
  readonly verbose: boolean
  readonly traceId: string | undefined
  readonly now: number
}

function notesOf({ progress }: Timeline, { forbidden, verbose, traceId, now }: Notes): readonly string[] {
  const { step, message, expectedAt } = progress ?? {}
  const doing = [step, message].filter((text) => text !== undefined).join(': ')
  const left = expectedAt === undefined ? undefined : Date.parse(expectedAt) - now
  return [
    ...(doing === '' ? [] : [`Now       ${doing}`]),
    ...(left === undefined ? [] : [`Expected  ${left > 0 ? `in ${duration(left)}` : `${duration(-left)} ago`}`]),
    ...(forbidden ? [FORBIDDEN[forbidden]] : []),
    ...(verbose ? [`Trace     ${traceId ?? 'none: the hub sends no traces (OTEL_EXPORTER_OTLP_ENDPOINT)'}`] : []),
  ]
}
