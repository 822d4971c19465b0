/**
 * What a workload gets of a binding is what `larder run` gives a program: the projected workload is read here as a kubelet reads it, and
 * compared with model/projection.
 */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { projectBinding, type BindingProjection } from '../../../model/projection/project.ts'
import { mappingFor } from './mapping.ts'
import { projectWorkload } from './project-workload.ts'

const SECRET = 'creds'

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly [
      {
        readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: JsonObject }[]
        readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
      },
    ]
    readonly volumes: readonly {
      readonly name: string
      readonly projected: { readonly sources: readonly JsonObject[] }
    }[]
  }
}

/** Files by path below the root, and variables but for the root itself. */
function asKubelet({ metadata, spec }: Pod, data: Readonly<Record<string, string>>) {
  const annotation = (ref: Json | undefined): string => {
    const path = isObject(ref) ? String(ref['fieldPath']) : ''
    return metadata.annotations[/^metadata\.annotations\['(.+)'\]$/.exec(path)![1]!]!
  }
  const [{ env, volumeMounts }] = spec.containers
  const root = env.find(({ name }) => name === 'SERVICE_BINDING_ROOT')!.value!
  const files = new Map<string, string>()
  for (const { name, mountPath } of volumeMounts) {
    const folder = mountPath.slice(root.length + 1)
    // Later sources are laid over earlier ones.
    for (const source of spec.volumes.find((volume) => volume.name === name)!.projected.sources) {
      if (source['secret']) for (const [key, value] of Object.entries(data)) files.set(`${folder}/${key}`, value)
      const items =
        (source['downwardAPI'] as { items?: readonly { path: string; fieldRef: Json }[] } | undefined)?.items ?? []
      for (const { path, fieldRef } of items) files.set(`${folder}/${path}`, annotation(fieldRef))
    }
  }
  const variables = env.flatMap(({ name, valueFrom }) => {
    if (!valueFrom) return []
    const ref = valueFrom['secretKeyRef'] as { readonly name: string; readonly key: string } | undefined
    expect(ref?.name ?? SECRET).toBe(SECRET)
    return [[name, ref ? data[ref.key]! : annotation(valueFrom['fieldRef'])] as const]
  })
  return { files: Object.fromEntries(files), env: Object.fromEntries(variables) }
}

const decoded = (bytes: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...bytes].map(([path, value]) => [path, new TextDecoder().decode(value)]))

const text = fc.string({ minLength: 1, maxLength: 8 }).filter((value) => !value.includes('\0'))
const key = fc.oneof(
  fc.constantFrom('type', 'provider', 'host', 'uri'),
  fc.stringMatching(/^[a-z][a-z0-9._-]{0,6}[a-z0-9]$/),
)

const cases = fc
  .record({
    data: fc.dictionary(key, text, { noNullPrototype: true }),
    name: fc.stringMatching(/^[a-z]([-a-z0-9]{0,6}[a-z0-9])?$/),
    type: fc.option(text, { nil: undefined }),
    provider: fc.option(text, { nil: undefined }),
    variables: fc.uniqueArray(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,6}$/), { maxLength: 4 }),
    picks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  })
  .map(({ variables, picks, ...rest }) => {
    const overridden = [
      ...(rest.type === undefined ? [] : ['type']),
      ...(rest.provider === undefined ? [] : ['provider']),
    ]
    // A kubelet starts no container that takes a variable from a key which is not there.
    const keys = [...new Set([...Object.keys(rest.data), ...overridden])].toSorted()
    const env = keys.length === 0 ? [] : variables.map((name, i) => ({ name, key: keys[picks[i]! % keys.length]! }))
    return { ...rest, env }
  })

test('files and variables of a workload are those of larder run, whatever the Secret and the overrides', () => {
  fc.assert(
    fc.property(cases, ({ data, ...asked }) => {
      const projection: BindingProjection = asked
      const mapping = mappingFor('deployments.apps', 'v1', undefined)
      const deployment = { spec: { template: { spec: { containers: [{ name: 'app' }] } } } }
      const projected = projectWorkload(deployment, { uid: 'u1', secret: SECRET, mapping, ...projection })
      const { template } = projected['spec'] as unknown as { template: Pod }
      const bytes = Object.fromEntries(
        Object.entries(data).map(([name, value]) => [name, new TextEncoder().encode(value)]),
      )
      const run = projectBinding({ data: bytes }, projection)
      expect(asKubelet(template, data)).toEqual({ files: decoded(run.files), env: run.env })
    }),
  )
})
