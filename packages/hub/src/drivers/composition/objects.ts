/** The objects of a graph as they should be: rendered, placed, and marked as whose they are. */
import {
  invalid,
  isRecord,
  type Credential,
  type FieldError,
  type Json,
  type Origin,
  type Ref,
  type Want,
} from '@larder/kit'
import { celOf, NoValue, readsOf, type Words } from './cel.ts'
import { isSecret, STATIC_WORDS, type Composition, type Node } from './graph.ts'
import {
  APPLIED_ANNOTATION,
  CREDENTIAL_ANNOTATION,
  CREDENTIAL_LABEL,
  fingerprint,
  INSTANCE_LABEL,
  labelValue,
  RESOURCE_LABEL,
  shortName,
} from './naming.ts'
import { render, type Template } from './template.ts'
import type { Thing } from './readiness.ts'

/** Whose objects: of an instance, or of one of its credentials. */
export interface Owner {
  readonly instance: string
  readonly credential?: string
}

const originWords = (origin: Origin) => {
  const { door, apiVersion = '', kind = '', namespace = '', name = '', uid = '' } = origin
  return { door, apiVersion, kind, namespace, name, uid }
}

/** What every expression may read of an instance before anything exists. */
export function staticWords(want: Want, namespace: string | undefined): Words {
  const { id, name, parameters, plan, origin } = want
  return {
    parameters: celOf(isRecord(parameters) ? parameters : {}),
    plan: { name: plan?.name ?? '' },
    instance: { id, name: name ?? shortName(id), namespace: namespace ?? '' },
    origin: originWords(origin),
  }
}

export function credentialWords(want: Want, { id, role = '', parameters, origin }: Credential): Words {
  const said = celOf(isRecord(parameters) ? parameters : {})
  return { credential: { id, name: shortName(want.id, id), role, parameters: said }, claim: originWords(origin) }
}

/** Throws `invalid` when a claim does not say what is needed: nothing but the claim can change that. */
export function renderStatic(template: Template, words: Words): Json | undefined {
  try {
    return render(template, words)
  } catch (error) {
    throw ofTheClaim(error)
  }
}

/** Of an expression that reads only what is known from the start, the answer will never be another. */
export function ofTheClaim(error: unknown): unknown {
  if (!(error instanceof NoValue)) return error
  const { expression, message } = error
  const reads = readsOf(expression.ast).map(({ word }) => word)
  const fromStart: readonly string[] = STATIC_WORDS
  if (error.isMissing && reads.some((word) => !fromStart.includes(word) && word !== 'credential' && word !== 'claim')) {
    return error
  }
  const isAsked = reads.includes('parameters') && error.isMissing
  const path = isAsked ? 'parameters' : expression.path
  return invalid(path, `${isAsked ? `${expression.path}: ` : ''}${message.replace(' yet', '')}`)
}

/** Where a resource is, by what is known before it exists. Throws `invalid` for a name that is none. */
export function placeOf(node: Node, { namespace }: Composition, config: string | undefined, words: Words): Ref {
  const { apiVersion, kind } = node
  const name = textOf(renderPlace(node, node.name, words), node.name.path)
  if (node.clusterScoped) return { apiVersion, kind, name }
  const place = node.namespace ?? namespace
  const said = place ? renderPlace(node, place, words) : config
  if (said === undefined) {
    const { path, message } = noNamespace(node)
    throw invalid(path, message)
  }
  return { apiVersion, kind, namespace: textOf(said, place?.path ?? 'recipe.namespace'), name }
}

export const noNamespace = (node: Node): FieldError => ({
  path: node.body ? `${node.path}.template.metadata.namespace` : `${node.path}.externalRef.namespace`,
  reason: 'required',
  message: `${node.id} has no namespace: name one there, in recipe.namespace or in config.namespace of the Backend`,
})

/** What is only read may be named by what others report. */
const renderPlace = (node: Node, template: Template, words: Words): Json | undefined =>
  node.isExternal ? render(template, words) : renderStatic(template, words)

const NAME = /^[a-z0-9A-Z]([-a-z0-9A-Z.:_]{0,251}[a-z0-9A-Z])?$/

function textOf(value: Json | undefined, path: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalid(path, 'is no name of an object')
}

/** As it should be. Throws NoValue while something that it reads is not there. */
export function objectOf(node: Node, ref: Ref, words: Words, owner: Owner): Json {
  const body = render(node.body!, words) as { readonly [field: string]: Json }
  const said = isRecord(body['metadata']) ? body['metadata'] : {}
  const { instance, credential } = owner
  const labels = {
    ...(isRecord(said['labels']) && said['labels']),
    [INSTANCE_LABEL]: labelValue(instance),
    [RESOURCE_LABEL]: node.id,
    ...(credential !== undefined && { [CREDENTIAL_LABEL]: labelValue(credential) }),
  }
  const annotations = {
    ...(isRecord(said['annotations']) && said['annotations']),
    ...(credential !== undefined && { [CREDENTIAL_ANNOTATION]: credential }),
  }
  const place = { name: ref.name, ...(ref.namespace !== undefined && { namespace: ref.namespace }) }
  const whole = {
    ...(isSecret(node) ? withoutStringData(body) : body),
    metadata: { ...said, ...place, labels, annotations },
  }
  const applied = { ...annotations, [APPLIED_ANNOTATION]: fingerprint(whole) }
  return { ...whole, metadata: { ...whole.metadata, annotations: applied } }
}

/** The API answers with `data` alone, so that the other could never be seen to be as it was applied. */
function withoutStringData({ stringData, ...secret }: { readonly [field: string]: Json }): {
  readonly [field: string]: Json
} {
  if (!isRecord(stringData)) return secret
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')])
  return { ...secret, data: { ...(isRecord(secret['data']) && secret['data']), ...Object.fromEntries(encoded) } }
}

export type Ownership = 'ours' | 'nobodys' | 'others'

export function ownershipOf({ metadata: { labels = {} } }: Thing, { instance, credential }: Owner): Ownership {
  const of = labels[INSTANCE_LABEL]
  if (of === undefined) return 'nobodys'
  const who = credential === undefined ? undefined : labelValue(credential)
  return of === labelValue(instance) && labels[CREDENTIAL_LABEL] === who ? 'ours' : 'others'
}
