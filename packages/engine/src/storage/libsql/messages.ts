/** What the main thread and the writer thread say to each other. */

/** Writes to commit, column by column: one message and one transferred buffer, however many they are. */
export interface AppendMessage {
  readonly type: 'append'
  /** Raised after each failure. Messages of an earlier epoch were decided on top of what failed, and are dropped. */
  readonly epoch: number
  readonly keys: readonly string[]
  readonly revisions: readonly number[]
  readonly previous: readonly number[]
  readonly deleted: readonly boolean[]
  /** JSON of each index. */
  readonly indexes: readonly string[]
  readonly lengths: readonly number[]
  /** The documents, one behind the other. */
  readonly values: Uint8Array
}

export interface CompactMessage {
  readonly type: 'compact'
  readonly through: number
  readonly superseded: readonly number[]
}

export interface CloseMessage {
  readonly type: 'close'
  /** Of the checkpoint that fits what is written now; noted by the last commit. */
  readonly ticket: number | undefined
}

export type WriterRequest = AppendMessage | CompactMessage | CloseMessage

export type WriterReply =
  | { readonly type: 'ready' }
  | { readonly type: 'committed'; readonly through: number }
  | { readonly type: 'compacted' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly failed: FailedWork }
  /** `unnoted`: why the ticket could not be noted. */
  | { readonly type: 'closed'; readonly unnoted: string | undefined }

export interface FailedWork {
  /** Undefined when the commit held no writes. */
  readonly epoch: number | undefined
  readonly compaction: boolean
}

export interface WriterOptions {
  readonly file: string
  /** Of the compiled worker; the sources refuse a worker that was compiled from other ones. */
  readonly protocol: number
}

/** Raise it with each change of this file. */
export const PROTOCOL = 2
