import type { Controller } from '@larder/engine/runtime/controller'
import type { DoorContext } from '../../door.ts'
import { classClaimControllers } from './class-claim/controller.ts'
import { instanceClassController } from './instance-classes/controller.ts'
import { resourceClaimPolicyController } from './policies/controller.ts'
import { resourceClaimController } from './resource-claims/controller.ts'

export function stkControllers(context: DoorContext): readonly Controller[] {
  return [
    instanceClassController(context),
    resourceClaimPolicyController(context),
    resourceClaimController(),
    ...classClaimControllers(context),
  ]
}
