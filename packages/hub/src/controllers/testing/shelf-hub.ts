/** A hub at work over one backend, `shelf`, and what stands on that. */
import type { Backend } from '../../model/backend.ts'
import { testHub, type TestHub, type TestHubOptions } from './hub.ts'
import { Shelf, shelfDriver } from './shelf-driver.ts'

export interface ShelfHub {
  readonly hub: TestHub
  readonly shelf: Shelf
}

/** `backend` is its spec, but for the driver; `shelf` one that does something else than others, from the first look at it. */
export async function shelfHub(
  backend: Partial<Backend['spec']> = {},
  { shelf = new Shelf(), ...options }: Omit<TestHubOptions, 'drivers'> & { readonly shelf?: Shelf } = {},
): Promise<ShelfHub> {
  const hub = await testHub({ ...options, drivers: [shelfDriver(shelf)] })
  await hub.start()
  await hub.backend('shelf', backend)
  return { hub, shelf }
}
