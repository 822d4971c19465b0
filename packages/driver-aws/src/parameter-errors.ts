import { isDriverError } from '@larder/kit'
import type { FieldError } from '@larder/kit'

/**
 * What is wrong with the parameters, for a plan. A Class is tried with none before anybody claims it, and that some are missing says nothing against it; what
 * is wrong with the recipe is thrown on.
 */
export function parameterErrors(error: unknown): FieldError[] {
  const { path } = isDriverError(error) && error.code === 'invalid' ? error : { path: undefined }
  if (!isDriverError(error) || path === undefined || !/^parameters\b/.test(path)) throw error
  return [{ path, reason: 'invalid', message: error.message }]
}
