/** What the flags of `tanzu apps workload` make of a Workload. Pure. */
import { isObject, type Json } from '@larder/engine/base/json'
import {
  EXTENSION_ANNOTATION,
  WORKLOAD_TYPE_LABEL,
  workloadKind,
  type ServiceReference,
  type Workload,
  type WorkloadSpec,
} from '../../../model/workload/kind.ts'
import { claimNamespaces, WorkloadUnreadable } from '../../../model/workload/parts.ts'
import { CommandFailed, EXIT } from '../../failure.ts'
import type { TanzuValues } from './options.ts'

const PART_OF_LABEL = 'app.kubernetes.io/part-of'

interface Named {
  readonly name: string
}

export function editWorkload(before: Workload, options: TanzuValues): Workload {
  const refs = serviceRefs(options['service-ref'] ?? [])
  const { metadata, spec = {} } = before
  const labels = edited(metadata.labels ?? {}, pairs('label', options.label), {
    ...(options.type !== undefined && { [WORKLOAD_TYPE_LABEL]: options.type }),
    ...(options.app !== undefined && { [PART_OF_LABEL]: options.app }),
  })
  const extension = extensionWith(before, refs)
  const { labels: _, annotations: { [EXTENSION_ANNOTATION]: __, ...others } = {}, ...rest } = metadata
  const annotations = { ...others, ...(extension !== undefined && { [EXTENSION_ANNOTATION]: extension }) }
  return {
    ...before,
    apiVersion: `${workloadKind.group}/${workloadKind.version}`,
    kind: workloadKind.kind,
    metadata: { ...rest, ...unlessEmpty({ labels, annotations }) },
    spec: editedSpec(spec, options, refs),
  }
}

const variable = (name: string, value: string) => ({ name, value })

function editedSpec(spec: WorkloadSpec, options: TanzuValues, refs: readonly ServiceRef[]): WorkloadSpec {
  const { source: _, image: __, env: ___, params: ____, serviceClaims: _____, build, ...rest } = spec
  const buildEnv = items(build?.env, pairs('build-env', options['build-env']), variable)
  const { env: ______, ...restOfBuild } = build ?? {}
  const claims = refs.map(({ name, ref }) => [name, ref] as const)
  return {
    ...rest,
    ...originOf(spec, options),
    ...unlessEmpty({
      env: items(spec.env, pairs('env', options.env), variable),
      build: { ...restOfBuild, ...unlessEmpty({ env: buildEnv }) },
      params: editedParams(spec.params, options),
      serviceClaims: items(spec.serviceClaims, claims, (name, ref) => ({ name, ref })),
    }),
    ...(options['service-account'] !== undefined && { serviceAccountName: options['service-account'] }),
  }
}

/** A source takes the place of an image and an image that of a source, unless both are said at once. */
function originOf({ source, image }: WorkloadSpec, options: TanzuValues): Pick<WorkloadSpec, 'source' | 'image'> {
  const url = options['git-repo']
  const ref = {
    ...(options['git-branch'] !== undefined && { branch: options['git-branch'] }),
    ...(options['git-tag'] !== undefined && { tag: options['git-tag'] }),
    ...(options['git-commit'] !== undefined && { commit: options['git-commit'] }),
  }
  const subPath = options['sub-path'] === undefined ? {} : { subPath: options['sub-path'] }
  const saysSource = url !== undefined || Object.keys(ref).length > 0 || Object.keys(subPath).length > 0
  const git = { ...source?.git, ...(url !== undefined && { url }), ref: { ...source?.git?.ref, ...ref } }
  if (saysSource && git.url === undefined)
    throw new CommandFailed(EXIT.usage, 'of which repository? --git-repo is missing', { next: '--git-repo URL' })
  const keptSource = options.image === undefined && source !== undefined ? { source } : {}
  const keptImage = !saysSource && image !== undefined ? { image } : {}
  return {
    ...(saysSource ? { source: { ...source, git, ...subPath } } : keptSource),
    ...(options.image === undefined ? keptImage : { image: options.image }),
  }
}

