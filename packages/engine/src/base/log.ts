/** One JSON line each on stderr; see docs/reference/logs.md. Values of Secrets must never be passed in. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields, error?: unknown): void
  /** The same log with fields that every line carries. */
  with(fields: LogFields): Log
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export interface LogOptions {
  level?: LogLevel
  write: (line: string) => void
  now: () => number
}

export function jsonLog(options: LogOptions, fields: LogFields = {}): Log {
  const least = LEVELS.indexOf(options.level ?? 'info')
  const line = (level: LogLevel, message: string, more: LogFields = {}, error?: unknown) => {
    if (LEVELS.indexOf(level) < least) return
    const record: Record<string, unknown> = {
      ts: new Date(options.now()).toISOString(),
      level,
      msg: message,
      ...fields,
      ...more,
    }
    if (error !== undefined) record['err'] = errorChain(error)
    options.write(`${JSON.stringify(record)}\n`)
  }
  return {
    debug: (message, more) => line('debug', message, more),
    info: (message, more) => line('info', message, more),
    warn: (message, more) => line('warn', message, more),
    error: (message, more, error) => line('error', message, more, error),
    with: (more) => jsonLog(options, { ...fields, ...more }),
  }
}

/** Says nothing: for embedding and tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
}

/** An error and its causes in one line, outermost first. */
export function errorChain(error: unknown): string {
  const parts: string[] = []
  for (let e: unknown = error; e !== undefined && parts.length < 8; e = e instanceof Error ? e.cause : undefined) {
    parts.push(e instanceof Error ? `${e.name}: ${e.message}` : String(e))
  }
  return parts.join('; caused by ')
}
