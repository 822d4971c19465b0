import { expect, test } from 'vitest'
import { builtinResources } from '../machinery/types/builtin.ts'
import { aggregated, coreVersions, groupList, resourceList, singleGroup } from './discovery.ts'

const all = builtinResources()

test('the core group', () => {
  expect(coreVersions(all, '127.0.0.1:7701')).toEqual({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:7701' }],
  })
})

test('every group names its preferred version first', () => {
  const { groups } = groupList(all) as unknown as {
    groups: { name: string; versions: { version: string }[]; preferredVersion: { version: string } }[]
  }
  expect(groups.map((group) => group.name)).not.toContain('')
  expect(groups.find((group) => group.name === 'autoscaling')?.versions.map((v) => v.version)).toEqual(['v2', 'v1'])
  for (const group of groups) expect(group.preferredVersion).toEqual(group.versions[0])
  expect(singleGroup(all, 'apps')).toEqual({
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'apps',
    versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
    preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
  })
  expect(singleGroup(all, 'nobody.example.com')).toBeUndefined()
})

test('a resource and its subresources, golden', () => {
  const list = resourceList(all, { group: 'apps', version: 'v1' }) as unknown as { resources: { name: string }[] }
  expect(list.resources.filter((r) => r.name.startsWith('deployments'))).toMatchInlineSnapshot(`
    [
      {
        "categories": [
          "all",
        ],
        "kind": "Deployment",
        "name": "deployments",
        "namespaced": true,
        "shortNames": [
          "deploy",
        ],
        "singularName": "deployment",
        "verbs": [
          "create",
          "delete",
          "deletecollection",
          "get",
          "list",
          "patch",
          "update",
          "watch",
        ],
      },
      {
        "kind": "Deployment",
        "name": "deployments/status",
        "namespaced": true,
        "singularName": "",
        "verbs": [
          "get",
          "patch",
          "update",
        ],
      },
      {
        "group": "autoscaling",
        "kind": "Scale",
        "name": "deployments/scale",
        "namespaced": true,
        "singularName": "",
        "verbs": [
          "get",
          "patch",
          "update",
        ],
        "version": "v1",
      },
    ]
  `)
  expect(resourceList(all, { group: 'apps', version: 'v9' })).toBeUndefined()
})

test('the same, aggregated, golden', () => {
  const document = aggregated(all, { core: false, as: 'v2' }) as unknown as {
    items: { metadata: { name: string }; versions: { resources: { resource: string }[] }[] }[]
  }
  const apps = document.items.find((item) => item.metadata.name === 'apps')!
  expect(apps.versions[0]!.resources.find((r) => r.resource === 'deployments')).toMatchInlineSnapshot(`
    {
      "categories": [
        "all",
      ],
      "resource": "deployments",
      "responseKind": {
        "group": "apps",
        "kind": "Deployment",
        "version": "v1",
      },
      "scope": "Namespaced",
      "shortNames": [
        "deploy",
      ],
      "singularResource": "deployment",
      "subresources": [
        {
          "responseKind": {
            "group": "apps",
            "kind": "Deployment",
            "version": "v1",
          },
          "subresource": "status",
          "verbs": [
            "get",
            "patch",
            "update",
          ],
        },
        {
          "responseKind": {
            "group": "autoscaling",
            "kind": "Scale",
            "version": "v1",
          },
          "subresource": "scale",
          "verbs": [
            "get",
            "patch",
            "update",
          ],
        },
      ],
      "verbs": [
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
      ],
    }
  `)
})

test('aggregated, the core group has no name and nothing lacks a kind to answer with', () => {
  const core = aggregated(all, { core: true, as: 'v2beta1' }) as unknown as {
    apiVersion: string
    items: { metadata: object; versions: { resources: { responseKind: { kind: string } }[] }[] }[]
  }
  expect(core.apiVersion).toBe('apidiscovery.k8s.io/v2beta1')
  expect(core.items).toHaveLength(1)
  expect(core.items[0]!.metadata).toEqual({ creationTimestamp: null })
  for (const resource of core.items[0]!.versions[0]!.resources) expect(resource.responseKind.kind).not.toBe('')
})
