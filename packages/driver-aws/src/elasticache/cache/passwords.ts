/**
 * Two passwords of one user. A rotation gives the user of a credential a second one, and takes the first away when the credential that has it is
 * revoked: to whoever asks who is connected, and to an access list, it is the same user before and after.
 *
 * AWS takes all passwords of a user at once and tells none. They derive from the ids of the credentials, and those stand in a tag of the user. The tag is
 * written before a password is added and after one is taken away, so that it never lacks one that opens; whatever a crash left of it, the next
 * request makes the passwords those of the tag.
 */
import { AddTagsToResourceCommand, ModifyUserCommand } from '@aws-sdk/client-elasticache'
import type { User } from '@aws-sdk/client-elasticache'
import { blocked } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { digestOf, OWNER_TAG } from '../../naming.ts'
import { tagList, type Elasticache } from '../client.ts'
import { passwordOf } from './state.ts'

/** Which key the passwords of a user are of. */
export const KEY_TAG = 'larder.dev/key'
const CREDENTIALS_TAG = 'larder.dev/credentials'
const ACCESS_TAG = 'larder.dev/access'

/** As many as AWS allows. */
const MOST_PASSWORDS = 2
/** Of the value of a tag. */
const MOST_CHARACTERS = 256
const ID = /^[A-Za-z0-9+=._:/@-]+$/

/** A user, and of which credentials it has passwords. */
export interface Holder {
  readonly id: string
  readonly arn: string
  readonly status: string | undefined
  readonly owner: string | undefined
  readonly fingerprint: string | undefined
  readonly access: string | undefined
  readonly credentials: readonly string[]
}

/** Of a new user of that credential. */
export function passwordTags(credential: string, access: string, fingerprint: string): Record<string, string> {
  const isTellable = ID.test(credential) && credential.length <= MOST_CHARACTERS
  return {
    [KEY_TAG]: fingerprint,
    ...(isTellable && { [CREDENTIALS_TAG]: credential, [ACCESS_TAG]: accessDigest(access) }),
  }
}

/** AWS shows an access string in other words than it was told. */
const accessDigest = (access: string): string => digestOf(access).slice(0, 16)

export async function holderOf(aws: Elasticache, user: User, signal: AbortSignal): Promise<Holder> {
  const { UserId: id = '', ARN: arn = '', Status: status } = user
  const tags = await aws.tags(arn, signal)
  return {
    id,
    arn,
    status,
    owner: tags[OWNER_TAG],
    fingerprint: tags[KEY_TAG],
    access: tags[ACCESS_TAG],
    credentials: (tags[CREDENTIALS_TAG] ?? '').split(' ').filter((each) => each !== ''),
  }
}

/** Whether the user may have the password of this credential too. */
export function mayHold(
  holder: Holder,
  credential: string,
  { owner, access, fingerprint }: { owner: string | undefined; access: string; fingerprint: string },
): boolean {
  if (holder.owner !== owner || holder.fingerprint !== fingerprint || holder.access !== accessDigest(access))
    return false
  const all = withCredential(holder, credential)
  return all.length <= MOST_PASSWORDS && ID.test(credential) && all.join(' ').length <= MOST_CHARACTERS
}

const withCredential = ({ credentials }: Holder, credential: string): readonly string[] =>
  credentials.includes(credential) ? credentials : [...credentials, credential]

/** False: not now. The password opens when the user is active again. */
export async function addPassword(
  aws: Elasticache,
  holder: Holder,
  credential: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (holder.status !== 'active') return false
  const all = withCredential(holder, credential)
  if (all !== holder.credentials) await tag(aws, holder, all, signal)
  return setPasswords(aws, holder, all, key, signal)
}

/** What is left of the user: nothing but this credential, others, or others that are there soon. */
export async function takePassword(
  aws: Elasticache,
  holder: Holder,
  credential: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<'alone' | 'taken' | 'later'> {
  const others = holder.credentials.filter((each) => each !== credential)
  if (others.length === 0) return 'alone'
  if (holder.status !== 'active') return 'later'
  if (others.length === holder.credentials.length) return 'taken'
  if (key === undefined) throw blocked(`user ${holder.id} keeps its passwords: the key that they derive from is lost`)
  if (!(await setPasswords(aws, holder, others, key, signal))) return 'later'
  await tag(aws, holder, others, signal)
  return 'later'
}

async function tag(
  aws: Elasticache,
  { arn }: Holder,
  credentials: readonly string[],
  abortSignal: AbortSignal,
): Promise<void> {
  const Tags = tagList({ [CREDENTIALS_TAG]: credentials.join(' ') })
  await call('elasticache:AddTagsToResource', () =>
    aws.client.send(new AddTagsToResourceCommand({ ResourceName: arn, Tags }), { abortSignal }),
  )
}

async function setPasswords(
  aws: Elasticache,
  { id }: Holder,
  credentials: readonly string[],
  key: string,
  abortSignal: AbortSignal,
): Promise<boolean> {
  const secrets = credentials.map((each) => passwordOf(key, each))
  const command = new ModifyUserCommand({ UserId: id, Passwords: secrets })
  try {
    await call('elasticache:ModifyUser', () => aws.client.send(command, { abortSignal }), { secrets })
    return true
  } catch (error) {
    if (isRefusal(error, 'InvalidUserState', 'InvalidUserGroupState')) return false
    throw error
  } finally {
    aws.users.changed(id)
  }
}