function editedParams(params: WorkloadSpec['params'], options: TanzuValues): NonNullable<WorkloadSpec['params']> {
  const changed = items(params, pairs('param', options.param), (name, value) => ({ name, value }))
  const old = changed.find(({ name }) => name === 'annotations')?.value
  const annotations = edited<Json>(isObject(old) ? old : {}, pairs('annotation', options.annotation))
  const others = changed.filter(({ name }) => name !== 'annotations')
  return Object.keys(annotations).length === 0 ? others : [...others, { name: 'annotations', value: annotations }]
}

type Pairs<V> = readonly (readonly [key: string, value: V | undefined])[]

/** `KEY=VALUE`, or `KEY-` to remove it. */
function pairs(flag: string, texts: readonly string[] = []): Pairs<string> {
  return texts.map((text) => {
    const equals = text.indexOf('=')
    if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
    if (equals < 0 && text.length > 1 && text.endsWith('-')) return [text.slice(0, -1), undefined]
    throw new CommandFailed(EXIT.usage, `--${flag} ${text} is not understood`, {
      next: `--${flag} KEY=VALUE, or --${flag} KEY- to remove it`,
    })
  })
}

function edited<V>(map: Readonly<Record<string, V>>, changes: Pairs<V>, more: Readonly<Record<string, V>> = {}) {
  const result: Record<string, V> = { ...map, ...more }
  for (const [key, value] of changes) {
    if (value === undefined) delete result[key]
    else result[key] = value
  }
  return result
}

/** The list with changed items at their places, new ones behind. */
function items<T extends Named, V>(
  list: readonly T[] = [],
  changes: Pairs<V>,
  itemOf: (name: string, value: V) => T,
): readonly T[] {
  const result = [...list]
  for (const [name, value] of changes) {
    const at = result.findIndex((item) => item.name === name)
    if (value === undefined) {
      if (at >= 0) result.splice(at, 1)
    } else result.splice(at < 0 ? result.length : at, at < 0 ? 0 : 1, itemOf(name, value))
  }
  return result
}

interface ServiceRef {
  readonly name: string
  /** Absent: the reference goes. */
  readonly ref: ServiceReference | undefined
  readonly namespace: string | undefined
}

/** `db=services.apps.tanzu.vmware.com/v1alpha1:ResourceClaim:[NAMESPACE:]cache`, or `db-`. */
function serviceRefs(texts: readonly string[]): readonly ServiceRef[] {
  return pairs('service-ref', texts).map(([name, value]) => {
    if (value === undefined) return { name, ref: undefined, namespace: undefined }
    const parts = value.split(':')
    const [apiVersion = '', kind = ''] = parts
    const claim = parts.at(-1) ?? ''
    if (parts.length < 3 || parts.length > 4 || parts.includes(''))
      throw new CommandFailed(EXIT.usage, `--service-ref ${name}=${value} is not understood`, {
        why: 'a reference is APIVERSION:KIND:[NAMESPACE:]NAME',
        next: '`tanzu services claims list -o wide` shows those of claims',
      })
    return { name, ref: { apiVersion, kind, name: claim }, namespace: parts.length === 4 ? parts[2] : undefined }
  })
}

export const crossesNamespaces = ({ 'service-ref': texts = [] }: TanzuValues): boolean =>
  serviceRefs(texts).some(({ namespace }) => namespace !== undefined)

/** Undefined when no claim is of another namespace. */
function extensionWith(before: Workload, refs: readonly ServiceRef[]): string | undefined {
  const claims: Record<string, Json> = {}
  for (const [name, namespace] of namespacesBefore(before)) claims[name] = { namespace }
  for (const { name, namespace } of refs) {
    if (namespace === undefined) delete claims[name]
    else claims[name] = { namespace }
  }
  if (Object.keys(claims).length === 0) return undefined
  const apiVersion = 'supplychain.apps.x-tanzu.vmware.com/v1alpha1'
  return JSON.stringify({ kind: 'ServiceClaimsExtension', apiVersion, spec: { serviceClaims: claims } })
}

function namespacesBefore(workload: Workload): ReadonlyMap<string, string> {
  try {
    return claimNamespaces(workload)
  } catch (error) {
    if (!(error instanceof WorkloadUnreadable)) throw error
    throw new CommandFailed(EXIT.failed, `workload ${workload.metadata.name}: ${error.message}`, {
      next: 'mend or remove the annotation with kubectl',
      cause: error,
    })
  }
}

function unlessEmpty<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => Object.keys(value as object).length > 0),
  ) as Partial<T>
}
