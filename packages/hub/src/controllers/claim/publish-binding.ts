/** Credentials of the claim's own, in a Secret beside it. */
import { secretType, type Secret } from '@larder/engine/client/builtin'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { done, Stalled, wait, type Outcome } from '@larder/engine/runtime/outcome'
import { formatTime } from '@larder/engine/runtime/conditions'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Bound } from '@larder/kit'
import type { Claim, ClaimCredential } from '../../model/claim.ts'
import type { Instance } from '../../model/instance.ts'
import { CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION, FORMAT_ANNOTATION } from '../../model/names.ts'
import type { HubContext } from '../context.ts'
import { DriverFailure } from '../session/failure.ts'
import { bindingData, bindingSecret, isIntact, isOurs } from './binding-secret.ts'
import { bindingParameters } from './binding-parameters.ts'
import { credentialOf, openBinding, rememberCredential, type Binding } from './binding.ts'
import { heldInstance } from './held-instance.ts'
import { plannedCredential, SOON_MS } from './plan-credential.ts'
import { revoke } from './revoke.ts'
import { nameTaken, secretName } from './secret-name.ts'

type Ready = Extract<Bound, { phase: 'ready' }>

/** Where the credentials are, or belong. */
interface Place {
  readonly name: string
  readonly existing: Secret | undefined
  readonly intact: boolean
}

export const publishBinding = (hub: HubContext) =>
  async function publishBinding(pass: Pass<Claim>): Promise<Outcome> {
    const instance = heldInstance(pass)
    const credential = pass.object.status?.credential
    if (!instance || !credential) return wait('Binding', 'credentials are being made')
    if (isUnnamed(pass.object)) return wait('Binding', `${pass.object.spec.origin?.door} has not named the Secret yet`)
    // Once for the whole pass: a foreign Secret may go while the driver works.
    const name = secretName(pass)
    const existing = ownSecret(pass, name)
    const intact =
      existing !== undefined &&
      credential.issuedAt !== undefined &&
      (await isIntact(existing, pass.object, credential.id, hub.fingerprint))
    // What is copied is compared each time: its source may have changed.
    if (intact && !instance.spec.resourceRef) {
      const { lost: _, ...found } = credential
      pass.status.credential = found
      pass.status.binding = { name: existing.metadata.name }
      return done
    }
    return issue(pass, hub, instance, credential, { name, existing, intact })
  }

/**
 * What a door asks for by resource has the name that the door gives, and the door may learn it only when the claim holds the resource. A
 * Secret of the default name, which nobody waits for, would come and go meanwhile.
 */
const isUnnamed = ({ spec }: Claim): boolean =>
  spec.origin !== undefined && spec.resourceRef !== undefined && spec.binding?.name === undefined

/** The Secret of that name; throws when it is somebody else's. */
function ownSecret(pass: Pass<Claim>, name: string): Secret | undefined {
  const existing = pass.cache(secretType).get(name, pass.object.metadata.namespace)
  if (existing && !isOurs(existing, pass.object)) throw nameTaken(name, pass.object.metadata.namespace)
  return existing
}

async function issue(
  pass: Pass<Claim>,
  hub: HubContext,
  instance: Instance,
  credential: ClaimCredential,
  place: Place,
): Promise<Outcome> {
  const binding = await openBinding(pass, hub, instance)
  const { session } = binding.service
  const { parameters, secrets } = bindingParameters(pass)
  for (const secret of secrets) session.learn(secret)
  const made = credentialOf(binding, pass.object, credential, parameters)
  const bound = await session.bind(binding.want, made, pass.signal)
  await rememberCredential(pass, binding, credential.id, bound.state)
  switch (bound.phase) {
    case 'changing':
      pass.status.progress = { step: bound.doing }
      return wait('Binding', session.redact(bound.message ?? bound.doing), bound.againMs)
    case 'failed':
      if (bound.retry === 'no') throw new Stalled('BindingFailed', session.redact(`${bound.reason}: ${bound.message}`))
      throw new DriverFailure('Binding', session.redact(`${bound.reason}: ${bound.message}`))
    case 'withheld':
      return withheld(pass, hub, credential, place)
    case 'ready':
      await publish(pass, hub, binding, credential, bound, place)
  }
  return done
}

/** The backend shows a secret only once. */
async function withheld(
  pass: Pass<Claim>,
  hub: HubContext,
  credential: ClaimCredential,
  place: Place,
): Promise<Outcome> {
  const { existing } = place
  if (!existing || !(await isIntact(existing, pass.object, credential.id, hub.fingerprint))) {
    return replace(pass, hub, credential, place)
  }
  // It is in the Secret: a crash came before status said so.
  const { lost: _, ...found } = credential
  pass.status.binding = { name: existing.metadata.name }
  pass.status.credential = { ...found, issuedAt: credential.issuedAt ?? formatTime(pass.clock.now()) }
  return done
}

