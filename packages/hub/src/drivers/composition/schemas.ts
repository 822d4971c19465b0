/**
 * The schemas of kinds, from their CustomResourceDefinitions: what the account of the Backend may read of them. Whose definition it may
 * not read, or that has none, is not checked field by field; the API does that when the object is applied.
 */
import { isDriverError, isRecord, type Json, type JsonSchema, type KubeApi } from '@larder/kit'
import { kindKey, type Schemas } from './check.ts'
import type { Node } from './graph.ts'

const text = { type: 'string' }
const texts = { type: 'object', additionalProperties: text }

/** Built-in kinds that nearly every composition reads. */
export const BUILT_IN: Schemas = new Map<string, JsonSchema>([
  ['v1 ConfigMap', { type: 'object', properties: { data: texts, binaryData: texts, immutable: { type: 'boolean' } } }],
  [
    'v1 Secret',
    { type: 'object', properties: { data: texts, stringData: texts, type: text, immutable: { type: 'boolean' } } },
  ],
])

export async function schemasOf(kube: KubeApi, nodes: readonly Node[], signal: AbortSignal): Promise<Schemas> {
  const found = new Map<string, JsonSchema>()
  for (const node of nodes) {
    const key = kindKey(node)
    if (found.has(key)) continue
    signal.throwIfAborted()
    const schema = BUILT_IN.get(key) ?? (await definedSchema(kube, node))
    if (schema) found.set(key, schema)
  }
  return found
}

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string }
    readonly versions: readonly {
      readonly name: string
      readonly schema?: { readonly openAPIV3Schema?: Json }
    }[]
  }
}

async function definedSchema(kube: KubeApi, { apiVersion, kind }: Node): Promise<JsonSchema | undefined> {
  const [group = '', version] = apiVersion.split('/')
  if (version === undefined) return undefined
  for (const plural of plurals(kind.toLowerCase())) {
    const definition = (await readDefinition(kube, `${plural}.${group}`)) as Definition | undefined
    if (definition?.spec.names.kind !== kind) continue
    const served = definition.spec.versions.find(({ name }) => name === version)
    const schema = served?.schema?.openAPIV3Schema
    return isRecord(schema) ? schema : undefined
  }
  return undefined
}

/** A definition is named after the plural, which only discovery knows: English ones, of which one fits nearly always. */
const plurals = (kind: string): readonly string[] => [
  `${kind}s`,
  `${kind}es`,
  ...(kind.endsWith('y') ? [`${kind.slice(0, -1)}ies`] : []),
  kind,
]

async function readDefinition(kube: KubeApi, name: string): Promise<Json | undefined> {
  try {
    return await kube.get({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name })
  } catch (error) {
    // To read definitions is a help and no need.
    if (isDriverError(error) && error.code === 'denied') return undefined
    throw error
  }
}
