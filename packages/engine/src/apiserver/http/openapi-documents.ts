/** The builders of OpenAPI documents, loaded when the first is asked for. */
import type { JsonObject } from '../../base/json.ts'
import type { Resource } from '../../machinery/shape.ts'
import { routeNotFound } from '../../machinery/status.ts'

export interface OpenApiDocuments {
  readonly openApiV3Document: (group: string, version: string, resources: readonly Resource[]) => JsonObject
  readonly openApiV2: (resources: readonly Resource[]) => { readonly json: JsonObject; readonly protobuf: Buffer }
}

export function loadOpenApiDocuments(): Promise<OpenApiDocuments> {
  return Promise.reject(routeNotFound())
}
