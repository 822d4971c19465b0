/** Resource versions in requests: decimal numbers of the store's counter. */
import type { Clock } from '../../base/clock.ts'
import { ApiError, badRequest } from '../../machinery/status.ts'
import type { Store } from '../../storage/store.ts'

const DECIMAL = /^[0-9]{1,16}$/
/** How long a read waits for a revision that is still to come. Upstream's watch cache waits as long. */
const WAIT_MS = 3000

/** Undefined for none; 0 means "any". Throws ApiError 400. */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const revision = Number(text)
  if (!DECIMAL.test(text) || !Number.isSafeInteger(revision))
    throw badRequest(`Invalid resource version: ${JSON.stringify(text)}`)
  return revision
}

/** Resolves once the store has reached the revision; rejects with 504 when it does not in time. */
export async function waitForRevision(store: Store, clock: Clock, revision: number): Promise<void> {
  if (store.revision >= revision) return
  const reached = await new Promise<boolean>((resolve) => {
    const stopTimer = clock.after(WAIT_MS, () => settle(false))
    const stopWatch = store.watch({ prefix: '/', after: store.revision }, () => {
      if (store.revision >= revision) settle(true)
    })
    const settle = (result: boolean): void => {
      stopTimer()
      stopWatch()
      resolve(result)
    }
  })
  if (!reached) throw revisionTooLarge(revision, store.revision)
}

function revisionTooLarge(asked: number, current: number): ApiError {
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}
