/**
 * A user for each claim. Its password derives from a key that only the hub keeps, because AWS never tells a password again: however often a bind
 * is repeated, it gives the same.
 *
 * A rotation gives the user a second password until the first is revoked (passwords.ts). Another role is another user: what it may do is the user's.
 */
import {
  AddTagsToResourceCommand,
  CreateUserCommand,
  ModifyUserCommand,
  ModifyUserGroupCommand,
} from '@aws-sdk/client-elasticache'
import type { ReplicationGroup, User, UserGroup } from '@aws-sdk/client-elasticache'
import { blocked, invalid } from '@larder/kit'
import type { Bound, Changing, Credential, Unbound } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { OWNER_TAG } from '../../naming.ts'
import { tagList, type Elasticache } from '../client.ts'
import { bindingValues } from './binding.ts'
import { removeUser } from './make.ts'
import { addPassword, holderOf, KEY_TAG, mayHold, passwordTags, takePassword, type Holder } from './passwords.ts'
import { fingerprintOf, newKey, passwordOf, type CacheMemory, type CacheState } from './state.ts'
import { userIdOf, type CacheNames, type WantedCache } from './wanted.ts'

const DEFAULT_ROLES = { writer: 'on ~* +@all', reader: 'on ~* -@all +@read +@connection' }

/** What is kept with a credential. */
interface CredentialState {
  /** Of the key of its password, once the user is known to have that. */
  readonly fingerprint?: string
  /** Where the instance had none to derive from. */
  readonly key?: string
  /** Whose second password it is; absent: that of a user of its own. */
  readonly user?: string
}

interface NewUser {
  id: string
  readonly credential: string
  readonly access: string
  readonly password: string
  readonly fingerprint: string
}

export class CacheAccess {
  readonly #aws: Elasticache
  readonly #memory: CacheMemory
  readonly #names: CacheNames
  readonly #signal: AbortSignal

  constructor(aws: Elasticache, memory: CacheMemory, names: CacheNames, signal: AbortSignal) {
    this.#aws = aws
    this.#memory = memory
    this.#names = names
    this.#signal = signal
  }

