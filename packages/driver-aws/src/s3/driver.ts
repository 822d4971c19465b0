/**
 * One object in a bucket that exists: a template for others to use, a page, a configuration. Its content is in the recipe or in the parameters.
 *
 * Example: `object: {bucket: templates, key: '${origin.namespace}/queue.yaml', content: '${parameter.template}'}`. Whose an object is stands in its
 * metadata, which S3 tells with each look; one that is somebody else's is neither overwritten nor removed.
 *
 * Rejected: a stack with a custom resource for it, which needs a function and a role in the account before the first object.
 */
import type { Driver } from '@larder/kit'
import { CONFIG_SCHEMA } from '../account/config.ts'
import { lazySession } from '../lazy-session.ts'
import { OBJECT_RECIPE_SCHEMA } from './recipe.ts'

export function s3Driver(): Driver {
  return {
    name: 's3',
    configSchema: CONFIG_SCHEMA,
    recipeSchema: OBJECT_RECIPE_SCHEMA,
    traits: () => ({ credentials: 'per-instance', provisions: true, observes: 'truth' }),
    connect: (backend) =>
      lazySession(async () => {
        const { objectSession } = await import('./session.ts')
        return objectSession(backend)
      }),
  }
}
