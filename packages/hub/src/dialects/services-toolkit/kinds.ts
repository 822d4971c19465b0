/**
 * The kinds of Services Toolkit that are stored: ClusterInstanceClass, ResourceClaim, ResourceClaimPolicy and ClassClaim, with the
 * fields, conditions and columns of their inventor. InstanceQuery only answers, and is said beside what answers it.
 *
 * Where a document of theirs, or a slip that its users made, says a field that means nothing, the schema has the field and a rule that
 * names the right one: a field that is merely unknown would be dropped, and the policy would permit something else than what was meant.
 */
import { createHash } from 'node:crypto'
import type { JsonObject } from '@larder/engine/base/json'
import type { ResourceType } from '@larder/engine/client/types'
import { parseApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import { definitionOf } from '../../model/foreign-kind.ts'
import type { PrinterColumn } from '../../model/kind.ts'
import {
  choice,
  freeObject,
  list,
  map,
  object,
  required,
  text,
  time,
  whole,
  type Field,
  type Fields,
  type ValueOf,
} from '../../model/schema.ts'
import { ageColumn, labelSelector, messageColumn, objectName, readyColumns } from '../../model/shared-fields.ts'

/** The name of the door, as in `spec.origin.door` of what it makes. */
export const STK_DOOR = 'services-toolkit'

export const STK_GROUP = 'services.apps.tanzu.vmware.com'
const VERSION = 'v1alpha1'
export const STK_API_VERSION = `${STK_GROUP}/${VERSION}`

/** Both are on every ResourceClaim that holds or may hold something; upstream's second guarded its Lease, here both go together. */
export const RESOURCE_CLAIM_FINALIZERS = [
  'resourceclaims.services.apps.tanzu.vmware.com/finalizer',
  'resourceclaims.services.apps.tanzu.vmware.com/lease-finalizer',
] as const

/** On the ResourceClaim under a ClassClaim: the name of that ClassClaim, for selectors. What decides is `isMirror`. */
export const CLASS_CLAIM_LABEL = `${STK_GROUP}/class-claim`

const condition = object('One condition.', {
  type: required(text('What is said.')),
  status: required(choice('Whether it holds.', ['True', 'False', 'Unknown'])),
  observedGeneration: whole('The generation of the object that was looked at.'),
  lastTransitionTime: required(time('When `status` last changed.')),
  reason: required(text('Why, in one word; `Ready` where the condition Ready is True.')),
  message: required(text('One sentence for people.')),
})

const statusWith = <P extends Fields>(types: string, fields: P) =>
  object('What became of it.', {
    observedGeneration: whole('The generation of the object that this status was made from.'),
    conditions: list(`What is true of it now: ${types}.`, condition, { key: 'type' }),
    ...fields,
  })

const bindingOfStatus = object('The Secret with the credentials; a claim is a Provisioned Service.', {
  name: required(text('Its name, in the namespace of the claim.')),
})

const objectRef = (description: string) =>
  object(description, {
    apiVersion: required(text('Its apiVersion.')),
    kind: required(text('Its kind.')),
    name: required(text('Its name.')),
    namespace: text('Its namespace.'),
  })

/** `v1` is what people write who mean Secrets; it would select nothing. */
const groupName = (description: string, field: string) =>
  text(`${description} Absent or \`""\`: the core group, that of Secret.`, {
    maxLength: 253,
    rules: [
      {
        rule: String.raw`!self.matches('^v[0-9]+((alpha|beta)[0-9]+)?$')`,
        message: `${field} is the name of an API group, without a version; that of Secret is "", or leave it out`,
      },
      {
        rule: "!self.contains('/')",
        message: `${field} is the name of an API group, without a version: "example.com" of the apiVersion example.com/v1`,
      },
    ],
  })

const pool = object(
  'Instances that exist already: all objects of one kind that the selectors match, in every namespace.',
  {
    group: groupName('The API group of the objects.', 'spec.pool.group'),
    kind: required(
      text('The kind of the objects; the version is what the API prefers.', { minLength: 1, maxLength: 253 }),
    ),
    labelSelector: labelSelector('By labels. Absent: all.'),
    fieldSelector: text('By fields that the API can select by, `type=servicebinding.io/redis`. Absent: all.', {
      minLength: 1,
      maxLength: 1024,
    }),
  },
)

const crossplane = object('What new instances are made by.', {
  compositeResourceDefinition: required(
    text('A name; here the Class of that name makes them.', { minLength: 1, maxLength: 253 }),
  ),
  compositionSelector: object('Which Composition, by labels. A Class has plans instead: refused in status.', {
    matchLabels: map('Labels.', text('The value.')),
  }),
  compositionRef: object('Which Composition, by name. A Class has plans instead: refused in status.', {
    name: required(text('Its name.')),
  }),
  compositionUpdatePolicy: choice(
    '`Manual`: an instance stays as it was made until somebody moves it, which is what holds here. `Automatic`: refused in status.',
    ['Automatic', 'Manual'],
  ),
})

const classSpec = object(
  'What can be claimed: `pool` or `provisioner`.',
  {
    description: object('For people who choose.', { short: text('One line.') }),
    pool,
    provisioner: object('Instances that are made for each claim.', { crossplane: required(crossplane) }),
  },
  {
    rules: [
      {
        rule: 'has(self.pool) != has(self.provisioner)',
        message: 'exactly one of spec.pool and spec.provisioner is needed',
      },
    ],
  },
)

const classStatus = statusWith('`Ready`', {
  instanceType: object('The kind of the instances.', {
    group: text('Its API group; absent for the core group.'),
    kind: required(text('The kind.')),
    version: required(text('The version that the API prefers.')),
  }),
  claimParameters: object('What a ClassClaim may say, of a class with a provisioner.', {
    openAPIV3Schema: freeObject('A structural schema.'),
  }),
})

const CLAIM_TYPES = '`Ready`, `ResourceMatched` and `ResourceClaimed`, always all three'

const resourceClaimSpec = object('What is claimed.', {
  ref: required(
    object('A Secret that exists, or any object with `status.binding.name`.', {
      apiVersion: required(text('Its apiVersion: `v1`, `example.com/v1`.', { minLength: 1, maxLength: 253 })),
      kind: required(text('Its kind.', { minLength: 1, maxLength: 253 })),
      name: required(objectName('Its name.')),
      namespace: text('Its namespace. Absent: that of the claim. In another one a ResourceClaimPolicy is needed.', {
        maxLength: 253,
      }),
    }),
  ),
})

const resourceClaimStatus = statusWith(CLAIM_TYPES, {
  binding: bindingOfStatus,
  claimedResourceRef: objectRef('What the claim holds.'),
})

const subjectFields = {
  group: groupName('The API group of what may be claimed.', 'subject.group'),
  kind: text('The kind of what may be claimed.', { minLength: 1, maxLength: 253 }),
  selector: labelSelector('Objects by their labels. Absent: all labels.'),
  resourceNames: list('Objects by name. Absent: all names.', text('A name.', { maxLength: 253 }), {
    minItems: 1,
    maxItems: 1000,
  }),
}

/** What users wrote for `resourceNames`, and for `group`. */
const misplaced = {
  name: text('Not a field of this kind: refused; names stand in `resourceNames`.', { maxLength: 253 }),
  names: list(
    'Not a field of this kind: refused; names stand in `resourceNames`.',
    text('A name.', { maxLength: 253 }),
    {
      maxItems: 1000,
    },
  ),
  apiVersion: text('Not a field of this kind: refused; the group stands in `group`.', { maxLength: 253 }),
}

const misplacedRules = (at: string) => [
  { rule: '!has(self.name)', message: `${at}.name does not exist; write resourceNames: [..], a list of names` },
  { rule: '!has(self.names)', message: `${at}.names does not exist; write resourceNames: [..]` },
  { rule: '!has(self.apiVersion)', message: `${at}.apiVersion does not exist; write group, without a version` },
]

const policySubject = object(
  'What may be claimed, of what lives in the namespace of the policy.',
  { ...subjectFields, kind: required(subjectFields.kind), ...misplaced },
  { rules: misplacedRules('spec.subject') },
)

const policySpec = object(
  'Who else may claim what lives in the namespace of the policy. What is claimed stands in `subject`.',
  {
    consumingNamespaces: required(
      list(
        'Namespaces whose claims are permitted; `*` for all.',
        text('A namespace, or `*`; no pattern, which would permit nothing.', {
          minLength: 1,
          maxLength: 253,
          rules: [
            {
              rule: String.raw`self.matches('^([*]|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$')`,
              message: 'a namespace by its name, or "*" alone for all; there are no patterns',
            },
          ],
        }),
        {
          maxItems: 1000,
        },
      ),
    ),
    subject: policySubject,
    ...subjectFields,
    ...misplaced,
  },
  {
    rules: [
      {
        rule: 'has(self.subject) != has(self.kind)',
        message:
          'exactly one of spec.subject and, as later documents of Services Toolkit print it, spec.kind is needed',
      },
      {
        rule: '!has(self.subject) || (!has(self.group) && !has(self.selector) && !has(self.resourceNames))',
        message: 'group, selector and resourceNames stand in spec.subject',
      },
      ...misplacedRules('spec'),
    ],
  },
)

const policyStatus = statusWith('`Ready`', {})

const classClaimSpec = object('What is wanted.', {
  classRef: required(object('The ClusterInstanceClass.', { name: required(objectName('Its name.')) })),
  parameters: freeObject('What the class lets a claim say, of a class with a provisioner.'),
})

const classClaimStatus = statusWith(
  '`Ready`, `ClassMatched`, `Validated` and `ResourceClaimCreated`, always all four',
  {
    binding: bindingOfStatus,
    resourceRef: objectRef('What the claim holds.'),
    provisionedResourceRef: objectRef('What was made for the claim, of a class with a provisioner.'),
  },
)

export interface ClusterInstanceClass extends KubeObject {
  readonly spec: ValueOf<typeof classSpec>
  readonly status?: ValueOf<typeof classStatus>
}

export interface ResourceClaim extends KubeObject {
  readonly spec: ValueOf<typeof resourceClaimSpec>
  readonly status?: ValueOf<typeof resourceClaimStatus>
}

export interface ResourceClaimPolicy extends KubeObject {
  readonly spec: ValueOf<typeof policySpec>
  readonly status?: ValueOf<typeof policyStatus>
}

export interface ClassClaim extends KubeObject {
  readonly spec: ValueOf<typeof classClaimSpec>
  readonly status?: ValueOf<typeof classClaimStatus>
}

export type StkCondition = ValueOf<typeof condition>
export type ObjectRef = ValueOf<ReturnType<typeof objectRef>>

const typeOf = <T extends KubeObject>(kind: string, resource: string, namespaced: boolean): ResourceType<T> => ({
  group: STK_GROUP,
  version: VERSION,
  resource,
  kind,
  namespaced,
})

export const instanceClassType = typeOf<ClusterInstanceClass>('ClusterInstanceClass', 'clusterinstanceclasses', false)
export const resourceClaimType = typeOf<ResourceClaim>('ResourceClaim', 'resourceclaims', true)
export const resourceClaimPolicyType = typeOf<ResourceClaimPolicy>('ResourceClaimPolicy', 'resourceclaimpolicies', true)
export const classClaimType = typeOf<ClassClaim>('ClassClaim', 'classclaims', true)

const descriptionColumn: PrinterColumn = {
  name: 'Description',
  type: 'string',
  jsonPath: '.spec.description.short',
  description: 'For people who choose.',
}
const secretColumn: PrinterColumn = {
  name: 'Secret',
  type: 'string',
  jsonPath: '.status.binding.name',
  description: 'The Secret with the credentials.',
  wide: true,
}
const classColumn: PrinterColumn = {
  name: 'Class',
  type: 'string',
  jsonPath: '.spec.classRef.name',
  description: 'The class that was asked for.',
}

/** Of things that can be bound: what tells tools that look for services. */
const provisionedService = { 'servicebinding.io/provisioned-service': 'true' }

type Definition = JsonObject & KubeObject

export const stkDefinitions = (): readonly Definition[] => [
  definition(
    instanceClassType,
    'A ClusterInstanceClass says which instances of a service can be claimed: a pool of those that exist, or a provisioner that makes them. The platform team writes it.',
    { spec: classSpec, status: classStatus, columns: [descriptionColumn, ...readyColumns, messageColumn] },
  ),
  definition(
    resourceClaimType,
    'A ResourceClaim holds one object, a Secret or anything with `status.binding.name`, for its namespace alone, and keeps a copy of its Secret there.',
    {
      spec: resourceClaimSpec,
      status: resourceClaimStatus,
      columns: [...readyColumns, secretColumn, messageColumn, ageColumn],
      labels: provisionedService,
    },
  ),
  definition(
    resourceClaimPolicyType,
    'A ResourceClaimPolicy says which other namespaces may claim what lives in its own.',
    { spec: policySpec, status: policyStatus, columns: [...readyColumns, messageColumn, ageColumn] },
  ),
  definition(
    classClaimType,
    'A ClassClaim asks for any one instance of a class, and holds what it found or what was made for it.',
    {
      spec: classClaimSpec,
      status: classClaimStatus,
      columns: [classColumn, ...readyColumns, secretColumn, messageColumn, ageColumn],
      labels: provisionedService,
    },
  ),
]

/** Unlike some kinds of other groups, none of these means anything without its spec. */
function definition(
  type: ResourceType,
  description: string,
  rest: {
    readonly spec: Field<unknown>
    readonly status: Field<unknown>
    readonly columns: readonly PrinterColumn[]
    readonly labels?: Readonly<Record<string, string>>
  },
): Definition {
  const made = definitionOf({ ...type, description, ...rest }) as unknown as KubeObject & {
    readonly metadata: { readonly labels: JsonObject }
    readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: JsonObject } }] }
  }
  const [version] = made.spec.versions
  const schema = { openAPIV3Schema: { ...version.schema.openAPIV3Schema, required: ['spec'] } }
  return {
    ...made,
    metadata: { ...made.metadata, labels: { ...made.metadata.labels, ...rest.labels } },
    spec: { ...made.spec, versions: [{ ...version, schema }] },
  } as unknown as Definition
}

