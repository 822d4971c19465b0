/** One short conversation with an engine that speaks in text: something is said, and the answer is one of two. */
import { connect } from 'node:net'

export interface Talk {
  host: string
  port: number
  send: string
  accepts: RegExp
  refuses: RegExp
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/**
 * Whether the engine accepts. That it hangs up without a word is a refusal, too.
 * @throws when it cannot be reached or says neither: that tells nothing.
 */
export function accepts(talk: Talk): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: talk.host, port: talk.port, noDelay: true })
    let said = ''
    const end = (settle: () => void): void => {
      talk.signal?.removeEventListener('abort', aborted)
      socket.destroy()
      settle()
    }
    const aborted = (): void => end(() => reject(talk.signal?.reason))
    if (talk.signal?.aborted) return aborted()
    talk.signal?.addEventListener('abort', aborted)
    socket.setTimeout(talk.timeoutMs, () => end(() => reject(new Error(`no answer within ${talk.timeoutMs} ms`))))
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('close', () => end(() => resolve(false)))
    socket.on('connect', () => socket.write(talk.send))
    socket.on('data', (chunk) => {
      // A login takes a few lines; what goes on for longer is not one.
      said = (said + chunk.toString('utf8')).slice(-16_384)
      if (talk.refuses.test(said)) end(() => resolve(false))
      else if (talk.accepts.test(said)) end(() => resolve(true))
    })
  })
}
