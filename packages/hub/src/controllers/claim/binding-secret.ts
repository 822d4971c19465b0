/** The Secret of a binding: what belongs into it, and whether it is there as we wrote it. */
import { isUtf8 } from 'node:buffer'
import { isObject, stringifyJson, type Json } from '@larder/engine/base/json'
import type { Secret } from '@larder/engine/client/builtin'
import type { New } from '@larder/engine/client/client'
import type { OwnerReference } from '@larder/engine/machinery/object'
import type { Bound } from '@larder/kit'
import { bindingSecretType } from '../../model/binding-keys.ts'
import type { Claim } from '../../model/claim.ts'
import { API_VERSION } from '../../model/kind.ts'
import {
  CLAIM_LABEL,
  COPY_LABEL,
  CREDENTIAL_ANNOTATION,
  FINGERPRINT_ANNOTATION,
  FORMAT_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
} from '../../model/names.ts'
import type { Fingerprint } from '../fingerprint.ts'

type Data = Readonly<Record<string, string>>

export const bindingName = ({ spec, metadata }: Claim): string => spec.binding?.name ?? metadata.name

/** Ours is what this very claim made: it says its uid, which a foreign Secret cannot by accident. */
export const isOurs = (secret: Secret, claim: Claim): boolean =>
  isOwned(secret, claim) || secret.metadata.labels?.[CLAIM_LABEL] === claim.metadata.uid

/** By their uids the claims whose it is; for an index. Somebody may take away its labels, or its owner. */
export const claimUidsOf = ({ metadata }: Secret): readonly string[] => {
  const owners = (metadata.ownerReferences ?? []).filter(isMaker).map(({ uid }) => uid)
  const label = metadata.labels?.[CLAIM_LABEL]
  return label === undefined || owners.includes(label) ? owners : [...owners, label]
}

const isOwned = ({ metadata }: Secret, claim: Claim): boolean =>
  (metadata.ownerReferences ?? []).some((ref) => ref.uid === claim.metadata.uid && isMaker(ref))

/** What somebody else ties to the life of a claim names it as an owner too. */
const isMaker = ({ kind, controller }: OwnerReference): boolean => kind === 'Claim' && controller === true

/**
 * Of something that exists already and is the claim's alone. Whoever claimed the copy would have it as well, and many a policy that is
 * about the original by its labels is not about the copy.
 */
const isCopy = ({ spec, status }: Claim): boolean => (status?.resourceRef ?? spec.resourceRef) !== undefined

/** Base64 values of what the driver made; `type` and `provider` are always there, but for a Secret that is copied as it is. */
export function bindingData(
  bound: Extract<Bound, { phase: 'ready' }>,
  service: { readonly type: string; readonly provider: string },
  format: Format = 'WellKnown',
): Data {
  if (format === 'JSON') return { [JSON_KEY]: encode(plainValues(bound.values)) }
  const data: Record<string, string> = {}
  if (bound.secretType === undefined && format === 'WellKnown') {
    data['type'] = encode(service.type)
    data['provider'] = encode(service.provider)
  }
  for (const [key, value] of Object.entries(bound.values)) data[key] = encode(value)
  return data
}

type Format = NonNullable<NonNullable<Claim['spec']['binding']>['format']>

/** The one key of format JSON. */
const JSON_KEY = 'credentials.json'

const plainValues = (values: Readonly<Record<string, Json | Uint8Array>>): Json =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, plain(value)]))

/** JSON has no bytes: text as it is, all else in base64. */
function plain(value: Json | Uint8Array): Json {
  if (!(value instanceof Uint8Array)) return value
  const bytes = Buffer.from(value)
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64')
}

function encode(value: Json | Uint8Array): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  const text = typeof value === 'string' ? value : stringifyJson(value)
  return Buffer.from(text).toString('base64')
}

export interface SecretPlan {
  readonly claim: Claim
  readonly name: string
  readonly credentialId: string
  readonly data: Data
  readonly secretType: string | undefined
  readonly serviceType: string
}

export async function bindingSecret(plan: SecretPlan, fingerprint: Fingerprint): Promise<New<Secret>> {
  const { claim, data } = plan
  const format = claim.spec.binding?.format
  const { name, namespace = '', uid = '' } = claim.metadata
  return {
    metadata: {
      name: plan.name,
      namespace,
      labels: {
        ...claim.spec.binding?.labels,
        [MANAGED_BY_LABEL]: MANAGED_BY,
        [CLAIM_LABEL]: uid,
        ...(isCopy(claim) && { [COPY_LABEL]: 'true' }),
      },
      annotations: {
        [CREDENTIAL_ANNOTATION]: plan.credentialId,
        [FINGERPRINT_ANNOTATION]: await fingerprint(data),
        ...(format !== undefined && format !== 'WellKnown' && { [FORMAT_ANNOTATION]: format }),
      },
      ownerReferences: [
        { apiVersion: API_VERSION, kind: 'Claim', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    // The type of servicebinding.io promises its well-known keys.
    type:
      plan.secretType ??
      (format === undefined || format === 'WellKnown' ? bindingSecretType(plan.serviceType) : 'Opaque'),
    data,
  }
}

/** Whether the Secret still says what we wrote for these credentials. */
export async function isIntact(secret: Secret, claim: Claim, id: string, fingerprint: Fingerprint): Promise<boolean> {
  const { annotations = {}, labels = {} } = secret.metadata
  if (annotations[CREDENTIAL_ANNOTATION] !== id || labels[CLAIM_LABEL] !== claim.metadata.uid) return false
  if (!isOwned(secret, claim)) return false
  if (isCopy(claim) && labels[COPY_LABEL] !== 'true') return false
  if ((annotations[FORMAT_ANNOTATION] ?? 'WellKnown') !== (claim.spec.binding?.format ?? 'WellKnown')) return false
  const wanted = Object.entries(claim.spec.binding?.labels ?? {})
  if (wanted.some(([key, value]) => labels[key] !== value)) return false
  const data = isObject(secret.data) ? secret.data : {}
  return annotations[FINGERPRINT_ANNOTATION] === (await fingerprint(data))
}
