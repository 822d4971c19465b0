/**
 * Any template of CloudFormation as a service: the recipe of a Class is the template, a claim makes a stack of it.
 *
 * Example: with `parameters: {QueueName: '${instance.name}', Delay: '${parameter.delay?}'}` and `binding: {url: '${output.QueueURL}'}` a claim gets a
 * queue and a Secret with its address. A change is made as a change set, so that what would be replaced or removed is known before anybody
 * agrees to it (change-set.ts). All who bind get the same values: a stack has outputs, no users.
 *
 * Rejected: the SDK's waiters, which lose their wait with the process and ask at one pace for a queue and for a database; to learn of progress by SNS
 * and SQS as the AWS Service Operator did, which made its users create a topic and a queue before the first stack, and a lost message lost the stack.
 */
import type { Driver } from '@larder/kit'
import { CONFIG_SCHEMA } from '../account/config.ts'
import { lazySession } from '../lazy-session.ts'
import { lookoutOf } from '../lookout.ts'
import { STACK_RECIPE_SCHEMA } from './recipe.ts'

export function cloudformationDriver(): Driver {
  return {
    name: 'cloudformation',
    configSchema: CONFIG_SCHEMA,
    recipeSchema: STACK_RECIPE_SCHEMA,
    traits: () => ({ credentials: 'per-instance', provisions: true, observes: 'truth' }),
    connect(backend, host) {
      const lookout = lookoutOf(backend.config)
      const session = lazySession(async () => {
        const { stackSession } = await import('./session.ts')
        return stackSession(backend, host, lookout)
      })
      return { ...session, watch: (changed, signal) => lookout.watch(changed, signal) }
    },
  }
}
