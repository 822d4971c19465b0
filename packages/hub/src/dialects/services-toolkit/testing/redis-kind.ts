/** A kind of somebody that no program knows, with `status.binding.name`. */
import type { KubeObject } from '@larder/engine/machinery/object'
import { SERVICES, type StkHub } from './stk-hub.ts'

export const definitionType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

/** Returns the name of its definition. */
export async function servedKind(hub: StkHub, versions: readonly string[] = ['v1']): Promise<string> {
  const { admin } = hub
  const name = 'redises.example.com'
  await admin.of<KubeObject & { spec: object }>(definitionType).create({
    metadata: { name },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'redises', singular: 'redis', kind: 'Redis', listKind: 'RedisList' },
      versions: versions.map((version, i) => ({
        name: version,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  })
  await hub.until('the kind to be served', async () => {
    const served = await admin.transport.raw('/apis/example.com/v1').catch(() => undefined)
    return JSON.stringify(served ?? '').includes('redises') ? true : undefined
  })
  return name
}

const redisType = { group: 'example.com', version: 'v1', resource: 'redises', kind: 'Redis', namespaced: true }

export const redis = ({ admin }: StkHub, name: string, namespace: string, secret?: string) =>
  admin.of<KubeObject & { status?: object }>(redisType).create({
    metadata: { name, namespace },
    ...(secret !== undefined && { status: { binding: { name: secret } } }),
  })

export const bindTo = ({ admin }: StkHub, name: string, secret: string) =>
  admin.of(redisType).patch(name, { status: { binding: { name: secret } } }, { namespace: SERVICES })

/** So that claims by resource may read it. */
export const grantRedis = (hub: StkHub): Promise<void> =>
  hub.grant(
    undefined,
    [{ apiGroups: ['example.com'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
    'reads-redis',
  )
