import { routeNotFound } from '../../machinery/status.ts'
import type { Resources } from '../api.ts'
import type { Request } from './resources.ts'

export type HandleOpenApi = (request: Request, rest: readonly string[]) => Promise<void>

export function createOpenApi(_resources: Resources): HandleOpenApi {
  return async () => {
    throw routeNotFound()
  }
}
