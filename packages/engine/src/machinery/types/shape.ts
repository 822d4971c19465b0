/** The Shape of a built-in kind: everything from the type table. */
import { isObject, type JsonObject } from '../../base/json.ts'
import { formatApiVersion } from '../object.ts'
import { strategicMerge } from '../patch/strategic.ts'
import type { Kind, Shape } from '../shape.ts'
import { foldStringData } from './string-data.ts'
import { mergeSchemaOf } from './merging.ts'
import { normalizeStructure } from './normalize.ts'
import { decodeProtobufOf } from './protobuf.ts'
import { componentName } from './types.ts'
import { validateStructure } from './validate.ts'

const COLUMNS: Shape['columns'] = [
  { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', priority: 0 },
  { name: 'Created At', type: 'date', format: '', description: 'When the object was created.', priority: 0 },
]

export function builtinShape(kind: Kind, typeName: string): Shape {
  const apiVersion = formatApiVersion(kind.group, kind.version)
  return {
    normalize(object) {
      const result = normalizeStructure(typeName, typeName === 'core.v1.Secret' ? foldStringData(object) : object)
      const identity = { apiVersion, kind: kind.kind }
      return { ...result, object: { ...identity, ...result.object, ...identity } }
    },
    validate: (object, old) => validateStructure(typeName, object, old),
    strategicMerge: (current, patch) => strategicMerge(current, patch, mergeSchemaOf(typeName)),
    decodeProtobuf: (message) => ({ apiVersion, kind: kind.kind, ...decodeProtobufOf(typeName, message) }),
    columns: COLUMNS,
    row: (object) => [nameOf(object), createdOf(object)],
    schemaName: componentName(typeName),
    schemas: () => ({}),
  }
}

function nameOf(object: JsonObject): string {
  return isObject(object['metadata']) ? String(object['metadata']['name'] ?? '') : ''
}

function createdOf(object: JsonObject): string | null {
  const created = isObject(object['metadata']) ? object['metadata']['creationTimestamp'] : undefined
  return typeof created === 'string' ? created : null
}
