/**
 * FieldExport: one field of an object of these kinds, copied into a key of a ConfigMap or Secret that is there. It reads and writes its own namespace alone: the
 * copy is made with the rights of the hub, and into another namespace it would be a way to write where one may not.
 */
import { configMapType, secretType } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { Json } from '@larder/engine/base/json'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done } from '@larder/engine/runtime/outcome'
import { keyOf, type Pass } from '@larder/engine/runtime/pass'
import type { ObjectOfForeignKind } from '../../../model/foreign-kind.ts'
import { recoverable, SYNCED, synced, terminal, told, type Saying } from '../conditions.ts'
import { ELASTICACHE_GROUP } from '../kinds/fields.ts'
import { ACK_KINDS, fieldExportKind } from '../kinds/kinds.ts'
import { says, typeOf } from '../references.ts'
import { parsePath, valueAt } from './path.ts'

type FieldExport = ObjectOfForeignKind<typeof fieldExportKind>
type Spec = NonNullable<FieldExport['spec']>

const exportType = fieldExportKind as ResourceType<FieldExport>

export function fieldExportController(): Controller {
  return defineController<FieldExport>({
    name: 'ack-fieldexport',
    type: exportType,
    conditions: false,
    watches: [
      ...ACK_KINDS.map(({ type }) =>
        watching(type as ResourceType, ({ metadata }, informers) =>
          informers
            .of(exportType)
            .list(metadata.namespace)
            .filter(({ spec }) => isSource(spec, type.kind, metadata.name))
            .map(keyOf),
        ),
      ),
      ...TARGETS.map(([word, type]) =>
        watching(type, ({ metadata }, informers) =>
          informers
            .of(exportType)
            .list(metadata.namespace)
            .filter(({ spec }) => spec?.to.kind === word && spec.to.name === metadata.name)
            .map(keyOf),
        ),
      ),
    ],
    reconcile: async (pass) => {
      const { status = {} } = pass.object
      const sayings = await copy(pass)
      pass.status.conditions = told(status.conditions, sayings, pass.clock.now()) as never
      return done
    },
  })
}

interface Target extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

const TARGETS: readonly (readonly [word: Spec['to']['kind'], type: ResourceType<Target>])[] = [
  ['configmap', configMapType],
  ['secret', secretType],
]

const isSource = (spec: Spec | undefined, kind: string, name: string): boolean =>
  spec?.from.resource.kind === kind && spec.from.resource.name === name

async function copy(pass: Pass<FieldExport>): Promise<readonly Saying[]> {
  const { spec, metadata } = pass.object
  if (!spec) return terminal('spec is required')
  const { name, namespace = '' } = metadata
  const { from, to } = spec
  const steps = parsePath(from.path)
  if (!steps) return terminal(`spec.from.path: unable to parse path ${JSON.stringify(from.path)}`)
  const kind = ACK_KINDS.find(({ type }) => type.kind === from.resource.kind)
  if (!kind || from.resource.group !== ELASTICACHE_GROUP) {
    return terminal(`spec.from.resource: ${from.resource.kind} of group ${from.resource.group} is not served here`)
  }
  if ((to.namespace ?? namespace) !== namespace) {
    return terminal(`spec.to.namespace: is ${namespace}; other namespaces are not written to`)
  }
  const source = pass.cache(typeOf(kind)).get(from.resource.name, namespace)
  const what = `${from.resource.kind} ${namespace}/${from.resource.name}`
  if (!source) return recoverable(`spec.from.resource: ${what} does not exist`)
  if (!says(source, SYNCED)) return recoverable(`spec.from.resource: ${what} is not ${SYNCED}`)
  const value = textOf(valueAt(steps, asJson(source)))
  if (value === undefined) return recoverable(`spec.from.path: path does not exist in this object, or is no text`)
  return write(pass, to, to.key ?? `${namespace}.${name}`, value)
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? `${value}` : undefined
}

async function write(
  pass: Pass<FieldExport>,
  { kind, name }: Spec['to'],
  key: string,
  value: string,
): Promise<readonly Saying[]> {
  const namespace = pass.object.metadata.namespace ?? ''
  const type = TARGETS.find(([word]) => word === kind)![1]
  const target = pass.cache(type).get(name, namespace)
  if (!target) return recoverable(`spec.to: unable to get existing ${kind} ${namespace}/${name}`)
  const wanted = kind === 'secret' ? Buffer.from(value).toString('base64') : value
  if (target.data?.[key] !== wanted) {
    await pass.client.of(type).patch(name, { data: { [key]: wanted } }, { namespace })
  }
  return synced()
}
