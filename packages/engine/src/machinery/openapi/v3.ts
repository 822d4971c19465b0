/** OpenAPI 3.0 of one group and version: what kubectl from 1.24 on reads. */
import type { Json, JsonObject } from '../../base/json.ts'
import type { Resource } from '../shape.ts'
import { componentsOf, subresourceComponent } from './components.ts'
import { operationsOf, type Operation, type Parameter } from './operations.ts'

const ANSWER_TYPES = ['application/json', 'application/yaml']

/** `resources` are those of the group and version. */
export function openApiV3Document(group: string, version: string, resources: readonly Resource[]): JsonObject {
  const paths: Record<string, Record<string, Json>> = {}
  for (const resource of resources) {
    for (const operation of operationsOf(resource, subresourceComponent)) {
      const item = (paths[operation.path] ??= { parameters: operation.parameters.map((p) => parameter(p, 'path')) })
      item[operation.method] = operationObject(operation)
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: group === '' ? version : `${group}/${version}` },
    paths,
    components: { schemas: componentsOf(resources) },
  }
}

function parameter({ name, type, description }: Parameter, where: 'path' | 'query'): JsonObject {
  const schema = { type, uniqueItems: true }
  return { name, in: where, description, ...(where === 'path' && { required: true }), schema }
}

const reference = (component: string): JsonObject => ({ $ref: `#/components/schemas/${component}` })

function content(types: readonly string[], component: string): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema: reference(component) }]))
}

function operationObject(operation: Operation): JsonObject {
  const { action, answer, body, id, kind, method, query, tag } = operation
  const ok = { description: 'OK', content: content(ANSWER_TYPES, answer) }
  return {
    tags: [tag],
    operationId: id,
    parameters: query.map((p) => parameter(p, 'query')),
    ...(body && {
      requestBody: { content: content(body.types, body.component), ...(body.required && { required: true }) },
    }),
    responses: { '200': ok, ...(method === 'post' && { '201': { ...ok, description: 'Created' } }) },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, kind: kind.kind, version: kind.version },
  }
}