  async bind(wanted: WantedCache, cache: ReplicationGroup, kept: CacheState, credential: Credential): Promise<Bound> {
    const access = accessOf(wanted, credential)
    const group = await this.#aws.userGroups.find(this.#names.access, this.#signal)
    if (!group) throw blocked(noUsers(this.#names))
    const before = credential.state === undefined ? {} : (JSON.parse(credential.state) as CredentialState)
    const ownKey = kept.key === undefined ? { key: before.key ?? newKey() } : {}
    const key = kept.key ?? ownKey.key ?? ''
    const fingerprint = fingerprintOf(key)
    const user: NewUser = {
      id: userIdOf(this.#names, credential.id),
      credential: credential.id,
      access,
      password: passwordOf(key, credential.id),
      fingerprint,
    }
    const holder = before.user ?? (await this.#holderFor(wanted, user, kept.key, credential.predecessor))
    if (holder !== undefined) user.id = holder
    const shared = holder === undefined ? {} : { user: holder }
    const unsure = JSON.stringify({ ...ownKey, ...shared })
    if (before.fingerprint !== fingerprint) {
      const isThere =
        holder === undefined
          ? await this.#ensureUser(wanted, user)
          : await this.#addPassword(holder, credential.id, key)
      if (isThere === 'lost') this.#memory.holders.delete(credential.id)
      if (isThere === 'lost') return { ...this.#working('bind', user.id, `user ${user.id} is lost`), state: '{}' }
      if (!isThere) return { ...this.#working('bind', user.id, `user ${user.id} is being made`), state: unsure }
    }
    const state = JSON.stringify({ fingerprint, ...ownKey, ...shared })
    if (holder !== undefined && !(await this.#isActive(holder)))
      return { ...this.#working('bind', user.id, `user ${user.id} gets another password`), state }
    const joined = await this.#join(group, user.id)
    if (joined === 'missing') this.#memory.holders.delete(credential.id)
    if (joined === 'missing')
      return { ...this.#working('bind', user.id, `user ${user.id} is lost`), state: JSON.stringify(ownKey) }
    if (joined === 'later') {
      return { ...this.#working('bind', user.id, `user ${user.id} joins user group ${this.#names.access}`), state }
    }
    const values = bindingValues(wanted, cache, credential, { username: user.id, password: user.password })
    if (!values) return { ...this.#working('bind', user.id, 'the cache has no address yet'), state }
    this.#memory.waits.over(user.id)
    return { phase: 'ready', values, state }
  }

  /** Gone when AWS no longer knows the user, or the user no longer the password. */
  async unbind(credential: Credential, { key }: CacheState): Promise<Unbound> {
    const user = await this.#userOf(credential)
    const id = user?.UserId ?? userIdOf(this.#names, credential.id)
    if (user && user.Status !== 'deleting') {
      const left = await takePassword(
        this.#aws,
        await holderOf(this.#aws, user, this.#signal),
        credential.id,
        key,
        this.#signal,
      )
      if (left === 'later') return this.#working('unbind', id, `user ${id} loses a password`)
      if (left === 'taken') return this.#gone(credential, id)
    }
    this.#memory.joins.leave(this.#names.access, id)
    const isThere = user && (user.Status === 'deleting' || (await removeUser(this.#aws, id, this.#signal)))
    if (isThere) return this.#working('unbind', id, `user ${id} is being removed`)
    return this.#gone(credential, id)
  }

  #gone(credential: Credential, user: string): Unbound {
    this.#memory.holders.delete(credential.id)
    this.#memory.waits.over(user)
    return { phase: 'gone' }
  }

  /** Who has the password of a credential. One that was never heard of again may be anybody's. */
  async #userOf({ id, state }: Pick<Credential, 'id' | 'state'>): Promise<User | undefined> {
    const kept = state === undefined ? undefined : (JSON.parse(state) as CredentialState)
    const known = kept?.user ?? this.#memory.holders.get(id)
    const user = await this.#aws.users.find(known ?? userIdOf(this.#names, id), this.#signal)
    if (user || kept || known !== undefined) return user
    return (await this.#search(id))?.user
  }

  async #search(credential: string): Promise<{ user: User; holder: Holder } | undefined> {
    const prefix = `${this.#names.access}-`
    for (const user of await this.#aws.users.list(this.#signal)) {
      if (user.UserId?.startsWith(prefix) !== true || user.UserId === this.#names.defaultUser) continue
      const holder = await holderOf(this.#aws, user, this.#signal)
      if (holder.credentials.includes(credential)) return { user, holder }
    }
    return undefined
  }

  /** The user of the credential that this one follows, where it may have both passwords. */
  async #holderFor(
    { tags }: WantedCache,
    { credential, access, fingerprint }: NewUser,
    key: string | undefined,
    predecessor: string | undefined,
  ): Promise<string | undefined> {
    if (predecessor === undefined || key === undefined) return undefined
    const user = await this.#userOf({ id: predecessor })
    const holder = user && (await holderOf(this.#aws, user, this.#signal))
    if (!holder || !mayHold(holder, credential, { owner: tags[OWNER_TAG], access, fingerprint })) return undefined
    this.#memory.holders.set(credential, holder.id)
    return holder.id
  }

  async #addPassword(id: string, credential: string, key: string): Promise<boolean | 'lost'> {
    const user = await this.#aws.users.find(id, this.#signal)
    if (!user) return 'lost'
    return addPassword(this.#aws, await holderOf(this.#aws, user, this.#signal), credential, key, this.#signal)
  }

  async #isActive(id: string): Promise<boolean> {
    return (await this.#aws.users.find(id, this.#signal))?.Status === 'active'
  }

  #working(doing: string, user: string, message: string): Changing {
    return { phase: 'changing', doing, message, againMs: this.#memory.waits.again(user, doing) }
  }

  /** Whether it is there, with this password. */
  async #ensureUser(wanted: WantedCache, user: NewUser): Promise<boolean> {
    try {
      const made = await call(
        'elasticache:CreateUser',
        () => this.#aws.client.send(createUser(wanted, user), { abortSignal: this.#signal }),
        { mutates: true, secrets: [user.password] },
      )
      return made.Status === 'active'
    } catch (error) {
      if (isRefusal(error, 'UserAlreadyExists')) return this.#resetUser(wanted, user)
      throw isRefusal(error, 'InvalidParameterValue') ? invalid('recipe.roles', error.message) : error
    } finally {
      this.#aws.users.changed(user.id)
    }
  }

  /** One that exists: of an earlier bind, perhaps with a password of which the key was lost. */
  async #resetUser({ tags }: WantedCache, { id, access, password, fingerprint }: NewUser): Promise<boolean> {
    const user = await this.#aws.users.find(id, this.#signal)
    if (!user || user.Status !== 'active') return false
    const have = await this.#aws.tags(user.ARN ?? '', this.#signal)
    if (have[OWNER_TAG] !== tags[OWNER_TAG]) throw blocked(`user ${id} exists and is not of this instance`)
    if (have[KEY_TAG] === fingerprint) return true
    const options = { abortSignal: this.#signal }
    const modify = new ModifyUserCommand({ UserId: id, AccessString: access, Passwords: [password] })
    await call('elasticache:ModifyUser', () => this.#aws.client.send(modify, options), { secrets: [password] })
    this.#aws.users.changed(id)
    // Last, so that what did not come this far is done again.
    const tag = new AddTagsToResourceCommand({ ResourceName: user.ARN, Tags: tagList({ [KEY_TAG]: fingerprint }) })
    await call('elasticache:AddTagsToResource', () => this.#aws.client.send(tag, options))
    return true
  }

  /** `joined`: the user is in the group, and the group in force. `missing`: there is no such user. */
  async #join({ Status, UserIds = [] }: UserGroup, user: string): Promise<'joined' | 'later' | 'missing'> {
    const { access: group } = this.#names
    if (Status === 'active' && UserIds.includes(user)) return 'joined'
    this.#memory.joins.add(group, user)
    if (Status !== 'active') return 'later'
    let missing = false
    await this.#memory.joins.take(group, async (waiting) => {
      const all = waiting.filter((each) => !UserIds.includes(each))
      const added = all.length === 0 || (await this.#addUsers(all))
      // One that cannot join must not keep the others out.
      if (added !== true && all.includes(user))
        missing = (all.length > 1 ? await this.#addUsers([user]) : added) === 'missing'
    })
    return missing ? 'missing' : 'later'
  }

  /** `missing`: one of them does not exist. False: not now. */
  async #addUsers(users: readonly string[]): Promise<boolean | 'missing'> {
    const command = new ModifyUserGroupCommand({ UserGroupId: this.#names.access, UserIdsToAdd: [...users] })
    try {
      await call('elasticache:ModifyUserGroup', () => this.#aws.client.send(command, { abortSignal: this.#signal }))
      return true
    } catch (error) {
      if (isRefusal(error, 'UserNotFound')) return 'missing'
      if (isRefusal(error, 'InvalidUserGroupState', 'InvalidUserState')) return false
      // It joined with others a moment ago.
      if (isRefusal(error, 'InvalidParameterValue') && /already/.test(error.said)) return false
      throw error
    } finally {
      this.#aws.userGroups.changed(this.#names.access)
    }
  }
}

/** As with one that was adopted: to give it users of ours would take from it those that it has. */
const noUsers = ({ cache, access }: CacheNames): string =>
  `claims of replication group ${cache} cannot be bound: its user group ${access} does not exist, because it was adopted or the group was removed`

function accessOf({ recipe }: WantedCache, { role }: Credential): string {
  const roles: Readonly<Record<string, string>> = recipe.roles ?? DEFAULT_ROLES
  const [first = ''] = Object.keys(roles)
  const access = roles[role ?? first]
  if (access === undefined)
    throw invalid('role', `role ${JSON.stringify(role)} is none of ${Object.keys(roles).join(', ')}`)
  return access
}

const createUser = ({ settings, tags }: WantedCache, { id, credential, access, password, fingerprint }: NewUser) =>
  new CreateUserCommand({
    UserId: id,
    UserName: id,
    Engine: settings.engine,
    AccessString: access,
    Passwords: [password],
    Tags: tagList({ ...tags, ...passwordTags(credential, access, fingerprint) }),
  })
