import { CommandFailed, EXIT } from './failure.ts'

/** What a command sees of the world it was called from. */
export interface Terminal {
  /** Data goes here; nothing else does. */
  readonly out: (text: string) => void
  /** Messages for people: progress, notes, errors. */
  readonly note: (text: string) => void
  /** Somebody is there to answer a question. */
  readonly interactive: boolean
  /** Notes may have colour: they go to a terminal, and neither `NO_COLOR` nor `TERM=dumb` speaks against it. Data never has any. */
  readonly colour: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  readonly now: () => number
}

const COLOURS = { red: 31, green: 32, yellow: 33 } as const

export function paint(
  text: string,
  colour: keyof typeof COLOURS,
  { colour: wanted }: Pick<Terminal, 'colour'>,
): string {
  return wanted ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text
}

/** An error as people read it: what, why, next. */
export function failureText(error: CommandFailed, terminal: Pick<Terminal, 'colour'>): string {
  return [
    `${paint('error:', 'red', terminal)} ${error.message}`,
    ...(error.why === undefined ? [] : [`  why:   ${error.why}`]),
    ...(error.next === undefined ? [] : [`  next:  ${error.next}`]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** The same for programs, with `-o json`. */
export function failureJson(error: CommandFailed): string {
  const { code, message, why, next } = error
  return `${JSON.stringify({ error: { exitCode: code, message, why, next } })}\n`
}

/** Elapsed time in front of a line of progress: `0.02s`, `12.3s`, `3m40s`. */
export function elapsed(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)}s`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
}

/** `90s`, `10m`, `1h`, or bare seconds, in milliseconds. */
export function parseDuration(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  if (!match)
    throw new CommandFailed(EXIT.usage, `--${flag}: "${text}" is no length of time`, {
      next: `--${flag} 30s, --${flag} 10m`,
    })
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's']!
  return Number(match[1]) * unit
}
