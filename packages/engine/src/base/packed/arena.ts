/**
 * Records of bytes outside the JavaScript heap, each in a numbered slot.
 *
 * What lies here costs its bytes, two hands full of others, and no time of the garbage collector: a heap of small objects costs half
 * as much again for what is dead and not yet collected, and each is visited again in each collection. Records lie one behind the
 * other in chunks; a record that is replaced by a longer one or deleted leaves a hole, and a chunk that is mostly holes is emptied into
 * the newest one. So a step never moves more than a chunk, and at most a third is holes.
 *
 * Rejected: a Buffer for each record (100 bytes on the heap, and slabs of 8 KB that one living record keeps).
 */
const CHUNK_BYTES = 128 * 1024
/** Larger records have a chunk of their own. */
const MAX_SHARED_BYTES = 16 * 1024
/** Of each record: its slot, and its room in units. */
const HEADER_BYTES = 6
/** Records begin at multiples of this, so that an address fits 32 bits until 16 GB are held. */
const UNIT = 4
const UNITS_OF_CHUNK = CHUNK_BYTES / UNIT
/** A chunk of which less than this part lives is emptied. */
const MIN_LIVING = 0.67

/** In place of an address. */
const EMPTY = 0xffff_ffff
const FREE = 0xffff_fffe

interface Chunk {
  readonly buffer: Buffer
  /** Holds many records; the others hold one large one. */
  readonly shared: boolean
  /** Bytes from the start that records were put into. */
  used: number
  /** Bytes of records that are still there. */
  living: number
}

/** An arena as plain data. Its bytes are those of the arena itself: write it away before the arena changes again. */
export interface ArenaState {
  readonly addresses: Uint32Array
  readonly freeSlots: Uint32Array
  readonly chunks: readonly (ChunkState | undefined)[]
  readonly freeChunks: readonly number[]
  readonly current: number
  readonly hasSpare: boolean
}

interface ChunkState {
  readonly bytes: Uint8Array
  readonly shared: boolean
  readonly living: number
}

const FIRST_SLOTS = 64

export class Arena {
  #addresses = new Uint32Array(FIRST_SLOTS)
  #slots = 0
  #freeSlots: number[] = []
  readonly #chunks: (Chunk | undefined)[] = []
  #freeChunks: number[] = []
  #current = -1
  #spare: Buffer | undefined

  /** Copies all bytes, each chunk for itself: as a view it would keep alive whatever its state was read from. */
  static restored(state: ArenaState): Arena {
    const arena = new Arena()
    arena.#slots = state.addresses.length
    arena.#addresses = new Uint32Array(Math.max(FIRST_SLOTS, arena.#slots))
    arena.#addresses.set(state.addresses)
    arena.#freeSlots = [...state.freeSlots]
    for (const chunk of state.chunks) arena.#chunks.push(chunk && restoredChunk(chunk))
    arena.#freeChunks = [...state.freeChunks]
    arena.#current = state.current
    if (state.hasSpare) arena.#spare = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    return arena
  }

