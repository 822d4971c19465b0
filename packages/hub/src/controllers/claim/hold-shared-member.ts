/** For a pool whose members are shared: the member that this claim joins, with the fewest claims on it. */
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Ref } from '@larder/kit'
import { claimKind, type Claim } from '../../model/claim.ts'
import type { Class } from '../../model/class.ts'
import { instanceKind, type Instance } from '../../model/instance.ts'
import { isShared, nameIn } from '../../model/instance-use.ts'
import { FINALIZER, INSTANCE_NAMESPACE, resourceInstanceName } from '../../model/names.ts'
import type { Resolved } from '../../model/resolve-instance.ts'
import { provisioning } from './await-instance.ts'
import { recordOf } from './hold-record.ts'
import { chooseInstance } from './choose-instance.ts'
import { goes, joinMarks, joinShared } from './hold-shared.ts'
import { notPermitted, permission } from './permission.ts'
import { planFirst, SOON_MS } from './plan-credential.ts'
import type { Member } from './pool-lines.ts'
import { refer } from './refer.ts'

/** Undefined when there is nothing that the claim may share. */
export async function holdSharedMember(
  pass: Pass<Claim>,
  service: Class,
  resolved: Resolved,
  members: readonly Member[],
): Promise<Outcome | undefined> {
  const member = chosen(pass, members, resolved) ?? best(pass, service, resolved, members)
  if (!member) return undefined
  const { apiVersion, kind, namespace, name } = member
  pass.status.resourceRef = { apiVersion, kind, namespace, name }
  const record = recordOf(pass, member)
  if (!record) return makeRecord(pass, service, resolved, member)
  if (record.metadata.deletionTimestamp === undefined) return joinShared(pass, record, resolved.role)
  await chooseInstance(pass, placeOf(member), pass.status.resourceRef)
  return goes()
}

/** A choice stays: others may have left because of it. */
function chosen(pass: Pass<Claim>, members: readonly Member[], { role }: Resolved): Member | undefined {
  const { resourceRef, instanceRef } = pass.object.status ?? {}
  if (!resourceRef || !instanceRef) return undefined
  const member = members.find((m) => nameIn(m) === nameIn(resourceRef))
  if (!member) {
    throw new Stalled('ResourceNotFound', `${resourceRef.kind} ${nameIn(resourceRef)} is no longer in the pool`)
  }
  if (permission(pass, pass.object.metadata.namespace ?? '', member, role) !== 'yes') throw notPermitted(pass.object)
  return member
}

/** What lives beside the claim first, since nobody else needs less permission for it; then what fewest use. */
function best(pass: Pass<Claim>, service: Class, { role }: Resolved, members: readonly Member[]): Member | undefined {
  const { namespace = '' } = pass.object.metadata
  const users = (member: Member) => pass.cache(claimKind).byIndex('instance', nameIn(placeOf(member))).length
  const order = members
    .filter((member) => permission(pass, namespace, member, role) === 'yes' && isOpen(recordOf(pass, member), service))
    .map((member) => ({ member, away: Number(member.namespace !== namespace), users: users(member) }))
  order.sort((a, b) => a.away - b.away || a.users - b.users || (nameIn(a.member) < nameIn(b.member) ? -1 : 1))
  return order[0]?.member
}

/** Held by nobody, or shared by claims of the same class. */
const isOpen = (record: Instance | undefined, { metadata }: Class): boolean =>
  record === undefined || (isShared(record) && record.spec.className === metadata.name)

const placeOf = (resource: Ref) => ({ namespace: INSTANCE_NAMESPACE, name: resourceInstanceName(resource) })

async function makeRecord(
  pass: Pass<Claim>,
  service: Class,
  resolved: Resolved,
  { apiVersion, kind, namespace, name, uid }: Member,
): Promise<Outcome> {
  const resourceRef = { apiVersion, kind, namespace, name, ...(uid !== undefined && { uid }) }
  const place = placeOf(resourceRef)
  const since = await chooseInstance(pass, place, { apiVersion, kind, namespace, name })
  try {
    const record = await pass.client.of(instanceKind).create({
      metadata: { ...place, finalizers: [FINALIZER], annotations: joinMarks(pass.object, since) },
      spec: {
        ...resolved.spec,
        revision: service.status?.revision ?? '',
        resourceRef,
        externalID: place.name,
        existing: 'Observe',
        reclaimPolicy: 'Release',
      },
    })
    refer(pass, record)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return wait('Provisioning', 'another claim takes the same member of the pool', SOON_MS)
  }
  planFirst(pass, resolved.role)
  return provisioning(pass)
}
