/** The Shape of a built-in kind: everything from the type table. */
import { formatApiVersion } from '../object.ts'
import { strategicMerge } from '../patch/strategic.ts'
import { printerOf } from '../printers.ts'
import type { Kind, Shape } from '../shape.ts'
import { foldStringData } from './string-data.ts'
import { mergeSchemaOf } from './merging.ts'
import { normalizeStructure } from './normalize.ts'
import { decodeProtobufOf } from './protobuf.ts'
import { componentName } from './types.ts'
import { validateStructure } from './validate.ts'

export function builtinShape(kind: Kind, typeName: string): Shape {
  const apiVersion = formatApiVersion(kind.group, kind.version)
  const printer = printerOf(kind.group, kind.version, kind.kind)
  return {
    normalize(object) {
      const result = normalizeStructure(typeName, typeName === 'core.v1.Secret' ? foldStringData(object) : object)
      const identity = { apiVersion, kind: kind.kind }
      return { ...result, object: { ...identity, ...result.object, ...identity } }
    },
    validate: (object, old) => validateStructure(typeName, object, old),
    strategicMerge: (current, patch) => strategicMerge(current, patch, mergeSchemaOf(typeName)),
    decodeProtobuf: (message) => ({ apiVersion, kind: kind.kind, ...decodeProtobufOf(typeName, message) }),
    columns: printer.columns,
    row: printer.row,
    schemaName: componentName(typeName),
    schemas: () => ({}),
  }
}
