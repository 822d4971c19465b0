/**
 * A user for each claim. Its password derives from a key that only the hub keeps, because AWS never tells a password again: however often a bind
 * is repeated, it gives the same.
 *
 * A rotation makes another user beside the first, which goes when nobody needs it any more. ElastiCache lets one user have two passwords for
 * this; not used, because then the leaving credential could not be told from the staying one when somebody asks who connects.
 */
import {
  AddTagsToResourceCommand,
  CreateUserCommand,
  ModifyUserCommand,
  ModifyUserGroupCommand,
} from '@aws-sdk/client-elasticache'
import type { ReplicationGroup, User, UserGroup } from '@aws-sdk/client-elasticache'
import { blocked, invalid } from '@larder/kit'
import type { Bound, Changing, Credential, Json, Unbound } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { OWNER_TAG } from '../../naming.ts'
import { asText, render } from '../../template.ts'
import { tagList, type Elasticache } from '../client.ts'
import type { Joins } from './joins.ts'
import { removeUser } from './make.ts'
import { addressesOf } from './seen.ts'
import { fingerprintOf, newKey, passwordOf, type CacheState } from './state.ts'
import { userIdOf, type CacheNames, type WantedCache } from './wanted.ts'

/** Which key the password of a user is of. */
const KEY_TAG = 'larder.dev/key'
const AGAIN_MS = 500

const DEFAULT_ROLES = { writer: 'on ~* +@all', reader: 'on ~* -@all +@read +@connection' }

const working = (doing: string, message: string): Changing => ({ phase: 'changing', doing, message, againMs: AGAIN_MS })

/** What is kept with a credential. */
interface CredentialState {
  /** Of the key of its password, once the user is there. */
  readonly fingerprint: string
  /** Where the instance had none to derive from. */
  readonly key?: string
}

export async function bindUser(
  aws: Elasticache,
  joins: Joins,
  wanted: WantedCache,
  cache: ReplicationGroup,
  kept: CacheState,
  credential: Credential,
  signal: AbortSignal,
): Promise<Bound> {
  const access = accessOf(wanted, credential)
  const group = await aws.userGroups.find(wanted.names.access, signal)
  if (!group) throw blocked(`user group ${wanted.names.access} does not exist`)
  const before = credential.state === undefined ? undefined : (JSON.parse(credential.state) as CredentialState)
  const ownKey = kept.key === undefined ? (before?.key ?? newKey()) : undefined
  const key = kept.key ?? ownKey ?? ''
  const user = userIdOf(wanted.names, credential.id)
  const password = passwordOf(key, credential.id)
  const now: CredentialState = { fingerprint: fingerprintOf(key), ...(ownKey !== undefined && { key: ownKey }) }
  const state = JSON.stringify(now)
  if (before?.fingerprint !== now.fingerprint) {
    const begun = await ensureUser(aws, wanted, { id: user, access, password, fingerprint: now.fingerprint }, signal)
    if (begun) return { ...begun, state }
  }
  const joining = await join(aws, joins, group, user, signal)
  if (joining) return { ...joining, state }
  const addresses = addressesOf(cache)
  if (!addresses) return { ...working('bind', 'the cache has no address yet'), state }
  const isReader = credential.role === 'reader'
  const values = {
    ...wanted.values,
    credential: { username: user, password },
    ...(isReader ? addresses.reader : addresses.primary),
    primary: { ...addresses.primary },
    reader: { ...addresses.reader },
  }
  return { phase: 'ready', values: bindingOf(wanted.recipe.binding ?? BINDING, values), state }
}

const BINDING: Readonly<Record<string, string>> = {
  provider: 'elasticache',
  host: '${host}',
  port: '${port}',
  username: '${credential.username}',
  password: '${credential.password}',
  ssl: 'true',
  uri: 'rediss://${credential.username}:${credential.password}@${host}:${port}',
}

function bindingOf(
  texts: Readonly<Record<string, string>>,
  values: { readonly [k: string]: Json },
): Record<string, string> {
  const rendered = render(texts, values, 'recipe.binding') as Record<string, Json>
  return Object.fromEntries(
    Object.entries(rendered).map(([key, value]) => [key, asText(value, `recipe.binding.${key}`)]),
  )
}

function accessOf({ recipe }: WantedCache, { role }: Credential): string {
  const roles: Readonly<Record<string, string>> = recipe.roles ?? DEFAULT_ROLES
  const [first = ''] = Object.keys(roles)
  const access = roles[role ?? first]
  if (access === undefined)
    throw invalid('role', `role ${JSON.stringify(role)} is none of ${Object.keys(roles).join(', ')}`)
  return access
}

