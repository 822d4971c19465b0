import { beforeAll, describe, expect, test } from 'vitest'
import { isObject, type Json, type JsonObject } from '../../base/json.ts'
import { readCustomResources } from './testing/custom.ts'
import type { Resource } from '../shape.ts'
import { builtinResources } from '../types/builtin.ts'
import { definitionsOfDocument, openApiV2 } from './v2.ts'
import { openApiV3Document } from './v3.ts'

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly consumes?: readonly string[]
  readonly 'x-kubernetes-action': string
  readonly 'x-kubernetes-group-version-kind': {
    readonly group: string
    readonly version: string
    readonly kind: string
  }
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch']

function operations(document: JsonObject): readonly (readonly [path: string, method: string, Operation])[] {
  return Object.entries(document['paths'] as Record<string, JsonObject>).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map(
      (method) => [path, method, item[method] as unknown as Operation] as const,
    ),
  )
}

function references(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => references(item))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : references(item),
  )
}

function missing(document: JsonObject, prefix: string, schemas: JsonObject): readonly string[] {
  return references(document).filter((ref) => !ref.startsWith(prefix) || !schemas[ref.slice(prefix.length)])
}

let resources: readonly Resource[]
let groups: readonly (readonly [group: string, version: string])[]
beforeAll(async () => {
  resources = [...builtinResources(), ...(await readCustomResources())]
  groups = [...new Set(resources.map(({ group, version }) => `${group} ${version}`))].map(
    (text) => text.split(' ') as [string, string],
  )
})

const documentOf = (group: string, version: string) =>
  openApiV3Document(
    group,
    version,
    resources.filter((r) => r.group === group && r.version === version),
  )

describe('v3', () => {
  test('every reference of every document resolves, and every id is unique', () => {
    expect(groups.length).toBeGreaterThan(15)
    for (const [group, version] of groups) {
      const document = documentOf(group, version)
      const { schemas } = document['components'] as { schemas: JsonObject }
      expect(missing(document, '#/components/schemas/', schemas), `${group}/${version}`).toEqual([])
      const ids = operations(document).map(([, , { operationId }]) => operationId)
      expect(ids.length, `${group}/${version}`).toBe(new Set(ids).size)
    }
  })

  test('the patch operation of every kind leaves validation to the server', () => {
    for (const [group, version] of groups) {
      const document = documentOf(group, version)
      for (const resource of resources.filter((r) => r.group === group && r.version === version)) {
        if (!resource.verbs.includes('patch')) continue
        const patch = operations(document).find(
          ([, method, o]) => method === 'patch' && o['x-kubernetes-group-version-kind'].kind === resource.kind,
        )?.[2]
        expect(patch?.['x-kubernetes-group-version-kind'], resource.kind).toEqual({
          group,
          kind: resource.kind,
          version,
        })
        expect(patch?.parameters.map(({ name }) => name)).toContain('fieldValidation')
        const strategic = Object.keys(patch?.requestBody?.content ?? {}).includes(
          'application/strategic-merge-patch+json',
        )
        expect(strategic, resource.kind).toBe(group !== 'example.com')
      }
    }
  })

  test('the operations of a namespaced kind with status and scale', () => {
    const all = operations(documentOf('apps', 'v1')).filter(([path]) => path.includes('/deployments'))
    expect(
      all.map(([path, method, { operationId }]) => `${method} ${path.replace('/apis/apps/v1', '')} ${operationId}`),
    ).toMatchInlineSnapshot(`
      [
        "get /namespaces/{namespace}/deployments listAppsV1NamespacedDeployment",
        "post /namespaces/{namespace}/deployments createAppsV1NamespacedDeployment",
        "delete /namespaces/{namespace}/deployments deleteCollectionAppsV1NamespacedDeployment",
        "get /namespaces/{namespace}/deployments/{name} readAppsV1NamespacedDeployment",
        "put /namespaces/{namespace}/deployments/{name} replaceAppsV1NamespacedDeployment",
        "delete /namespaces/{namespace}/deployments/{name} deleteAppsV1NamespacedDeployment",
        "patch /namespaces/{namespace}/deployments/{name} patchAppsV1NamespacedDeployment",
        "get /deployments listAppsV1DeploymentForAllNamespaces",
        "get /namespaces/{namespace}/deployments/{name}/status readAppsV1NamespacedDeploymentStatus",
        "put /namespaces/{namespace}/deployments/{name}/status replaceAppsV1NamespacedDeploymentStatus",
        "patch /namespaces/{namespace}/deployments/{name}/status patchAppsV1NamespacedDeploymentStatus",
        "get /namespaces/{namespace}/deployments/{name}/scale readAppsV1NamespacedDeploymentScale",
        "put /namespaces/{namespace}/deployments/{name}/scale replaceAppsV1NamespacedDeploymentScale",
        "patch /namespaces/{namespace}/deployments/{name}/scale patchAppsV1NamespacedDeploymentScale",
      ]
    `)
  })

  test('verbs that a resource lacks are not offered', () => {
    const all = operations(documentOf('authorization.k8s.io', 'v1'))
    expect(new Set(all.map(([, method]) => method))).toEqual(new Set(['post']))
  })
})

describe('v2', () => {
  test('every reference resolves, and nothing is said that v2 cannot say', () => {
    const { json } = openApiV2(resources)
    const definitions = json['definitions'] as Record<string, JsonObject>
    expect(missing(json, '#/definitions/', definitions)).toEqual([])
    const text = JSON.stringify(definitions)
    // With their values: a JSON schema is itself a kind's field, and has properties of these names.
    for (const keyword of ['"oneOf":[', '"anyOf":[', '"allOf":[', '"nullable":true'])
      expect(text).not.toContain(keyword)
  })

  test('what takes any type has none, so that old kubectl takes it too', () => {
    const { json } = openApiV2(resources)
    const widget = (json['definitions'] as Record<string, JsonObject>)['com.example.v1.Widget'] as never as {
      properties: { spec: { properties: Record<string, JsonObject> } }
    }
    expect(widget.properties.spec.properties).toEqual({
      size: { type: 'integer', minimum: 1, description: 'How large.' },
      port: { 'x-kubernetes-int-or-string': true },
      free: { 'x-kubernetes-preserve-unknown-fields': true },
      maybe: {},
    })
  })

  test('both forms say the same amount', () => {
    const { json, protobuf } = openApiV2(resources)
    const text = protobuf.toString('latin1')
    for (const name of Object.keys(json['definitions'] as object)) expect(text).toContain(name)
    for (const path of Object.keys(json['paths'] as object)) expect(text).toContain(path)
  })
})

const document = (schemas: unknown) => ({ components: { schemas } }) as never

describe("another server's document", () => {
  test('gives its definitions, in the terms of v2', () => {
    const hat = { type: 'object', properties: { of: { allOf: [{ $ref: '#/components/schemas/a.Felt' }] } } }
    expect(definitionsOfDocument(document({ 'a.Hat': hat }))).toEqual({
      'a.Hat': { type: 'object', properties: { of: { $ref: '#/definitions/a.Felt' } } },
    })
  })

  test('that is none, or has schemas that are none, gives nothing and harms nobody', () => {
    expect(definitionsOfDocument('no document')).toBeUndefined()
    expect(definitionsOfDocument(document({ Hat: 'felt' }))).toBeUndefined()
    expect(definitionsOfDocument(document({ Hat: { properties: { brim: null } } }))).toBeUndefined()
    expect(definitionsOfDocument(document({ Hat: { required: 5 } }))).toBeUndefined()
  })
})
