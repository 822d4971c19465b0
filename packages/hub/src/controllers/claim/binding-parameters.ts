import type { Pass } from '@larder/engine/runtime/pass'
import type { Claim } from '../../model/claim.ts'
import type { HubContext } from '../context.ts'
import { placeSecrets, type Placed } from './secret-parameters.ts'

/** What the backend is told when it makes credentials. Throws `Stalled` when a Secret is not there. */
export const bindingParameters = (pass: Pass<Claim>): Placed => {
  const { parameters = {}, parametersFrom = [] } = pass.object.spec.binding ?? {}
  return placeSecrets(pass, parameters, parametersFrom, 'spec.binding.parametersFrom')
}

export const hasBindingParameters = ({ spec }: Claim): boolean =>
  spec.binding?.parameters !== undefined || spec.binding?.parametersFrom !== undefined

/** By which other parameters are known; undefined when there are none. */
export async function bindingHash(pass: Pass<Claim>, { fingerprint }: HubContext): Promise<string | undefined> {
  return hasBindingParameters(pass.object) ? fingerprint(bindingParameters(pass).parameters) : undefined
}
