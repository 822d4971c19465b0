import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { crdOf } from './kind.ts'
import { kinds } from './kinds.ts'

/** The CustomResourceDefinitions of all kinds. */
export const crds = (): readonly (JsonObject & KubeObject)[] => kinds.map((kind) => crdOf(kind))
