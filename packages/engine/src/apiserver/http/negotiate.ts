/** Which form of the answer a client accepts. JSON always, YAML when asked for; protobuf is read but never written. */
import { notAcceptable } from '../../machinery/status.ts'

export interface Form {
  readonly media: 'json' | 'yaml'
  /** `Metadata` is PartialObjectMetadata, and its List for lists. */
  readonly as: 'Object' | 'Table' | 'Metadata'
  /** Of meta.k8s.io, for Table and Metadata. */
  readonly version: 'v1' | 'v1beta1'
}

const JSON_OBJECT: Form = { media: 'json', as: 'Object', version: 'v1' }
const YAML_TYPES: ReadonlySet<string> = new Set(['application/yaml', 'application/x-yaml', 'text/yaml'])
const AS: Readonly<Record<string, Form['as']>> = {
  Table: 'Table',
  PartialObjectMetadata: 'Metadata',
  PartialObjectMetadataList: 'Metadata',
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

/** Clients send a handful of Accept headers, over and over; a hostile one may send many, so the memory is bounded. */
const REMEMBERED = 256
const remembered: Readonly<Record<Purpose, Map<string, Form | undefined>>> = {
  answer: new Map(),
  watch: new Map(),
  'initial events': new Map(),
}

/**
 * What the form is for. A watch is a stream of JSON lines: YAML has no such form. One that begins with initial events is no Table
 * either, as upstream: the bookmark that ends them is read from an object's annotations.
 */
export type Purpose = 'answer' | 'watch' | 'initial events'

/** Throws ApiError 406. */
export function negotiate(accept: string | undefined, purpose: Purpose): Form {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return JSON_OBJECT
  const forms = remembered[purpose]
  if (!forms.has(accept)) {
    if (forms.size >= REMEMBERED) forms.clear()
    forms.set(accept, firstForm(accept, purpose))
  }
  const form = forms.get(accept)
  if (!form) throw notAcceptable(purpose === 'answer' ? ['application/json', 'application/yaml'] : ['application/json'])
  return form
}

function firstForm(accept: string, purpose: Purpose): Form | undefined {
  for (const clause of clausesOf(accept)) {
    const form = formOf(clause, purpose)
    if (form) return form
  }
  return undefined
}

function formOf({ type, parameters }: Clause, purpose: Purpose): Form | undefined {
  const media = mediaOf(type)
  if (media === undefined || (media === 'yaml' && purpose !== 'answer')) return undefined
  const asked = parameters.get('as')
  if (asked === undefined) return media === 'json' ? JSON_OBJECT : { ...JSON_OBJECT, media }
  const as = AS[asked]
  const version = parameters.get('v')
  if (as === undefined || (as === 'Table' && purpose === 'initial events')) return undefined
  if (parameters.get('g') !== 'meta.k8s.io') return undefined
  return version === 'v1' || version === 'v1beta1' ? { media, as, version } : undefined
}

function mediaOf(type: string): Form['media'] | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json'
  return YAML_TYPES.has(type) ? 'yaml' : undefined
}

export type DiscoveryForm = 'legacy' | 'v2' | 'v2beta1'

/** Throws ApiError 406. */
export function negotiateDiscovery(accept: string | undefined): DiscoveryForm {
  if (accept === undefined || accept === '') return 'legacy'
  for (const { type, parameters } of clausesOf(accept)) {
    if (mediaOf(type) !== 'json') continue
    if (!parameters.has('as')) return 'legacy'
    const version = parameters.get('v')
    const isAggregated =
      parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io'
    if (isAggregated && (version === 'v2' || version === 'v2beta1')) return version
  }
  throw notAcceptable(['application/json'])
}

/** Does the client take this exact media type? `*` counts only where nothing is named exactly. */
export function accepts(accept: string | undefined, type: string): boolean {
  return accept !== undefined && clausesOf(accept).some((clause) => clause.type === type)
}

/** The clauses of an Accept header, most wanted first. */
function clausesOf(accept: string): Clause[] {
  const clauses = accept.split(',').map(parseClause)
  return clauses.filter((clause) => clause.quality > 0).sort((a, b) => b.quality - a.quality)
}

function parseClause(text: string): Clause {
  const [type, ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals > 0) parameters.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  const quality = Number(parameters.get('q') ?? 1)
  return { type: type!.trim().toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality }
}
