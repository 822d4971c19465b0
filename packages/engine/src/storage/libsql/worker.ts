/**
 * The writer thread. Takes everything that has queued while the last commit ran and commits it as one transaction: the
 * more wait, the more share one fsync. Single-minded on purpose: it decides nothing, so it needs to know nothing.
 */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { openDatabase } from './database.ts'
import {
  PROTOCOL,
  type AppendMessage,
  type CloseMessage,
  type CompactMessage,
  type WriterOptions,
  type WriterReply,
  type WriterRequest,
} from './messages.ts'

const { file, protocol } = workerData as WriterOptions
if (protocol !== PROTOCOL) throw new Error('the compiled writer thread is not of these sources; run `npm run build`')

const port = parentPort as MessagePort
const database = openDatabase(file)
const insert = database.prepare(
  'INSERT INTO log (revision, key, previous, deleted, idx, value) VALUES (?, ?, ?, ?, ?, ?)',
)
const remove = database.prepare('DELETE FROM log WHERE revision = ?')
const noteTicket = database.prepare("INSERT OR REPLACE INTO meta VALUES ('checkpoint', ?)")
const noteCompaction = database.prepare("UPDATE meta SET value = ? WHERE name = 'compacted'")
/** The epoch whose writes failed. */
let failedEpoch = -1

function reply(message: WriterReply): void {
  port.postMessage(message)
}

port.on('message', (first: WriterRequest) => {
  const requests = [first]
  for (;;) {
    const next: { message: WriterRequest } | undefined = receiveMessageOnPort(port)
    if (!next) break
    requests.push(next.message)
  }
  const appends = requests.filter(
    (request) => request.type === 'append' && request.epoch > failedEpoch,
  ) as AppendMessage[]
  const compactions = requests.filter((request) => request.type === 'compact')
  if (appends.length + compactions.length > 0) commit(appends, compactions)
  const last = requests.find((request) => request.type === 'close')
  if (last) close(last)
})

function commit(appends: readonly AppendMessage[], compactions: readonly CompactMessage[]): void {
  try {
    database.exec('BEGIN IMMEDIATE')
    for (const message of appends) insertAll(message)
    for (const message of compactions) removeAll(message)
    database.exec('COMMIT')
  } catch (error) {
    // SQLite has rolled back by itself after most errors.
    if (database.inTransaction) database.exec('ROLLBACK')
    const epoch = appends[0]?.epoch
    if (epoch !== undefined) failedEpoch = epoch
    const { code = 'unknown', message } = error as Error & { code?: string }
    reply({ type: 'failed', code, message, failed: { epoch, compaction: compactions.length > 0 } })
    return
  }
  const through = appends.at(-1)?.revisions.at(-1)
  if (through !== undefined) reply({ type: 'committed', through })
  for (const _ of compactions) reply({ type: 'compacted' })
}

function insertAll({ keys, revisions, previous, deleted, indexes, lengths, values }: AppendMessage): void {
  let from = 0
  for (const [i, key] of keys.entries()) {
    const to = from + lengths[i]!
    // A lone Buffer argument would abort the process; inside an array it is bound as a blob.
    insert.run([revisions[i], key, previous[i], deleted[i] ? 1 : 0, indexes[i], values.subarray(from, to)])
    from = to
  }
}

function removeAll({ through, superseded }: CompactMessage): void {
  for (const revision of superseded) remove.run([revision])
  noteCompaction.run([through])
}

function close({ ticket }: CloseMessage): void {
  const unnoted = ticket === undefined ? undefined : note(ticket)
  database.close()
  reply({ type: 'closed', unnoted })
  port.close()
}

/** Returns why it could not. */
function note(ticket: number): string | undefined {
  try {
    noteTicket.run([ticket])
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

reply({ type: 'ready' })
