/** What annotations say, of an object and of its namespace. */
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Instance } from '../../model/instance.ts'
import { ELASTICACHE_GROUP, SERVICES_GROUP } from './kinds/fields.ts'

const REGION = `${SERVICES_GROUP}/region`
const DEFAULT_REGION = `${SERVICES_GROUP}/default-region`
const OWNER_ACCOUNT = `${SERVICES_GROUP}/owner-account-id`
const DELETION_POLICY = `${SERVICES_GROUP}/deletion-policy`
/** On a namespace, for the kinds of this group alone. */
const NAMESPACE_DELETION_POLICY = `${ELASTICACHE_GROUP}/deletion-policy`
export const ADOPTION_POLICY = `${SERVICES_GROUP}/adoption-policy`
const ADOPTION_FIELDS = `${SERVICES_GROUP}/adoption-fields`
const READ_ONLY = `${SERVICES_GROUP}/read-only`

type Annotated = Pick<KubeObject, 'metadata'>

const annotation = ({ metadata }: Annotated, name: string): string | undefined => metadata.annotations?.[name]

/** Where the thing is says the object; where it is to be, its annotation or that of its namespace. */
export const regionOf = (object: Annotated, made: string | undefined, namespace: Annotated | undefined) =>
  annotation(object, REGION) ?? made ?? (namespace && annotation(namespace, DEFAULT_REGION))

/** As Backends of AWS take it. */
const REGION_PATTERN = /^[a-z]{2,}(-[a-z]+)+-[0-9]+$/
const ACCOUNT_PATTERN = /^[0-9]{12}$/

/** Of what is no region and no account nothing can be made, and a Backend that is kept for it would stay, for the whole cluster. */
export function placeProblem(
  object: Annotated,
  { region, accountID }: { readonly region?: string; readonly accountID?: string },
): string | undefined {
  const of = ` of namespace ${object.metadata.namespace}`
  if (region !== undefined && !REGION_PATTERN.test(region)) {
    const where = annotation(object, REGION) === undefined ? `${DEFAULT_REGION}${of}` : REGION
    return `annotation ${where}: is a region, as eu-west-1 is, and not ${JSON.stringify(region)}`
  }
  if (accountID === undefined || ACCOUNT_PATTERN.test(accountID)) return undefined
  return `annotation ${OWNER_ACCOUNT}${of}: is an account, a number of 12 digits, and not ${JSON.stringify(accountID)}`
}

export const ownerAccountOf = (namespace: Annotated | undefined): string | undefined =>
  namespace && annotation(namespace, OWNER_ACCOUNT)

export const deletionPolicyOf = (object: Annotated, namespace: Annotated | undefined): 'Delete' | 'Retain' => {
  const said =
    annotation(object, DELETION_POLICY) ?? (namespace && annotation(namespace, NAMESPACE_DELETION_POLICY)) ?? 'delete'
  return said.toLowerCase() === 'retain' ? 'Retain' : 'Delete'
}

/** What is wrong with the annotations; they have no schema that would refuse it. */
export function annotationProblem(object: Annotated, id: string, name: string): string | undefined {
  const adoption = annotation(object, ADOPTION_POLICY)
  if (adoption !== undefined && !['adopt', 'adopt-or-create'].includes(adoption)) {
    return `annotation ${ADOPTION_POLICY}: is adopt or adopt-or-create`
  }
  const deletion = annotation(object, DELETION_POLICY)
  if (deletion !== undefined && !['delete', 'retain'].includes(deletion)) {
    return `annotation ${DELETION_POLICY}: is delete or retain`
  }
  const fields = annotation(object, ADOPTION_FIELDS)
  if (fields === undefined) return undefined
  const said = parsed(fields)
  if (said === undefined) return `annotation ${ADOPTION_FIELDS}: is a JSON object`
  const other = said[id]
  return other === undefined || other === name
    ? undefined
    : `annotation ${ADOPTION_FIELDS}: ${id} is not that of spec.${id}`
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

export function existingOf(object: Annotated): NonNullable<Instance['spec']['existing']> {
  if (annotation(object, READ_ONLY) === 'true') return 'Observe'
  const policy = annotation(object, ADOPTION_POLICY)
  if (policy === 'adopt') return 'Adopt'
  return policy === 'adopt-or-create' ? 'AdoptOrCreate' : 'Refuse'
}
