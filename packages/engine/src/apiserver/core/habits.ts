/** What single kinds do differently, found by where they are kept. Everything else is said by Resource and Shape. */
import type { JsonObject } from '../../base/json.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Core } from './core.ts'
import { customResourceDefinitions } from './habits/custom-resource-definitions.ts'
import { namespaces } from './habits/namespaces.ts'
import { pods } from './habits/pods.ts'
import { validatingAdmissionPolicies } from './habits/validating-admission-policies.ts'
import { validatingWebhooks } from './habits/validating-webhooks.ts'
import {
  collectionOf,
  CUSTOM_RESOURCE_DEFINITIONS,
  NAMESPACES,
  PODS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_WEBHOOKS,
} from './keys.ts'

export interface Habits {
  /** All writers of the kind take turns, not only those of one object: they look at each other. */
  readonly oneWriter?: boolean
  /** Deleting marks, and creating inside waits for nobody: see `Core.closing`. */
  readonly contains?: boolean
  /** Completes an object that is being created; it is normalized before and validated after. Throws ApiError. */
  create?(object: JsonObject, core: Core): JsonObject | Promise<JsonObject>
  /** Completes an update of the main resource or of a subresource. */
  update?(
    object: JsonObject,
    old: JsonObject,
    subresource: string | undefined,
    core: Core,
  ): JsonObject | Promise<JsonObject>
  /** Changes the object when its deletion begins. */
  mark?(object: JsonObject, core: Core): JsonObject
  /** Why a deletion is refused. Throws ApiError. */
  refuseDeletion?(name: string): void
  /** Whether something beyond metadata.finalizers keeps a deleted object. */
  isHeld?(object: JsonObject): boolean
}

const NONE: Habits = {}

export function habitsOf(resource: Resource): Habits {
  switch (collectionOf(resource)) {
    case NAMESPACES:
      return namespaces
    case PODS:
      return pods
    case CUSTOM_RESOURCE_DEFINITIONS:
      return customResourceDefinitions
    case VALIDATING_ADMISSION_POLICIES:
      return validatingAdmissionPolicies
    case VALIDATING_WEBHOOKS:
      return validatingWebhooks
    default:
      return NONE
  }
}
