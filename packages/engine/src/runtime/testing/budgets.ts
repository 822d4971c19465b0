/**
 * The kind that controller tests reconcile: a built-in one with generation, a status of its own and metav1 conditions, so that
 * these tests need nothing of custom resources.
 */
import { secretType, type Condition } from '../../client/builtin.ts'
import type { Client } from '../../client/client.ts'
import type { ResourceType } from '../../client/types.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { ownersOf, watching } from '../controller.ts'

export interface Budget extends KubeObject {
  readonly spec: { readonly minAvailable?: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    readonly currentHealthy?: number
    readonly disruptedPods?: Readonly<Record<string, string>>
  }
}

export const budgetType: ResourceType<Budget> = {
  group: 'policy',
  version: 'v1',
  resource: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
}

export function createBudget(client: Client, name: string, minAvailable = 1): Promise<Budget> {
  return client.of(budgetType).create({ metadata: { name, namespace: 'default' }, spec: { minAvailable } })
}

export const watchSecrets = watching(secretType, (secret) => ownersOf(secret, budgetType))

/** `Ready=False Waiting "for it"`, sorted by type. */
export function conditionsOf(budget: Budget | undefined): readonly string[] {
  return (budget?.status?.conditions ?? [])
    .map(({ type, status, reason, message }) => `${type}=${status} ${reason}${message && ` "${message}"`}`)
    .toSorted()
}