/** The subject of a policy, in whichever of the two places it stands. */
export function subjectOf({ spec }: ResourceClaimPolicy): {
  readonly group: string
  readonly kind: string
  readonly selector?: NonNullable<ResourceClaimPolicy['spec']['selector']>
  readonly resourceNames?: readonly string[]
} {
  const { group = '', kind = '', selector, resourceNames } = spec.subject ?? spec
  return { group, kind, ...(selector && { selector }), ...(resourceNames && { resourceNames }) }
}

/** The name of the ResourceClaim under a ClassClaim: determined, so that a crash never makes two. */
export function mirrorName(classClaim: { readonly name: string; readonly uid: string }): string {
  const hash = createHash('sha256').update(classClaim.uid).digest('hex').slice(0, 10)
  return `${classClaim.name.slice(0, 200).replace(/[.-]+$/, '')}-${hash}`
}

/**
 * Whether a ResourceClaim is the mirror under a ClassClaim, which alone writes it. Owner and name decide together: one that only says
 * such an owner is a claim like any other, so that none stays without a status.
 */
export function isMirror({ metadata }: Pick<ResourceClaim, 'metadata'>): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner?.kind !== 'ClassClaim' || parseApiVersion(owner.apiVersion).group !== STK_GROUP) return false
  return metadata.name === mirrorName(owner)
}
