import { constants } from 'node:os'
import { checkShape, DURATION_PATTERN, invalid } from '@larder/kit'
import type { Json, JsonSchema } from '@larder/kit'

/** A text with placeholders; see template.ts. */
export type Template = string

/** A program that is run to its end. Its password goes in by `stdin`, never by `command`. */
export interface Command {
  command: readonly Template[]
  stdin?: Template
}

export interface RespMeans {
  port: string
  /** How the driver itself logs in. */
  login: { username: Template; password: Template }
  make: readonly (readonly Template[])[]
  /** Run as the new credential: an error reply, or a refused login, means that it does not work. */
  check: readonly (readonly Template[])[]
  remove: readonly (readonly Template[])[]
}

/** `check` ends with 0 exactly when the credential works. */
interface SqlStatement {
  /** The statement is left out when this query finds no row. */
  when?: Template
  run: Template
}

export type SqlBatches = readonly { database: Template; statements: readonly SqlStatement[] }[]

export interface SqlMeans {
  port: string
  /** How the driver itself logs in. */
  login: { username: Template; password: Template }
  make: SqlBatches
  /** Run as the new credential: a refused login, or no right to the database, means that it does not work. */
  check: SqlBatches
  remove: SqlBatches
}

export interface ExecMeans {
  make: Command
  check: Command
  remove: Command
}

/** A file with one line for each credential, which the engine reads again on `reload`. */
export interface FileMeans {
  path: string
  header?: Template
  line: Template
  footer?: Template
  reload: { signal: string }
  /** Tells whether the credential works, and so when the engine has read the file; a command ends with 0 exactly when it does. */
  check: Command | { talk: TalkCheck }
}

/** Says `send` to a port; the first of the patterns that the answer matches decides. */
interface TalkCheck {
  port: string
  send: Template
  accepts: string
  refuses: string
}

export interface ProcessRecipe {
  engine: {
    name: string
    commands: readonly string[]
    version?: { arguments: readonly string[]; pattern: string }
    /** What to do where it is missing, when `larder engine add` does not know it. */
    install?: string
  }
  ports: readonly string[]
  files?: readonly { path: string; content: Template; once?: boolean }[]
  arguments?: readonly Template[]
  /** A rendered file that the engine gets as its standard input. */
  input?: string
  environment?: Readonly<Record<string, Template>>
  /**
   * Commands before each start, in order. One that `makes` a folder under `data/` is run until it has: it makes
   * `${draft}`, which gets the name when the command has ended with 0, so that half a folder is never taken for whole.
   */
  prepare?: readonly (Command & { makes?: string })[]
  readiness: {
    within?: string
    tcp?: { port: string }
    resp?: {
      port: string
      login?: { username: Template; password: Template }
      commands: readonly (readonly Template[])[]
    }
    http?: { port: string; path: string }
    sql?: { port: string; login: { username: Template; password: Template }; run: SqlBatches }
    exec?: Command
  }
  stop?: { signal?: string; within?: string }
  nice?: number
  output?: { limitBytes?: number; prefix?: string }
  credentials: {
    roles?: Readonly<Record<string, { readonly [k: string]: Json }>>
    resp?: RespMeans
    sql?: SqlMeans
    exec?: ExecMeans
    file?: FileMeans
  }
  binding: Readonly<Record<string, Template>>
}

const text: JsonSchema = { type: 'string' }
const texts: JsonSchema = { type: 'array', items: text }
const duration: JsonSchema = { type: 'string', pattern: DURATION_PATTERN }
const signal: JsonSchema = { type: 'string', pattern: '^SIG[A-Z0-9]+$' }
/** Inside the instance's folder: neither absolute nor climbing out. */
const innerPath: JsonSchema = { type: 'string', pattern: '^(data|config)(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$' }
const dataPath: JsonSchema = { type: 'string', pattern: '^data/[A-Za-z0-9_][A-Za-z0-9_-]*$' }
const name: JsonSchema = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9-]*$' }

const fields = (properties: Readonly<Record<string, Json>>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
})
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
const command = fields({ command: { ...texts, minItems: 1 }, stdin: text }, ['command'])
const respCommands = listOf({ ...texts, minItems: 1 })
const login = fields({ username: text, password: text }, ['username', 'password'])
const talk = fields({ port: name, send: text, accepts: text, refuses: text }, ['port', 'send', 'accepts', 'refuses'])
const sqlBatches = listOf(
  fields({ database: text, statements: listOf(fields({ when: text, run: text }, ['run'])) }, [
    'database',
    'statements',
  ]),
)

