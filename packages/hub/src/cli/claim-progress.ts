/** Shows a claim on its way: one line for each step that ends, with the time since the start. */
import type { Client } from '@larder/engine/client/client'
import { isForbidden } from '@larder/engine/machinery/status'
import { claimKind, type Claim } from '../model/claim.ts'
import { instanceKind, type Instance } from '../model/instance.ts'
import { CommandFailed, EXIT } from './failure.ts'
import { readiness, stalledFailure } from './readiness.ts'
import { elapsed, paint, type Terminal } from './terminal.ts'
import { watchUntil } from './watch-until.ts'

export interface ClaimWait {
  readonly name: string
  readonly namespace: string
  readonly timeoutMs: number
}

/** Ends when the claim is Ready; fails with code 5 when somebody has to act first, with code 6 when the time is over. */
export async function waitForClaim(client: Client, terminal: Terminal, wait: ClaimWait): Promise<Claim> {
  const startedAt = terminal.now()
  const seen = new Set<string>()
  const show: Show = (mark, name, detail) => {
    const key = `${mark} ${name} ${detail}`
    if (seen.has(key)) return
    seen.add(key)
    terminal.note(
      `  ${elapsed(terminal.now() - startedAt).padStart(6)} ${paint(mark, MARKS[mark], terminal)}  ${name.padEnd(20)} ${detail}`.trimEnd() +
        '\n',
    )
  }
  const what = `claim ${wait.namespace}/${wait.name}`
  const instanceWatch = new AbortController()
  try {
    return await watchUntil<Claim, Claim>(client, terminal, {
      type: claimKind,
      name: wait.name,
      namespace: wait.namespace,
      timeoutMs: wait.timeoutMs,
      what: `${what} to be Ready`,
      look(claim) {
        if (!claim) throw new CommandFailed(EXIT.notFound, `${what} does not exist`)
        const held = claim.status?.instanceRef
        if (held && !seen.has(held.name)) {
          seen.add(held.name)
          void showInstanceSteps(client, held, show, instanceWatch.signal)
        }
        const state = readiness(claim)
        if (state === 'stalled') throw stalledFailure(what, claim)
        const message = claim.status?.cause?.message
        if (state === 'waiting' && message !== undefined) show('◐', claim.status?.cause?.reason ?? 'waiting', message)
        if (state !== 'ready') return undefined
        show('✔', 'Ready', `Secret ${claim.status?.binding?.name ?? ''}`)
        return claim
      },
    })
  } finally {
    instanceWatch.abort()
  }
}

const MARKS = { '✔': 'green', '◐': 'yellow', '✗': 'red' } as const

type Mark = keyof typeof MARKS
type Show = (mark: Mark, name: string, detail: string) => void

/** The timeline of the instance, for those who may read it: an application team sees the claim alone, and loses nothing that it needs. */
async function showInstanceSteps(
  client: Client,
  held: { namespace: string; name: string },
  show: Show,
  signal: AbortSignal,
): Promise<void> {
  const print = (instance: Instance) => {
    for (const step of instance.status?.steps ?? []) {
      const attempts = (step.attempts ?? 1) > 1 ? `  attempt ${step.attempts}` : ''
      show(stepMark(step.outcome), step.name, `${step.message ?? ''}${attempts}`)
    }
  }
  try {
    const instances = client.of(instanceKind)
    const selector = { fieldSelector: `metadata.name=${held.name}`, namespace: held.namespace }
    const list = await instances.list(selector)
    list.items.forEach(print)
    for await (const event of instances.watch(
      { ...selector, resourceVersion: list.metadata.resourceVersion },
      signal,
    )) {
      if (event.type !== 'BOOKMARK') print(event.object)
    }
  } catch (error) {
    if (signal.aborted || isForbidden(error)) return
    show('◐', 'timeline', 'cannot be read now')
  }
}

function stepMark(outcome: string | undefined): Mark {
  if (outcome === undefined || outcome === 'Running') return '◐'
  return outcome === 'Done' ? '✔' : '✗'
}
