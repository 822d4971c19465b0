/** The stack of an object: its name, its template and what the template is told. */
import { isObject, type Json } from '@larder/engine/base/json'
import { createHash } from 'node:crypto'
import type { Instance } from '../../model/instance.ts'
import type { Blocked, Neighbours, WantedService } from '../../resource-door/resource-door.ts'
import { instanceOf } from '../../resource-door/write-instance.ts'
import { resourceTypeOf, templateType } from './kinds.ts'
import { ASO_DOOR, type AsoObject, type From, type ResourceModel } from './model.ts'
import { settingsAt, settingsOf, type Settings } from './settings.ts'

const LONGEST_NAME = 128
const DIGEST_LENGTH = 10

/**
 * That of the operator, in which different objects can have one name: `a-b` in `c` and `a` in `b-c`. Where its rule gives what CloudFormation does not
 * take, an underscore or more than 128 characters, ours differs.
 */
export function stackNameOf(
  { clusterName }: Pick<Settings, 'clusterName'>,
  kind: string,
  { metadata }: AsoObject,
): string {
  const whole = [clusterName, kind.toLowerCase(), metadata.name, metadata.namespace].join('-')
  const name = whole.replaceAll(/[^a-zA-Z0-9-]+/g, '-')
  if (name.length <= LONGEST_NAME) return name
  const digest = createHash('sha256').update(whole).digest('hex').slice(0, DIGEST_LENGTH)
  return `${name.slice(0, LONGEST_NAME - DIGEST_LENGTH - 1)}-${digest}`
}

/** What becomes of what is in a stack when its object goes: `delete` or `retain`. */
export const DELETION_POLICY_ANNOTATION = 'service-operator.aws/deletion-policy'

export const deletionPolicyOf = ({ metadata }: AsoObject): string | undefined =>
  metadata.annotations?.[DELETION_POLICY_ANNOTATION]?.toLowerCase()

export function wantedStack(model: ResourceModel, object: AsoObject, neighbours: Neighbours): WantedService | Blocked {
  const settings = settingsOf(neighbours)
  const instance = instanceOf(ASO_DOOR, object, neighbours)
  // The name of what exists stays, whatever the hub is called by now.
  const name = instance?.spec.externalName ?? stackNameOf(settings, model.kind, object)
  const problem = policyProblem(object) ?? nameProblem(model, object, instance, name, neighbours)
  if (problem) return problem
  const template = templateFor(model, object, settings, neighbours)
  if ('blocked' in template) return template
  const resolved = model.resolve?.(object, neighbours) ?? {}
  if ('blocked' in resolved) return resolved as Blocked
  const tags = tagsOf(object, settings, instance)
  return {
    type: model.kind.toLowerCase(),
    recipe: { template: template.text, tags, outputs: outputsOf(model) },
    parameters: { ...tags, ...parametersOf(model, object), ...resolved },
    externalName: name,
    ...(template.from && { contentFrom: template.from }),
  }
}

function policyProblem(object: AsoObject): Blocked | undefined {
  const policy = deletionPolicyOf(object)
  if (policy === undefined || policy === 'delete' || policy === 'retain') return undefined
  const message = `annotation ${DELETION_POLICY_ANNOTATION}: must be delete or retain, and is ${JSON.stringify(policy)}`
  return { blocked: { reason: 'InvalidAnnotation', message } }
}

/** Of two objects whose names make one stack, the one that has it keeps it, else the older one gets it. */
function nameProblem(
  model: ResourceModel,
  object: AsoObject,
  instance: Instance | undefined,
  stack: string,
  neighbours: Neighbours,
): Blocked | undefined {
  if (instance) return undefined
  const others = neighbours
    .cache(resourceTypeOf(model))
    .byIndex(STACK_NAME, stackKey(object))
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid)
  const first = others.find((other) => instanceOf(ASO_DOOR, other, neighbours) !== undefined || isOlder(other, object))
  if (!first) return undefined
  const { namespace, name } = first.metadata
  const message = `stack ${stack} is that of ${model.kind} ${namespace}/${name}, whose name and namespace give the same name`
  return { blocked: { reason: 'NameTaken', message } }
}

