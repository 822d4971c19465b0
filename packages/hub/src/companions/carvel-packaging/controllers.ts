import type { Controller } from '@larder/engine/runtime/controller'
import type { DoorContext } from '../../door.ts'
import { appController } from './app/controller.ts'
import { createPuller } from './fetch/images.ts'
import type { NamedRegistries } from './fetch/reach.ts'
import { installController } from './install/controller.ts'
import { repositoryController } from './repository/controller.ts'

export function packagingControllers(context: DoorContext, registries: NamedRegistries): readonly Controller[] {
  const images = createPuller(registries)
  return [repositoryController(context, images), installController(), appController(context, images)]
}
