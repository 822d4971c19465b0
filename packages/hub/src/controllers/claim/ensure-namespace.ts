import { namespaceType } from '@larder/engine/client/builtin'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'

export async function ensureNamespace(pass: Pass<Claim>, name: string): Promise<void> {
  if (pass.cache(namespaceType).get(name)) return
  await pass.client
    .of(namespaceType)
    .create({ metadata: { name } })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
}
