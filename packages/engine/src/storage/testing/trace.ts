/** Reads what `strace -f -y` wrote of writes and syncs. */

export interface Call {
  readonly name: string
  /** Behind the descriptor. */
  readonly file: string
  /** The call as strace prints it, up to its result. */
  readonly text: string
  /** Position in time of its beginning and of its end; undefined: it never returned. */
  readonly begun: number
  readonly ended: number | undefined
  /** `0`, `-1 ENOSPC (...)`, or `?` of one that never returned. */
  readonly result: string | undefined
}

const LINE = /^(\d+) +(.*)$/
const CALL = /^(\w+)\(\d+<([^>]*)>(.*)$/
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/
const RESULT = /\) += (.*)$/

type Open = { -readonly [K in keyof Call]: Call[K] }

/** Calls on descriptors, in the order in which they began. */
export function parseTrace(text: string): Call[] {
  const calls: Open[] = []
  const unfinished = new Map<string, Open>()
  for (const [time, line] of text.split('\n').entries()) {
    const [, pid, rest] = LINE.exec(line) ?? []
    if (pid === undefined || rest === undefined) continue
    const resumed = RESUMED.exec(rest)
    const begun = CALL.exec(rest)
    if (begun) {
      const call: Open = {
        name: begun[1]!,
        file: begun[2]!,
        text: begun[3]!,
        begun: time,
        ended: undefined,
        result: undefined,
      }
      calls.push(call)
      if (rest.endsWith('<unfinished ...>')) unfinished.set(pid, call)
      else finish(call, time, rest)
    } else if (resumed) {
      const call = unfinished.get(pid)
      unfinished.delete(pid)
      if (call) finish(call, time, rest)
    }
  }
  return calls
}

function finish(call: Open, time: number, text: string): void {
  call.result = RESULT.exec(text)?.[1]
  if (call.result !== '?') call.ended = time
}

/** Whether the process died in a commit: while it wrote to the log, or synced what it had written to it. */
export function diedInCommit(calls: readonly Call[]): boolean {
  const onLog = calls.filter(({ file }) => file.endsWith('store.db-wal'))
  const last = onLog.at(-1)
  if (!last || last.ended !== undefined) return false
  return last.name === 'pwrite64' || onLog.at(-2)?.name === 'pwrite64'
}
