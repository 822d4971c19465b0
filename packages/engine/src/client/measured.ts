/** Counts the requests of a client, under the names of client-go. */
import type { Clock } from '../base/clock.ts'
import { counter, histogram, type Instrument, type Meter } from '../base/meter.ts'
import type { Call, Transport } from '../machinery/call.ts'
import { isApiError } from '../machinery/status.ts'

const REQUESTS = counter('rest_client_requests_total', 'Requests to the Kubernetes API, by how they were answered.', [
  'code',
  'method',
  'host',
])
const DURATION = histogram('rest_client_request_duration_seconds', 'How long requests to the Kubernetes API took.', [
  'verb',
  'host',
])
export const CLIENT_INSTRUMENTS: readonly Instrument[] = [REQUESTS, DURATION]

const METHODS: Readonly<Record<Call['verb'], string>> = {
  get: 'GET',
  list: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
}

/** `host`: `in-process`, or host and port of the API. Watches and discovery are not counted. */
export function measuredTransport(transport: Transport, meter: Meter, clock: Clock, host: string): Transport {
  async function call(call: Call, signal?: AbortSignal) {
    const startedAt = clock.now()
    let code = '<error>'
    try {
      const answer = await transport.call(call, signal)
      code = call.verb === 'create' ? '201' : '200'
      return answer
    } catch (error) {
      if (isApiError(error)) code = String(error.code)
      throw error
    } finally {
      meter.add(REQUESTS, [code, METHODS[call.verb], host])
      meter.observe(DURATION, [METHODS[call.verb], host], (clock.now() - startedAt) / 1000)
    }
  }
  return {
    call,
    watch: (target, options, signal) => transport.watch(target, options, signal),
    raw: (path, signal) => transport.raw(path, signal),
    close: () => transport.close(),
  }
}
