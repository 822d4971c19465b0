import { jsonLog, type Log } from '../../base/log.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly why?: string
}

/** A log, and what was said in it. */
export function heardLog(): { log: Log; lines: Line[]; said: () => string[] } {
  const lines: Line[] = []
  const log = jsonLog({ now: () => 0, write: (line) => lines.push(JSON.parse(line) as Line) })
  return { log, lines, said: () => lines.map(({ level, msg }) => `${level} ${msg}`) }
}

export const TAKEN_UP = 'info opened from what the last stop kept'
export const READ_WHOLE = 'info reads the whole log: nothing of the last stop can be taken up'
