import type { JsonObject } from '../../base/json.ts'
import { unsupportedMediaType } from '../../machinery/status.ts'
import type { Resources } from '../api.ts'

export function decodeProtobuf(_bytes: Buffer, _resources: Resources): JsonObject {
  throw unsupportedMediaType(['application/json', 'application/yaml'])
}

export function protobufDeleteOptions(_bytes: Buffer): JsonObject {
  throw unsupportedMediaType(['application/json', 'application/yaml'])
}
