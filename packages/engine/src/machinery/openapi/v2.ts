/** OpenAPI 2.0 of everything that is served: what kubectl up to 1.28, and some other tools still, read. */
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import type { Resource } from '../shape.ts'
import { componentsOf, subresourceComponent } from './components.ts'
import { definitionsOf } from './definitions.ts'
import { encodeDocument } from './gnostic.ts'
import { operationsOf, type Operation, type Parameter } from './operations.ts'

/** The same document in both forms. `others`: definitions of what another server serves; ours go before. */
export function openApiV2(
  resources: readonly Resource[],
  others: JsonObject = {},
): { readonly json: JsonObject; readonly protobuf: Buffer } {
  const paths: Record<string, Record<string, Json>> = {}
  for (const resource of resources) {
    for (const operation of operationsOf(resource, subresourceComponent)) {
      const item = (paths[operation.path] ??= { parameters: operation.parameters.map((p) => parameter(p, 'path')) })
      item[operation.method] = operationObject(operation)
    }
  }
  const json = {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths,
    definitions: { ...others, ...definitionsOf(componentsOf(resources)) },
  }
  return { json, protobuf: encodeDocument(json) }
}

/**
 * The definitions in another server's OpenAPI v3 document, which is all that old clients look for. Undefined when they cannot be told
 * in v2: a stranger's document must not take ours along.
 */
export function definitionsOfDocument(document: Json): JsonObject | undefined {
  const components =
    isObject(document) && isObject(document['components']) ? document['components']['schemas'] : undefined
  if (!isObject(components) || !Object.values(components).every(isObject)) return undefined
  try {
    const definitions = definitionsOf(components as Readonly<Record<string, JsonObject>>)
    encodeDocument({ swagger: '2.0', definitions })
    return definitions
  } catch (error) {
    // The writer takes the form of a schema for granted, and stumbles over what has another.
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

function parameter({ name, type, description }: Parameter, where: 'path' | 'query'): JsonObject {
  return { name, in: where, description, ...(where === 'path' && { required: true }), type, uniqueItems: true }
}

const reference = (component: string): JsonObject => ({ $ref: `#/definitions/${component}` })

function operationObject(operation: Operation): JsonObject {
  const { action, answer, body, id, kind, method, query, tag } = operation
  const bodyParameter = body && {
    name: 'body',
    in: 'body',
    ...(body.required && { required: true }),
    schema: reference(body.component),
  }
  const ok = { description: 'OK', schema: reference(answer) }
  return {
    tags: [tag],
    operationId: id,
    produces: ['application/json', 'application/yaml'],
    ...(body && { consumes: body.types }),
    parameters: [...(bodyParameter ? [bodyParameter] : []), ...query.map((p) => parameter(p, 'query'))],
    responses: { '200': ok, ...(method === 'post' && { '201': { ...ok, description: 'Created' } }) },
    schemes: ['https'],
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version },
  }
}
