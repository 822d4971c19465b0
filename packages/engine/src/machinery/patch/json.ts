/**
 * JSON Patch (RFC 6902) over immutable JSON: each operation copies the containers on its way and shares the rest.
 *
 * Rejected: the rfc6902 package changes its target in place, so that every patch would first copy the whole frozen
 * object, and it does not know bigints. Limits follow the apiserver: 10,000 operations and 3 MiB made by `copy`.
 */
import { equalJson, isObject, setOwn, stringifyJson, type Json } from '../../base/json.ts'
import { ApiError, badRequest } from '../status.ts'

const MAX_OPERATIONS = 10_000
const MAX_COPIED_BYTES = 3 * 1024 * 1024

interface Operation {
  readonly op: string
  readonly path: string
  readonly from: string | undefined
  readonly value: Json | undefined
}

/**
 * Applies the patch. Throws ApiError 400 when it is no JSON Patch, 413 beyond the limits, 422 when an operation cannot
 * be done on this target (a path that is not there, a failed test).
 */
export function jsonPatch(target: Json, patch: Json): Json {
  const operations = readOperations(patch)
  let result = target
  let copiedBytes = 0
  for (const operation of operations) {
    if (operation.op === 'copy') {
      copiedBytes += stringifyJson(lookUp(result, operation, operation.from!)).length
      if (copiedBytes > MAX_COPIED_BYTES) {
        throw unprocessable(operation, `copies of this patch exceed the limit of ${MAX_COPIED_BYTES} bytes`)
      }
    }
    result = applyOperation(result, operation)
  }
  return result
}

const OPS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

function readOperations(patch: Json): readonly Operation[] {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch must be a list of operations')
  if (patch.length > MAX_OPERATIONS) {
    const limit = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`
    throw new ApiError(413, 'RequestEntityTooLarge', limit)
  }
  return patch.map((item: Json, i) => {
    const fail = (why: string) => badRequest(`error decoding patch: operation ${i}: ${why}`)
    if (!isObject(item)) throw fail('must be an object')
    const { op, path, from, value } = item
    if (typeof op !== 'string' || !OPS.has(op)) {
      throw fail(`op must be add, remove, replace, move, copy or test, not ${JSON.stringify(op ?? null)}`)
    }
    if (typeof path !== 'string') throw fail('path must be a string')
    if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw fail(`${op} needs from`)
    if ((op === 'add' || op === 'replace') && value === undefined) throw fail(`${op} needs value`)
    return { op, path, from: typeof from === 'string' ? from : undefined, value }
  })
}

/** Upstream's generic 422: one sentence for all, and what went wrong as its cause, which kubectl prints. */
function unprocessable({ op, path }: Operation, why: string): ApiError {
  const message = `${op} operation does not apply: ${why}: "${path}"`
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`, {
    causes: [{ reason: 'UnexpectedServerResponse', message }],
  })
}

function applyOperation(target: Json, operation: Operation): Json {
  const { op, path, from, value } = operation
  switch (op) {
    case 'add':
      return write(target, operation, path, 'add', value)
    case 'replace':
      lookUp(target, operation, path)
      return write(target, operation, path, 'replace', value)
    case 'remove':
      lookUp(target, operation, path)
      return write(target, operation, path, 'remove')
    case 'copy':
      return write(target, operation, path, 'add', lookUp(target, operation, from!))
    case 'move': {
      const moved = lookUp(target, operation, from!)
      if (path === from) return target
      if (path.startsWith(`${from}/`)) throw unprocessable(operation, `"${from}" cannot be moved into itself`)
      return write(write(target, operation, from!, 'remove'), operation, path, 'add', moved)
    }
    default: {
      const found = lookUp(target, operation, path, value === undefined || value === null)
      if (!equalJson(found ?? null, value ?? null)) throw unprocessable(operation, 'testing path failed')
      return target
    }
  }
}

function readPointer(operation: Operation, pointer: string): readonly string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/'))
    throw unprocessable(operation, `"${pointer}" is no JSON pointer: it must start with "/"`)
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const INDEX = /^(?:0|[1-9][0-9]*)$/

/** The value at a pointer. `orAbsent`: a missing last member reads as undefined, for tests against null. */
function lookUp(target: Json, operation: Operation, pointer: string, orAbsent = false): Json {
  let at: Json = target
  const tokens = readPointer(operation, pointer)
  for (const [i, token] of tokens.entries()) {
    let next: Json | undefined
    if (Array.isArray(at)) next = INDEX.test(token) ? (at[Number(token)] as Json | undefined) : undefined
    else if (isObject(at)) next = Object.hasOwn(at, token) ? at[token] : undefined
    if (next === undefined) {
      if (orAbsent && i === tokens.length - 1 && isObject(at)) return null
      throw unprocessable(operation, `"${pointer}" is not there`)
    }
    at = next
  }
  return at
}

type Change = 'add' | 'replace' | 'remove'

function write(target: Json, operation: Operation, pointer: string, change: Change, value?: Json): Json {
  const tokens = readPointer(operation, pointer)
  const changeAt = (at: Json | undefined, depth: number): Json => {
    if (depth === tokens.length) return change === 'remove' ? null : value!
    const token = tokens[depth]!
    const last = depth === tokens.length - 1
    if (Array.isArray(at)) {
      const copy = [...(at as readonly Json[])]
      const index = readIndex(operation, token, copy.length, last && change === 'add')
      if (!last) copy[index] = changeAt(copy[index], depth + 1)
      else if (change === 'add') copy.splice(index, 0, value!)
      else if (change === 'remove') copy.splice(index, 1)
      else copy[index] = value!
      return copy
    }
    if (!isObject(at) || (!last && !Object.hasOwn(at, token))) {
      throw unprocessable(operation, `the parent of "${pointer}" is not there`)
    }
    const copy: Record<string, Json> = {}
    for (const [key, item] of Object.entries(at)) setOwn(copy, key, item)
    if (last && change === 'remove') delete copy[token]
    else setOwn(copy, token, last ? value! : changeAt(at[token], depth + 1))
    return copy
  }
  return changeAt(target, 0)
}

function readIndex(operation: Operation, token: string, length: number, mayAppend: boolean): number {
  if (token === '-' && mayAppend) return length
  const index = INDEX.test(token) ? Number(token) : -1
  if (index < 0 || index > (mayAppend ? length : length - 1)) {
    throw unprocessable(operation, `"${token}" is no index of a list of ${length}`)
  }
  return index
}
