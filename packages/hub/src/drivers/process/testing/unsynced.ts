import type { Json } from '@larder/kit'
import { postgresRecipe } from '../../../samples/postgres.ts'

const {
  prepare,
  arguments: given,
  ...rest
} = postgresRecipe as {
  readonly [field: string]: Json
  readonly prepare: readonly { readonly command: readonly string[] }[]
  readonly arguments: readonly string[]
}

/** The sample, without waiting for the disk: on a busy machine that is most of the time of a test. */
export const unsyncedPostgres: Json = {
  ...rest,
  prepare: prepare.map((step) => ('makes' in step ? { ...step, command: [...step.command, '--no-sync'] } : step)),
  arguments: [...given, '-c', 'fsync=off'],
}
