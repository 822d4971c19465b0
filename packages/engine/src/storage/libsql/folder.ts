/** Folders and files that outlive a power failure, and are for their owner alone. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

/** A power failure must not take the folder away from under writes that were acknowledged in it. */
export function makeFolder(dir: string): void {
  const first = mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = dir; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made))
}

export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Secrets are in it. SQLite gives its side files the mode of the database. */
export function makePrivateFile(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}
