/** What an object wants of AWS, or what must be there first. */
import { configMapType, namespaceType } from '@larder/engine/client/builtin'
import type { Blocked, Neighbours, Place, WantedService } from '../../resource-door/resource-door.ts'
import { annotationProblem, existingOf, ownerAccountOf, placeProblem, regionOf } from './annotations.ts'
import type { AckKind, AckObject } from './kinds/kinds.ts'
import { propertiesOf } from './properties.ts'
import { resolved, siblingAhead } from './references.ts'
import { secretsWanted } from './secrets.ts'
import { sourcesOf } from './sources.ts'

/** Of annotations. */
export const ANNOTATION_INVALID = 'AnnotationInvalid'

export function wantOf(kind: AckKind, object: AckObject, neighbours: Neighbours): WantedService | Blocked {
  const id = String(object.spec?.[kind.id] ?? '')
  const problem = annotationProblem(object, kind.id, id)
  if (problem !== undefined) return { blocked: { reason: ANNOTATION_INVALID, message: problem } }
  const names = resolved(kind, object, neighbours)
  if (isBlocked(names)) return names
  const parametersFrom = secretsWanted(kind, object, neighbours)
  if (isBlocked(parametersFrom)) return parametersFrom
  const ahead = siblingAhead(kind, object, neighbours)
  if (ahead) return ahead
  const place = placeOf(object, neighbours)
  if (isBlocked(place)) return place
  const sources = sourcesOf(kind, object, neighbours)
  return {
    place,
    type: `elasticache-${kind.type.kind.toLowerCase()}`,
    recipe: { resource: { type: kind.type.kind, ...(sources && { sources }) } },
    parameters: propertiesOf(kind, object, names),
    ...(parametersFrom.length > 0 && { parametersFrom }),
    externalName: id.toLowerCase(),
    existing: existingOf(object),
  }
}

const isBlocked = (value: object): value is Blocked => 'blocked' in value

/** In which namespace ACK runs, and where it looks for the roles of accounts. */
const ACK_SYSTEM = 'ack-system'
const ROLE_MAP = 'ack-role-account-map'

export const isRoleMap = ({
  metadata,
}: {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}) => metadata.name === ROLE_MAP && metadata.namespace === ACK_SYSTEM

function placeOf(object: AckObject, { cache }: Neighbours): Place | Blocked {
  const namespace = cache(namespaceType).get(object.metadata.namespace ?? '')
  const made = object.status?.['ackResourceMetadata'] as { readonly region?: string } | undefined
  const region = regionOf(object, made?.region, namespace)
  const accountID = ownerAccountOf(namespace)
  const problem = placeProblem(object, {
    ...(region !== undefined && { region }),
    ...(accountID !== undefined && { accountID }),
  })
  if (problem !== undefined) return { blocked: { reason: ANNOTATION_INVALID, message: problem } }
  if (accountID === undefined) return { ...(region !== undefined && { region }) }
  const roleARN = cache(configMapType).get(ROLE_MAP, ACK_SYSTEM)?.data?.[accountID]
  return {
    accountID,
    ...(region !== undefined && { region }),
    ...(roleARN !== undefined && { roleARN }),
  }
}
