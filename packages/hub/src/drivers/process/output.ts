/** What an engine printed: kept in a file of bounded size, quoted in causes without what changes or is secret. */
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'

export const DEFAULT_LIMIT_BYTES = 4 * 1024 * 1024

/**
 * Keeps the newer half of a file that has outgrown its limit. The engine writes with O_APPEND, so it goes on at the new
 * end; what it prints while we copy may be lost, which a log can bear and a pipe through the hub could not: a killed hub
 * would then take its engines with it.
 */
export function boundOutput(path: string, limitBytes: number): void {
  const { size } = statSync(path)
  if (size <= limitBytes) return
  const kept = tail(path, Math.floor(limitBytes / 2))
  truncateSync(path, 0)
  const file = openSync(path, 'a')
  try {
    writeSync(file, kept)
  } finally {
    closeSync(file)
  }
}

/**
 * The last lines printed since `fromByte`, on one line. `prefix` is a pattern for what every line begins with and what
 * differs each time, such as a timestamp.
 */
export function lastWords(
  path: string,
  options: { fromByte: number; prefix?: string | undefined; secrets: readonly string[] },
): string {
  const size = outputSize(path)
  if (size === 0) return ''
  const text = tail(path, Math.min(4096, Math.max(0, size - options.fromByte))).toString('utf8')
  const prefix = options.prefix === undefined ? undefined : new RegExp(options.prefix)
  const lines = text
    .split('\n')
    .map((line) => (prefix ? line.replace(prefix, '') : line).trim())
    .filter((line) => line !== '')
  return redact(lines.slice(-3).join(' / '), options.secrets).slice(0, 400)
}

export function outputSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((t, secret) => (secret === '' ? t : t.replaceAll(secret, '[redacted]')), text)
}

function tail(path: string, bytes: number): Buffer {
  const { size } = statSync(path)
  const buffer = Buffer.alloc(Math.min(bytes, size))
  const file = openSync(path, 'r')
  try {
    readSync(file, buffer, 0, buffer.length, size - buffer.length)
  } finally {
    closeSync(file)
  }
  return buffer
}
