/** The controllers that a kube-controller-manager would otherwise bring, as far as clients notice their absence. */
import { startDefaultObjects } from './default-objects.ts'
import { startEventExpiry } from './event-expiry.ts'
import { startNamespaceDeletion, type BuiltinController, type ControllerContext } from './namespaces.ts'
import { startRoleAggregation } from './role-aggregation.ts'

export function startBuiltinControllers(
  context: ControllerContext,
  caCertificate: string | undefined,
): BuiltinController {
  const controllers = [
    startNamespaceDeletion(context),
    startDefaultObjects(context, caCertificate),
    startEventExpiry(context),
    startRoleAggregation(context),
  ]
  return {
    idle: async () => void (await Promise.all(controllers.map((controller) => controller.idle()))),
    close: async () => void (await Promise.all(controllers.map((controller) => controller.close()))),
  }
}