const isOlder = (a: AsoObject, b: AsoObject): boolean => ageOf(a) < ageOf(b)
const ageOf = ({ metadata }: AsoObject): string => `${metadata.creationTimestamp} ${metadata.uid}`

/** An index of objects of one kind: those whose stacks have one name. */
export const STACK_NAME = 'stack-name'
/** Whatever the hub is called. */
export const stackKey = (object: AsoObject): string => stackNameOf({ clusterName: '' }, '', object)

/** `NAMESPACE/NAME` of CloudFormationTemplates that an object would use, if they are there. */
export const TEMPLATE = 'template'
export const templateKeys = (kind: string, { spec }: AsoObject): readonly string[] => [
  `${textOf(spec?.['cloudFormationTemplateNamespace'])}/${textOf(spec?.['cloudFormationTemplateName']) || kind.toLowerCase()}`,
]

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function templateFor(
  model: ResourceModel,
  object: AsoObject,
  { defaultNamespace }: Settings,
  { cache }: Neighbours,
): Template | Blocked {
  const said = textOf(object.spec?.['cloudFormationTemplateName'])
  const namespace = textOf(object.spec?.['cloudFormationTemplateNamespace']) || defaultNamespace
  const builtin = { text: builtinTemplate(model, deletionPolicyOf(object)) }
  if (namespace === undefined) return said === '' ? builtin : missing(NAMESPACE_MISSING)
  const name = said || model.kind.toLowerCase()
  const found = cache(templateType).get(name, namespace)
  if (found) {
    const what = `CloudFormationTemplate ${namespace}/${name}`
    if (found.data?.template === undefined) return missing(`${what} has no data.template`)
    const isTrusted = namespace === object.metadata.namespace || namespace === defaultNamespace
    return { text: found.data.template, ...(!isTrusted && { from: { what, namespace } }) }
  }
  if (said !== '')
    return missing(`spec.cloudFormationTemplateName: there is no CloudFormationTemplate ${namespace}/${said}`)
  return builtin
}

interface Template {
  readonly text: string
  /** It is of another namespace, which the settings do not name. */
  readonly from?: NonNullable<WantedService['contentFrom']>
}

const NAMESPACE_MISSING = `spec.cloudFormationTemplateNamespace: is required, since key default-namespace of ConfigMap ${settingsAt.namespace}/${settingsAt.name} names none`

const missing = (message: string): Blocked => ({ blocked: { reason: 'TemplateNotFound', message } })

/** `retain` keeps the whole stack (controllers.ts), so only `delete` changes a template, and only one that keeps something. */
export const builtinTemplate = (model: ResourceModel, policy: string | undefined): string =>
  JSON.stringify(model.template(model.keeps === true && policy !== 'delete' ? 'Retain' : 'Delete'))

function tagsOf(object: AsoObject, { clusterName }: Settings, instance: Instance | undefined): Record<string, string> {
  const { name, namespace = '', resourceVersion = '' } = object.metadata
  const before = isObject(instance?.spec.recipe?.['tags']) ? instance.spec.recipe['tags'] : {}
  return {
    ResourceName: name,
    // Of the object as the stack was first asked for: one that follows each write would be a change of the stack at each.
    ResourceVersion: textOf(before['ResourceVersion']) || resourceVersion,
    Namespace: namespace,
    ClusterName: textOf(before['ClusterName']) || clusterName,
  }
}

function parametersOf(model: ResourceModel, object: AsoObject): Record<string, string> {
  const fields = Object.entries(model.parameters).map(([name, value]) => [name, valueOf(object, value)])
  return {
    ...(model.nameParameter !== undefined && { [model.nameParameter]: object.metadata.name }),
    ...Object.fromEntries(fields),
  }
}

function valueOf({ spec }: AsoObject, { path, or }: From): string {
  const parts = path.split('.')
  const value = parts.reduce<Json | undefined>((at, part) => (isObject(at) ? at[part] : undefined), spec)
  return String(value === undefined || value === null || value === '' ? or : value)
}

/** By the object's own names, so that what a template leaves out is left out here. */
function outputsOf({ outputs }: ResourceModel): Record<string, string> {
  const own = Object.entries(outputs).map(([field, output]) => [field, `\${output.${output}?}`])
  return { ...Object.fromEntries(own), region: '${region}', accountID: '${accountID}' }
}
