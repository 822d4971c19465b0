/**
 * FieldExport: one field of an object of these kinds, copied into a key of a ConfigMap or Secret that is there. It reads and writes its own namespace alone: the
 * copy is made with the rights of the hub, and into another namespace it would be a way to write where one may not.
 */
import { configMapType, secretType } from '@larder/engine/client/builtin'
import type { Lister } from '@larder/engine/client/informer'
import type { ResourceType } from '@larder/engine/client/types'
import type { Json } from '@larder/engine/base/json'
import { asJson, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isConflict, type ApiError } from '@larder/engine/machinery/status'
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
      // Of two that write one key the younger waits for the older to go.
      watching(exportType, (other, informers) => rivalsOf(other, informers.of(exportType)).map(keyOf)),
    ],
    reconcile: async (pass) => {
      const { status = {}, spec } = pass.object
      const say = (sayings: readonly Saying[]) => {
        pass.status.conditions = told(status.conditions, sayings, pass.clock.now()) as never
      }
      try {
        say(await copy(pass))
        return done
      } catch (error) {
        // Told, and tried again: the end of the pass writes what stands in the draft.
        if (spec && isApiError(error) && !isConflict(error)) say(recoverable(refusal(spec.to, error)))
        throw error
      }
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

const defaultKey = ({ namespace, name }: KubeObject['metadata']): string => `${namespace}.${name}`

function entryOf({ spec, metadata }: FieldExport): string | undefined {
  if (!spec) return undefined
  const { kind, namespace = metadata.namespace, name, key = defaultKey(metadata) } = spec.to
  return JSON.stringify([kind, namespace, name, key])
}

/** Others that write the same key. */
const rivalsOf = (object: FieldExport, exports: Lister<FieldExport>): readonly FieldExport[] =>
  exports
    .list(object.metadata.namespace)
    .filter((other) => other.metadata.uid !== object.metadata.uid && entryOf(other) === entryOf(object))

const isOlder = (a: FieldExport, b: FieldExport): boolean => ageOf(a) < ageOf(b)
const ageOf = ({ metadata }: FieldExport): string => `${metadata.creationTimestamp} ${metadata.uid}`

/** Of a Secret no words of the API: who may read the FieldExport need not be one who may read that. */
const refusal = ({ kind, name }: Spec['to'], { code, reason, message, details }: ApiError): string => {
  const fields = details?.causes?.flatMap(({ field }) => field ?? []) ?? []
  const verdict = [`${code} ${reason}`, ...fields].join(' ')
  return `spec.to: the API refuses to write ${kind} ${name}: ${kind === 'secret' ? verdict : message}`
}

async function copy(pass: Pass<FieldExport>): Promise<readonly Saying[]> {
  const { spec, metadata } = pass.object
  if (!spec) return terminal('spec is required')
  const { namespace = '' } = metadata
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
  return write(pass, to, to.key ?? defaultKey(metadata), value)
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
  // Its owner puts back what is written, and so would this, for ever.
  const owner = target.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner) return terminal(`spec.to: ${kind} ${namespace}/${name} is written by ${owner.kind} ${owner.name} alone`)
  const first = rivalsOf(pass.object, pass.cache(exportType)).find(
    (other) => other.metadata.deletionTimestamp === undefined && isOlder(other, pass.object),
  )
  if (first) {
    return terminal(`spec.to: key ${key} of ${kind} ${namespace}/${name} is that of FieldExport ${first.metadata.name}`)
  }
  const wanted = kind === 'secret' ? Buffer.from(value).toString('base64') : value
  if (target.data?.[key] !== wanted) {
    await pass.client.of(type).patch(name, { data: { [key]: wanted } }, { namespace })
  }
  return synced()
}
