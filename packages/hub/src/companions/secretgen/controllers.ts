import type { Controller } from '@larder/engine/runtime/controller'
import type { DoorContext } from '../../door.ts'
import { generatingControllers } from './generating/controllers.ts'
import { sharingControllers } from './sharing/controllers.ts'
import { secretTemplateController } from './template/controller.ts'

export function secretgenControllers(context: DoorContext): readonly Controller[] {
  return [...generatingControllers(context), secretTemplateController(context), ...sharingControllers()]
}
