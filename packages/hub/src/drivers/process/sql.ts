/**
 * Statements over one connection each batch, so that an engine needs no client program on the machine.
 *
 * The client library is loaded when the first statement is run: few hubs have such an engine. Everything that it would
 * take from the environment is given here.
 */
import type { Client } from 'pg'

export interface SqlBatch {
  database: string
  statements: readonly { when?: string; run: string }[]
}

export interface SqlCall {
  host: string
  port: number
  login: { username: string; password: string }
  batches: readonly SqlBatch[]
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** The engine answered, and refused. Its message never quotes the statement, which may hold a password. */
export class SqlError extends Error {
  /** SQLSTATE, five characters. */
  readonly state: string

  constructor(message: string, state: string) {
    super(message)
    this.name = 'SqlError'
    this.state = state
  }

  /** Whether it was this login that it refused: unknown, locked, or without a right to the database. */
  get refusesLogin(): boolean {
    return this.state.startsWith('28') || this.state === '42501' || this.state === '3D000'
  }
}

/** One batch after the other, each on a connection of its own; a statement whose `when` finds no row is left out. */
export async function callSql(call: SqlCall): Promise<void> {
  const { default: pg } = await import('pg')
  for (const batch of call.batches) {
    call.signal?.throwIfAborted()
    const client = new pg.Client({
      host: call.host,
      port: call.port,
      user: call.login.username,
      password: call.login.password,
      database: batch.database,
      ssl: false,
      application_name: 'larder',
      connectionTimeoutMillis: call.timeoutMs,
      query_timeout: call.timeoutMs,
      statement_timeout: call.timeoutMs,
    })
    await onConnection(client, batch, call.signal).catch((error: unknown) => {
      call.signal?.throwIfAborted()
      throw error instanceof pg.DatabaseError ? new SqlError(error.message, error.code ?? '') : error
    })
  }
}

async function onConnection(client: Client, batch: SqlBatch, signal: AbortSignal | undefined): Promise<void> {
  // A connection that breaks rejects what is under way; without a listener it would end the process as well.
  client.on('error', () => {})
  // Not by `client.end()`: one that is ended while it connects never says so, and all that wait in line would wait for ever.
  const cut = (): void => void client.connection.stream.destroy()
  signal?.addEventListener('abort', cut, { once: true })
  try {
    await client.connect()
    for (const { when, run } of batch.statements) {
      if (when !== undefined && (await client.query(when)).rows.length === 0) continue
      await client.query(run)
    }
  } finally {
    signal?.removeEventListener('abort', cut)
    await client.end()
  }
}
