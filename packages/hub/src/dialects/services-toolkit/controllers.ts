import type { Controller } from '@larder/engine/runtime/controller'
import type { DoorContext } from '../../door.ts'

export function stkControllers(_context: DoorContext): readonly Controller[] {
  return []
}
