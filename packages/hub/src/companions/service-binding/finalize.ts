/** A binding that is deleted leaves every workload first. */
import { namespaceType } from '@larder/engine/client/builtin'
import { done, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { namespaceOf, type BindingPass, type Parts } from './parts.ts'
import { Trouble } from './trouble.ts'
import { leaveAll, workloadTypeOf } from './workloads.ts'

export const finalizeBinding =
  (parts: Parts) =>
  async (pass: BindingPass): Promise<Outcome> => {
    // The workloads go with it, and a right that is missing must not keep a namespace from going.
    const namespace = pass.cache(namespaceType).get(namespaceOf(pass.object))
    if (namespace?.metadata.deletionTimestamp !== undefined) return done
    const type = await workloadTypeOf(pass, parts)
    if (!type) return done
    try {
      await leaveAll(pass, parts, type)
      return done
    } catch (error) {
      if (!(error instanceof Trouble)) throw error
      return wait(error.reason, error.message, error.lookAgainMs)
    }
  }
