/**
 * How much a pass may hold. Who writes an object of some hundred bytes may name one large Secret a thousand times, or a large value in a
 * thousand places; what comes of it stands in the memory of a hub that serves others as well. So all that is read, fetched and filled in
 * is counted, before it is made where that can be known.
 *
 * Rejected: a limit for each file or value. A thousand that are just small enough are as bad as a large one.
 */
import { setImmediate } from 'node:timers/promises'
import { isObject, type Json } from '@larder/engine/base/json'
import { MOST_BYTES } from './fetch/files.ts'
import { Failed } from './report.ts'

/** Of YAML, in all: while it is parsed nothing else happens, and a byte of it can become a hundred. */
const MOST_YAML_BYTES = 2 * 1024 * 1024
/** Of its smallest parts: indicators, spaces, texts. Two bytes can be one. */
const MOST_YAML_PARTS = 250_000
/** To find what one stands for, the whole document is looked through. */
const MOST_ALIASES = 500
/** Between texts others have their turn; small ones are not worth it. */
const PAUSE_EVERY_BYTES = 64 * 1024
/** It will be as large at the next look. */
const LOOK_AGAIN_MS = 60_000

export interface Budget {
  /** Throws `Failed` that names `what`, `Templating dir: a.yml`. */
  take(bytes: number, what: string): void
  takeJson(value: Json, what: string): void
  /** To be asked before a text is parsed. */
  takeYaml(text: string, what: string): Promise<void>
}

const tooLarge = (what: string, limit: string): Failed =>
  new Failed(`${what} is too large: ${limit}; make it smaller, or several packages`, { lookAgainMs: LOOK_AGAIN_MS })

export function createBudget(): Budget {
  let [room, yamlRoom, parts, aliases] = [MOST_BYTES, MOST_YAML_BYTES, MOST_YAML_PARTS, MOST_ALIASES]
  let sincePause = 0
  function take(bytes: number, what: string): void {
    room -= bytes
    if (room < 0)
      throw tooLarge(what, `all files and values, each time that one is named, may have ${MOST_BYTES} bytes`)
  }
  return {
    take,
    takeJson: (value, what) => take(jsonBytes(value, room), what),
    async takeYaml(text, what) {
      const bytes = Buffer.byteLength(text)
      yamlRoom -= bytes
      if (yamlRoom < 0) throw tooLarge(what, `all YAML may have ${MOST_YAML_BYTES} bytes`)
      sincePause += bytes
      if (sincePause > PAUSE_EVERY_BYTES) {
        await setImmediate()
        sincePause = 0
      }
      const { Lexer } = await import('yaml')
      let before = ''
      for (const part of new Lexer().lex(text)) {
        if (--parts < 0) throw tooLarge(what, `all YAML may have ${MOST_YAML_PARTS} words and signs`)
        if (part.startsWith('*') && before !== SCALAR && --aliases < 0)
          throw tooLarge(what, `all YAML may have ${MOST_ALIASES} aliases`)
        before = part
      }
    },
  }
}

/** What the lexer says before a text. */
const SCALAR = '\u001f'

/** As JSON, about; what is larger than `most` is not looked at to its end. */
function jsonBytes(value: Json, most: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2
  if (Array.isArray(value)) {
    let sum = 2
    for (const item of value as readonly Json[]) if ((sum += 1 + jsonBytes(item, most - sum)) > most) break
    return sum
  }
  if (!isObject(value)) return String(value).length
  let sum = 2
  for (const [key, one] of Object.entries(value))
    if ((sum += Buffer.byteLength(key) + 4 + jsonBytes(one, most - sum)) > most) break
  return sum
}
