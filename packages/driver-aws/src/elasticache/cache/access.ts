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
import type { ReplicationGroup, UserGroup } from '@aws-sdk/client-elasticache'
import { blocked, invalid } from '@larder/kit'
import type { Bound, Changing, Credential, Unbound } from '@larder/kit'
import { call, isRefusal } from '../../account/call.ts'
import { OWNER_TAG } from '../../naming.ts'
import { tagList, type Elasticache } from '../client.ts'
import { bindingValues } from './binding.ts'
import { removeUser } from './make.ts'
import { fingerprintOf, newKey, passwordOf, type CacheMemory, type CacheState } from './state.ts'
import { userIdOf, type CacheNames, type WantedCache } from './wanted.ts'

/** Which key the password of a user is of. */
const KEY_TAG = 'larder.dev/key'

const DEFAULT_ROLES = { writer: 'on ~* +@all', reader: 'on ~* -@all +@read +@connection' }

/** What is kept with a credential. */
interface CredentialState {
  /** Of the key of its password, once the user is known to have that. */
  readonly fingerprint?: string
  /** Where the instance had none to derive from. */
  readonly key?: string
}

interface NewUser {
  readonly id: string
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
    const user = {
      id: userIdOf(this.#names, credential.id),
      access,
      password: passwordOf(key, credential.id),
      fingerprint,
    }
    const unsure = JSON.stringify(ownKey)
    if (before.fingerprint !== fingerprint && !(await this.#ensureUser(wanted, user))) {
      return { ...this.#working('bind', user.id, `user ${user.id} is being made`), state: unsure }
    }
    const state = JSON.stringify({ fingerprint, ...ownKey })
    const joined = await this.#join(group, user.id)
    if (joined === 'missing') return { ...this.#working('bind', user.id, `user ${user.id} is lost`), state: unsure }
    if (joined === 'later') {
      return { ...this.#working('bind', user.id, `user ${user.id} joins user group ${this.#names.access}`), state }
    }
    const values = bindingValues(wanted, cache, credential, { username: user.id, password: user.password })
    if (!values) return { ...this.#working('bind', user.id, 'the cache has no address yet'), state }
    this.#memory.waits.over(user.id)
    return { phase: 'ready', values, state }
  }

  /** Gone when AWS no longer knows the user. */
  async unbind(credential: Credential): Promise<Unbound> {
    const id = userIdOf(this.#names, credential.id)
    this.#memory.joins.leave(this.#names.access, id)
    const user = await this.#aws.users.find(id, this.#signal)
    const isThere = user && (user.Status === 'deleting' || (await removeUser(this.#aws, id, this.#signal)))
    if (isThere) return this.#working('unbind', id, `user ${id} is being removed`)
    this.#memory.waits.over(id)
    return { phase: 'gone' }
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

const createUser = ({ settings, tags }: WantedCache, { id, access, password, fingerprint }: NewUser) =>
  new CreateUserCommand({
    UserId: id,
    UserName: id,
    Engine: settings.engine,
    AccessString: access,
    Passwords: [password],
    Tags: tagList({ ...tags, [KEY_TAG]: fingerprint }),
  })
