/**
 * Loaded into a real hub by `node --import`: kills it with SIGKILL in the place of a write. The file that LARDER_TEST_DEATH names says which:
 * `3` is the third from then on, `Infinity` none. All before it are on disk, that one and what follows are not, and nobody was told otherwise.
 */
import { existsSync, readFileSync, unlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const plan = process.env.LARDER_TEST_DEATH ?? ''
/** What was handed to the thread that writes is on disk by then. */
const COMMITTED_MS = 50

const postMessage = Reflect.get(Worker.prototype, 'postMessage')
let left = Infinity
let isDying = false

/** Told and renewed at no fixed moment: no step of anything. */
const isBeside = (key) => /\/(events|leases)\//.test(key)

Worker.prototype.postMessage = function (message, ...rest) {
  if (message?.type === 'append') count(message)
  if (!isDying) Reflect.apply(postMessage, this, [message, ...rest])
}

function count({ keys }) {
  if (existsSync(plan)) {
    left = Number(readFileSync(plan, 'utf8'))
    unlinkSync(plan)
  }
  left -= keys.filter((key) => !isBeside(key)).length
  if (left > 0 || isDying) return
  isDying = true
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), COMMITTED_MS)
}
