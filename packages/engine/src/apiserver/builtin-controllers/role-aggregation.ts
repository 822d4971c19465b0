/**
 * ClusterRoles with an `aggregationRule` have the rules of all ClusterRoles that its selectors name. So the author of a CRD
 * lets viewers see its objects with one labelled ClusterRole, without touching `view`.
 */
import { equalJson, type Json, type JsonObject } from '../../base/json.ts'
import { asJson } from '../../machinery/object.ts'
import { labelSelectorOf, type LabelSelector } from '../../machinery/selectors.ts'
import { isNotFound } from '../../machinery/status.ts'
import type { Entry } from '../../storage/store.ts'
import { KeyedWorker } from './keyed-worker.ts'
import type { BuiltinController, ControllerContext } from './namespaces.ts'

const GROUP = 'rbac.authorization.k8s.io'
const CLUSTER_ROLES = `/${GROUP}/clusterroles/`

export function startRoleAggregation(context: ControllerContext): BuiltinController {
  const { store } = context
  const worker = new KeyedWorker({ ...context, name: 'role-aggregation', work: () => aggregateAll(context) })
  const stop = store.watch({ prefix: CLUSTER_ROLES, after: store.revision }, () => worker.wake('all'))
  worker.wake('all')
  return {
    idle: () => worker.idle(),
    close: () => {
      stop()
      return worker.close()
    },
  }
}

/** Until nothing changes: an aggregated role may itself be part of another. */
async function aggregateAll(context: ControllerContext): Promise<void> {
  const { entries } = context.store.list({ prefix: CLUSTER_ROLES })
  for (const entry of entries) {
    const rule = asJson(entry.document.object)['aggregationRule'] as JsonObject | undefined
    if (rule) await aggregate(context, entry, rule, entries)
  }
}

async function aggregate(
  { call }: ControllerContext,
  { key, document }: Entry,
  rule: JsonObject,
  roles: readonly Entry[],
): Promise<void> {
  const selectors = ((rule['clusterRoleSelectors'] ?? []) as readonly object[]).map((one) => labelSelectorOf(one))
  const rules = rulesOf(roles.filter((role) => role.key !== key && selects(selectors, role)))
  if (equalJson(rules, asJson(document.object)['rules'] ?? [])) return
  const target = { group: GROUP, version: 'v1', resource: 'clusterroles', name: document.object.metadata.name }
  try {
    await call({ verb: 'patch', target, patchType: 'application/merge-patch+json', body: { rules } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function selects(selectors: readonly LabelSelector[], role: Entry): boolean {
  return selectors.some((selector) => selector.matches(role.index.labels))
}

/** In the order of the roles' names, each rule once. */
function rulesOf(roles: readonly Entry[]): readonly Json[] {
  const rules: Json[] = []
  for (const { document } of roles) {
    for (const rule of (asJson(document.object)['rules'] ?? []) as readonly Json[]) {
      if (!rules.some((known) => equalJson(known, rule))) rules.push(rule)
    }
  }
  return rules
}
