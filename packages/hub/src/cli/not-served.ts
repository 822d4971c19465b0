/** The difference between an object that is not there and an API that knows no such kind. */
import { isApiError } from '@larder/engine/machinery/status'
import { bindingType } from '../model/projection/service-binding.ts'
import { CommandFailed, EXIT } from './failure.ts'

/** Of a name that is not there the API says the name, of a kind that it does not know nothing. */
export const isNotServed = (error: unknown): boolean =>
  isApiError(error, 'NotFound') && error.details?.name === undefined

/** Runs `work`; where the API does not know its kinds, says so and which door of a hub brings them. */
export async function whereServed<T>(what: string, door: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isNotServed(error)) throw error
    throw new CommandFailed(EXIT.notFound, `this API serves no ${what}`, {
      why: `no hub there serves door ${door}`,
      next: `larder up serves it; on a cluster: larder install --doors ${door}`,
      cause: error,
    })
  }
}

export const whereBindingsServed = <T>(work: () => Promise<T>): Promise<T> =>
  whereServed(`ServiceBindings (${bindingType.group})`, 'service-binding', work)
