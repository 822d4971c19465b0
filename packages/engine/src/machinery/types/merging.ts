/** What strategic merge needs to know of the types of the table. */
import type { MergeField, MergeSchema } from '../patch/strategic.ts'
import { structure, type Field, type FieldType } from './types.ts'

const schemas = new Map<string, MergeSchema>()

export function mergeSchemaOf(typeName: string): MergeSchema {
  let schema = schemas.get(typeName)
  if (!schema) {
    schema = { field: (name) => mergeField(structure(typeName).byName.get(name)) }
    schemas.set(typeName, schema)
  }
  return schema
}

function mergeField(field: Field | undefined): MergeField | undefined {
  return field && { merge: field.patch.merge, key: field.patch.key, schema: schemaOf(field.type) }
}

function schemaOf(type: FieldType): MergeSchema | undefined {
  if (type.form === 'struct') return mergeSchemaOf(type.name)
  if (type.form === 'list') return schemaOf(type.of)
  if (type.form === 'map') {
    const values = schemaOf(type.of)
    return values && { field: () => ({ merge: false, key: undefined, schema: values }) }
  }
  return undefined
}