/**
 * The secret was lost: other credentials take its place. Never are there more than two, so that where older ones wait, those go first
 * that nobody uses: the lost ones if no Secret ever had them, else the older.
 */
async function replace(
  pass: Pass<Claim>,
  hub: HubContext,
  credential: ClaimCredential,
  { name, existing }: Place,
): Promise<Outcome> {
  const { id, role, serial, predecessor, issuedAt, parametersHash } = credential
  const lost = { id, ...(role !== undefined && { role }) }
  const wasPublished = issuedAt !== undefined || carries(existing, id)
  if (predecessor) {
    // Said before it is done: a hub that made them meanwhile, and puts them into the Secret late, looks at its work once more.
    if (!wasPublished && !credential.lost) {
      pass.status.credential = { ...credential, lost: true }
      return wait('Binding', 'the backend does not show the credentials again', SOON_MS)
    }
    // The cache may be behind: what is revoked cannot be taken back, and an application may use it by now.
    if (!wasPublished && carries(await pass.client.of(secretType).find(name, pass.object.metadata.namespace), id))
      return wait('Binding', 'the credentials are in their Secret', SOON_MS)
    const outcome = await revoke(pass, hub, wasPublished ? predecessor : lost)
    if (outcome.type !== 'done') return outcome
  }
  pass.status.credential = {
    ...plannedCredential(pass.object.metadata.uid ?? '', serial + 1, role),
    ...(parametersHash !== undefined && { parametersHash }),
    predecessor: predecessor && !wasPublished ? predecessor : lost,
  }
  return wait('Binding', 'the backend does not show the credentials again; new ones are being made', SOON_MS)
}

const carries = (secret: Secret | undefined, id: string): boolean =>
  secret?.metadata.annotations?.[CREDENTIAL_ANNOTATION] === id

async function publish(
  pass: Pass<Claim>,
  hub: HubContext,
  { service }: Binding,
  credential: ClaimCredential,
  bound: Ready,
  { name, existing, intact }: Place,
): Promise<void> {
  const secret = await bindingSecret(
    {
      claim: pass.object,
      name,
      credentialId: credential.id,
      data: bindingData(bound, { type: service.type, provider: 'larder' }, pass.object.spec.binding?.format),
      secretType: bound.secretType,
      serviceType: service.type,
    },
    hub.fingerprint,
  )
  delete pass.status.progress
  const isThere = intact && existing !== undefined && sameContent(existing, secret as Secret)
  if (!isThere) await write(pass, secret as Secret, existing)
  // Not before: status must not name what a foreign Secret was faster to take.
  pass.status.binding = { name }
  if (isThere) return
  const { lost: _, ...issued } = credential
  pass.status.credential = {
    ...issued,
    issuedAt: credential.issuedAt ?? formatTime(pass.clock.now()),
    ...(bound.expiresAt !== undefined && { expiresAt: bound.expiresAt }),
    ...(bound.renewBefore !== undefined && { renewBefore: bound.renewBefore }),
  }
  pass.event('Normal', 'Bound', `credentials in Secret ${name}`)
}

/** What was written is known by its fingerprint. */
const sameContent = (a: Secret, b: Secret): boolean =>
  a.type === b.type &&
  a.metadata.annotations?.[FINGERPRINT_ANNOTATION] === b.metadata.annotations?.[FINGERPRINT_ANNOTATION]

async function write(pass: Pass<Claim>, secret: Secret, existing: Secret | undefined): Promise<void> {
  const secrets = pass.client.of(secretType)
  const { name, namespace = '' } = secret.metadata
  // The type of a Secret cannot be changed, nor anything of an immutable one.
  if (existing && (existing.type !== secret.type || existing.immutable)) {
    const { uid = '' } = existing.metadata
    await secrets.delete(name, { namespace, preconditions: { uid } })
    existing = undefined
  }
  if (existing) {
    const { resourceVersion, uid } = existing.metadata
    const labels = { ...existing.metadata.labels, ...secret.metadata.labels }
    const { [FORMAT_ANNOTATION]: _, ...others } = existing.metadata.annotations ?? {}
    const annotations = { ...others, ...secret.metadata.annotations }
    const { ownerReferences = [] } = secret.metadata
    const metadata = { ...existing.metadata, labels, annotations, ownerReferences, resourceVersion, uid }
    await secrets.update({ ...existing, metadata, data: secret.data } as Secret)
    return
  }
  try {
    await secrets.create(secret)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const there = await secrets.get(name, namespace)
    if (!isOurs(there, pass.object)) throw nameTaken(name, namespace)
    throw error
  }
}
