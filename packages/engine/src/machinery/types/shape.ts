/** The Shape of a built-in kind: everything from the type table. */
import { formatApiVersion } from '../object.ts'
import { strategicMerge } from '../patch/strategic.ts'
import { printerOf } from '../printers.ts'
import type { Kind, Shape } from '../shape.ts'
import { mergeSchemaOf } from './merging.ts'
import { normalizeStructure } from './normalize.ts'
import { componentsOfKind } from './openapi.ts'
import { ownershipOf } from './ownership.ts'
import { decodeProtobufOf } from './protobuf.ts'
import { foldStringData } from './string-data.ts'
import { componentName } from './types.ts'
import { validateStructure } from './validate.ts'

/** `typeName` is the kind's type in the table: `core.v1.Pod`. */
export function builtinShape(kind: Kind, typeName: string): Shape {
  const identity = { apiVersion: formatApiVersion(kind.group, kind.version), kind: kind.kind }
  const printer = printerOf(kind.group, kind.version, kind.kind)
  return {
    normalize(object) {
      const result = normalizeStructure(typeName, typeName === 'core.v1.Secret' ? foldStringData(object) : object)
      return { ...result, object: { ...identity, ...result.object, ...identity } }
    },
    validate: (object, old) => validateStructure(typeName, object, old),
    strategicMerge: (current, patch) => strategicMerge(current, patch, mergeSchemaOf(typeName)),
    decodeProtobuf: (message) => ({ ...identity, ...decodeProtobufOf(typeName, message) }),
    ownership: () => ownershipOf(typeName),
    columns: printer.columns,
    row: printer.row,
    schemaName: componentName(typeName),
    schemas: () => componentsOfKind(typeName, kind),
  }
}