export const RECIPE_SCHEMA: JsonSchema = fields(
  {
    engine: fields(
      {
        name: { type: 'string', pattern: '^[a-z][a-z0-9-]*$' },
        commands: { ...texts, minItems: 1 },
        version: fields({ arguments: texts, pattern: text }, ['arguments', 'pattern']),
        install: text,
      },
      ['name', 'commands'],
    ),
    ports: { ...listOf(name), minItems: 1 },
    files: listOf(fields({ path: innerPath, content: text, once: { type: 'boolean' } }, ['path', 'content'])),
    arguments: texts,
    input: innerPath,
    environment: { type: 'object', additionalProperties: text },
    prepare: listOf(fields({ command: { ...texts, minItems: 1 }, stdin: text, makes: dataPath }, ['command'])),
    readiness: fields({
      within: duration,
      tcp: fields({ port: name }, ['port']),
      resp: fields({ port: name, login, commands: respCommands }, ['port', 'commands']),
      http: fields({ port: name, path: text }, ['port', 'path']),
      sql: fields({ port: name, login, run: sqlBatches }, ['port', 'login', 'run']),
      exec: command,
    }),
    stop: fields({ signal, within: duration }),
    nice: { type: 'integer' },
    output: fields({ limitBytes: { type: 'integer' }, prefix: text }),
    credentials: fields({
      roles: {
        type: 'object',
        additionalProperties: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
      resp: fields({ port: name, login, make: respCommands, check: respCommands, remove: respCommands }, [
        'port',
        'login',
        'make',
        'check',
        'remove',
      ]),
      exec: fields({ make: command, check: command, remove: command }, ['make', 'check', 'remove']),
      file: fields(
        {
          path: innerPath,
          header: text,
          line: text,
          footer: text,
          reload: fields({ signal }, ['signal']),
          check: fields({ command: { ...texts, minItems: 1 }, stdin: text, talk }),
        },
        ['path', 'line', 'reload', 'check'],
      ),
      sql: fields({ port: name, login, make: sqlBatches, check: sqlBatches, remove: sqlBatches }, [
        'port',
        'login',
        'make',
        'check',
        'remove',
      ]),
    }),
    binding: { type: 'object', additionalProperties: text, minProperties: 1 },
  },
  ['engine', 'ports', 'readiness', 'credentials', 'binding'],
)

/**
 * A recipe that can be relied on.
 * @throws DriverError `invalid` that names the first wrong field.
 */
export function parseRecipe(recipe: Json): ProcessRecipe {
  const [first] = checkShape(RECIPE_SCHEMA, recipe, 'recipe')
  if (first) throw invalid(first.path, `${first.path} ${first.message}`)
  const parsed = recipe as unknown as ProcessRecipe
  exactlyOne(parsed.readiness, ['tcp', 'resp', 'http', 'sql', 'exec'], 'recipe.readiness')
  exactlyOne(parsed.credentials, ['resp', 'sql', 'exec', 'file'], 'recipe.credentials')
  if (parsed.credentials.file)
    exactlyOne(parsed.credentials.file.check, ['command', 'talk'], 'recipe.credentials.file.check')
  checkWords(parsed)
  for (const [path, port] of namedPorts(parsed)) {
    if (!parsed.ports.includes(port)) throw invalid(path, `${path} names ${port}, which recipe.ports does not declare`)
  }
  return parsed
}

/** What a schema cannot say: names of signals, patterns that compile, a priority that needs no rights. */
function checkWords({ engine, nice, output, stop, credentials }: ProcessRecipe): void {
  for (const [path, signal] of [
    ['recipe.stop.signal', stop?.signal],
    ['recipe.credentials.file.reload.signal', credentials.file?.reload.signal],
  ] as const) {
    if (signal !== undefined && !(signal in constants.signals)) throw invalid(path, `${path} ${signal} is not a signal`)
  }
  for (const [path, pattern] of [
    ['recipe.engine.version.pattern', engine.version?.pattern],
    ['recipe.output.prefix', output?.prefix],
    ['recipe.credentials.file.check.talk.accepts', talkOf(credentials)?.accepts],
    ['recipe.credentials.file.check.talk.refuses', talkOf(credentials)?.refuses],
  ] as const) {
    if (pattern !== undefined && !compiles(pattern)) throw invalid(path, `${path} is not a regular expression`)
  }
  if (nice !== undefined && (nice < 0 || nice > 19)) throw invalid('recipe.nice', 'recipe.nice must be 0 to 19')
}

function talkOf({ file }: ProcessRecipe['credentials']): TalkCheck | undefined {
  return file && 'talk' in file.check ? file.check.talk : undefined
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern).test('')
    return true
  } catch {
    return false
  }
}

function exactlyOne(value: object, names: readonly string[], path: string): void {
  if (names.filter((n) => Object.hasOwn(value, n)).length !== 1) {
    throw invalid(path, `${path} needs exactly one of ${names.join(', ')}`)
  }
}

function namedPorts({ readiness, credentials }: ProcessRecipe): [path: string, port: string][] {
  const named: [string, string | undefined][] = [
    ['recipe.readiness.tcp.port', readiness.tcp?.port],
    ['recipe.readiness.resp.port', readiness.resp?.port],
    ['recipe.readiness.http.port', readiness.http?.port],
    ['recipe.credentials.resp.port', credentials.resp?.port],
    ['recipe.credentials.file.check.talk.port', talkOf(credentials)?.port],
    ['recipe.readiness.sql.port', readiness.sql?.port],
    ['recipe.credentials.sql.port', credentials.sql?.port],
  ]
  return named.filter((n): n is [string, string] => n[1] !== undefined)
}