  save(): ArenaState {
    return {
      addresses: this.#addresses.subarray(0, this.#slots),
      freeSlots: Uint32Array.from(this.#freeSlots),
      chunks: this.#chunks.map((chunk) => chunk && savedChunk(chunk)),
      freeChunks: this.#freeChunks,
      current: this.#current,
      hasSpare: this.#spare !== undefined,
    }
  }

  /** Slots are below this; not all of them are in use. */
  get end(): number {
    return this.#slots
  }

  /** Bytes that are held, holes included. */
  get heldBytes(): number {
    let bytes = this.#spare?.length ?? 0
    for (const chunk of this.#chunks) bytes += chunk?.buffer.length ?? 0
    return bytes
  }

  isTaken(slot: number): boolean {
    return slot < this.#slots && this.#addresses[slot] !== FREE
  }

  /** A slot without a record. */
  take(): number {
    const slot = this.#freeSlots.pop() ?? this.#slots++
    if (slot >= this.#addresses.length) {
      const larger = new Uint32Array(Math.ceil(this.#addresses.length * 1.5))
      larger.set(this.#addresses)
      this.#addresses = larger
    }
    this.#addresses[slot] = EMPTY
    return slot
  }

  release(slot: number): void {
    this.clear(slot)
    this.#addresses[slot] = FREE
    this.#freeSlots.push(slot)
  }

  has(slot: number): boolean {
    return this.#addresses[slot]! < FREE
  }

  /** Puts the first `length` bytes into the slot, in place of what is there. */
  set(slot: number, bytes: Buffer, length: number): void {
    const room = roomFor(length)
    const address = this.#addresses[slot]!
    if (address < FREE) {
      const { buffer, shared } = this.#chunkAt(address)
      const at = offsetOf(address)
      if (shared && readRoom(buffer, at) === room) {
        bytes.copy(buffer, at + HEADER_BYTES, 0, length)
        return
      }
      this.clear(slot)
    }
    const to = room > MAX_SHARED_BYTES ? this.#ownChunk(room) : this.#place(room)
    const { buffer } = this.#chunkAt(to)
    const at = offsetOf(to)
    buffer.writeUInt32LE(slot, at)
    buffer.writeUInt16LE(room > MAX_SHARED_BYTES ? 0 : room / UNIT, at + 4)
    bytes.copy(buffer, at + HEADER_BYTES, 0, length)
    this.#addresses[slot] = to
  }

  /** Takes the record out of the slot. */
  clear(slot: number): void {
    const address = this.#addresses[slot]!
    if (address >= FREE) return
    this.#addresses[slot] = EMPTY
    const index = indexOf(address)
    const chunk = this.#chunks[index]!
    if (!chunk.shared) return this.#drop(index)
    chunk.living -= readRoom(chunk.buffer, offsetOf(address))
    if (index !== this.#current && chunk.living < chunk.used * MIN_LIVING) this.#empty(index)
  }

  /** Where the record lies until the next change: in this buffer, from `start` on. */
  bufferOf(slot: number): Buffer {
    return this.#chunkAt(this.#addresses[slot]!).buffer
  }

  startOf(slot: number): number {
    return offsetOf(this.#addresses[slot]!) + HEADER_BYTES
  }

  /** Whether these bytes stand somewhere in the record. May say yes of a large one that has them not. */
  mayHave(slot: number, bytes: Buffer): boolean {
    const { buffer, shared } = this.#chunkAt(this.#addresses[slot]!)
    if (!shared) return true
    const start = this.startOf(slot)
    const last = start - HEADER_BYTES + readRoom(buffer, start - HEADER_BYTES) - bytes.length
    for (let at = start; at <= last; at++) {
      let same = 0
      while (same < bytes.length && buffer[at + same] === bytes[same]) same++
      if (same === bytes.length) return true
    }
    return false
  }

  #chunkAt(address: number): Chunk {
    return this.#chunks[indexOf(address)]!
  }

  #place(room: number): number {
    const chunk = this.#chunks[this.#current]
    if (!chunk || chunk.used + room > CHUNK_BYTES) {
      const full = this.#current
      this.#current = this.#add(this.#spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES), true)
      this.#spare = undefined
      if (chunk && chunk.living < chunk.used * MIN_LIVING) this.#empty(full)
      return this.#place(room)
    }
    const address = this.#current * UNITS_OF_CHUNK + chunk.used / UNIT
    chunk.used += room
    chunk.living += room
    return address
  }

  #ownChunk(room: number): number {
    return this.#add(Buffer.allocUnsafeSlow(room), false) * UNITS_OF_CHUNK
  }

  #add(buffer: Buffer, shared: boolean): number {
    const index = this.#freeChunks.pop() ?? this.#chunks.length
    this.#chunks[index] = { buffer, shared, used: 0, living: 0 }
    return index
  }

  #drop(index: number): void {
    const { buffer, shared } = this.#chunks[index]!
    if (shared) this.#spare ??= buffer
    this.#chunks[index] = undefined
    this.#freeChunks.push(index)
  }

  /** Moves what lives in a chunk to the newest one. */
  #empty(index: number): void {
    const { buffer, used } = this.#chunks[index]!
    for (let at = 0; at < used;) {
      const slot = buffer.readUInt32LE(at)
      const room = readRoom(buffer, at)
      if (this.#addresses[slot] === index * UNITS_OF_CHUNK + at / UNIT) {
        const to = this.#place(room)
        buffer.copy(this.#chunkAt(to).buffer, offsetOf(to), at, at + room)
        this.#addresses[slot] = to
      }
      at += room
    }
    this.#drop(index)
  }
}

function savedChunk({ buffer, shared, used, living }: Chunk): ChunkState {
  return { bytes: shared ? buffer.subarray(0, used) : buffer, shared, living }
}

function restoredChunk({ bytes, shared, living }: ChunkState): Chunk {
  const buffer = Buffer.allocUnsafeSlow(shared ? CHUNK_BYTES : bytes.length)
  buffer.set(bytes)
  return { buffer, shared, used: shared ? bytes.length : 0, living }
}

const indexOf = (address: number): number => Math.floor(address / UNITS_OF_CHUNK)
const offsetOf = (address: number): number => (address % UNITS_OF_CHUNK) * UNIT
const roomFor = (length: number): number => Math.ceil((length + HEADER_BYTES) / UNIT) * UNIT
const readRoom = (buffer: Buffer, at: number): number => buffer.readUInt16LE(at + 4) * UNIT