interface NewUser {
  readonly id: string
  readonly access: string
  readonly password: string
  readonly fingerprint: string
}

/** Undefined: it is there, with this password. */
async function ensureUser(
  aws: Elasticache,
  wanted: WantedCache,
  user: NewUser,
  signal: AbortSignal,
): Promise<Changing | undefined> {
  try {
    const made = await call(
      'elasticache:CreateUser',
      () => aws.client.send(createUser(wanted, user), { abortSignal: signal }),
      {
        mutates: true,
      },
    )
    return made.Status === 'active' ? undefined : working('bind', `user ${user.id} is being made`)
  } catch (error) {
    if (isRefusal(error, 'UserAlreadyExists')) return resetUser(aws, wanted, user, signal)
    throw isRefusal(error, 'InvalidParameterValue') ? invalid('recipe.roles', error.message) : error
  } finally {
    aws.users.changed(user.id)
  }
}

const createUser = ({ settings, tags }: WantedCache, { id, access, password, fingerprint }: NewUser) =>
  new CreateUserCommand({
    UserId: id,
    UserName: id,
    Engine: settings.engine,
    AccessString: access,
    Passwords: [password],
    Tags: tagList({ ...tags, [KEY_TAG]: fingerprint }),
  })

/** One that exists: of an earlier bind, perhaps with a password of which the key was lost. */
async function resetUser(
  aws: Elasticache,
  { tags }: WantedCache,
  { id, access, password, fingerprint }: NewUser,
  signal: AbortSignal,
): Promise<Changing | undefined> {
  const user = await aws.users.find(id, signal)
  if (!user || user.Status !== 'active') return working('bind', `user ${id} is being changed`)
  const have = await aws.tags(arnOf(user), signal)
  if (have[OWNER_TAG] !== tags[OWNER_TAG]) throw blocked(`user ${id} exists and is not of this instance`)
  if (have[KEY_TAG] === fingerprint) return undefined
  await call('elasticache:ModifyUser', () =>
    aws.client.send(new ModifyUserCommand({ UserId: id, AccessString: access, Passwords: [password] }), {
      abortSignal: signal,
    }),
  )
  aws.users.changed(id)
  // Last, so that what did not come this far is done again.
  await call('elasticache:AddTagsToResource', () =>
    aws.client.send(
      new AddTagsToResourceCommand({ ResourceName: arnOf(user), Tags: tagList({ [KEY_TAG]: fingerprint }) }),
      { abortSignal: signal },
    ),
  )
  return undefined
}

const arnOf = ({ ARN = '' }: User): string => ARN

/** Undefined: the user is in the group, and the group in force. */
async function join(
  aws: Elasticache,
  joins: Joins,
  group: UserGroup,
  user: string,
  signal: AbortSignal,
): Promise<Changing | undefined> {
  const { UserGroupId: id = '', Status, UserIds = [] } = group
  if (Status === 'active' && UserIds.includes(user)) return undefined
  joins.add(id, user)
  if (Status !== 'active') return working('bind', `user group ${id} is ${Status}`)
  await joins.take(id, async (waiting) => {
    const all = waiting.filter((each) => !UserIds.includes(each))
    // One that cannot join must not keep the others out.
    const joined = all.length > 0 && (await addUsers(aws, id, all, signal))
    if (!joined && all.length > 1 && all.includes(user)) await addUsers(aws, id, [user], signal)
  })
  return working('bind', `user ${user} joins user group ${id}`)
}

/** False: not these, or not now. */
async function addUsers(aws: Elasticache, id: string, users: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    await call('elasticache:ModifyUserGroup', () =>
      aws.client.send(new ModifyUserGroupCommand({ UserGroupId: id, UserIdsToAdd: [...users] }), {
        abortSignal: signal,
      }),
    )
    return true
  } catch (error) {
    if (isRefusal(error, 'InvalidUserGroupState', 'InvalidUserState', 'UserNotFound')) return false
    // It joined with others a moment ago.
    if (isRefusal(error, 'InvalidParameterValue') && /already/.test(error.said)) return false
    throw error
  } finally {
    aws.userGroups.changed(id)
  }
}

/** Gone when AWS no longer knows the user. */
export async function unbindUser(
  aws: Elasticache,
  joins: Joins,
  names: CacheNames,
  credential: Credential,
  signal: AbortSignal,
): Promise<Unbound> {
  const id = userIdOf(names, credential.id)
  joins.leave(names.access, id)
  const user = await aws.users.find(id, signal)
  if (!user) return { phase: 'gone' }
  if (user.Status !== 'deleting' && !(await removeUser(aws, id, signal))) return { phase: 'gone' }
  return working('unbind', `user ${id} is being removed`)
}
