/**
 * Acting as somebody else: `Impersonate-User`, `-Group`, `-Uid` and `-Extra-KEY`, as `kubectl --as` sends them.
 *
 * Each thing that is asked for is one question to RBAC about the real user: verb `impersonate` on `users`, `groups`,
 * `serviceaccounts` (in their namespace), `uids` and `userextras/KEY`. So the right to be `system:masters` is a right to that
 * group, which nobody has by accident.
 */
import { internal } from '../machinery/status.ts'
import type { Impersonation, User } from './api.ts'
import type { Attributes, Rbac } from './rbac.ts'
import { serviceAccountUser } from './tokens.ts'

const EXTRA_PREFIX = 'impersonate-extra-'
const SERVICE_ACCOUNT = 'system:serviceaccount:'
const AUTHENTICATION = 'authentication.k8s.io'
const ANONYMOUS = 'system:anonymous'
const AUTHENTICATED = 'system:authenticated'
const UNAUTHENTICATED = 'system:unauthenticated'

/**
 * What the headers ask for; undefined when they ask for nothing. `names` are all header names in lower case, `header` gives
 * all values of one. Throws ApiError 500, as upstream, when a user is missing.
 */
export function impersonationOf(
  names: readonly string[],
  header: (name: string) => readonly string[],
): Impersonation | undefined {
  const asked = names.filter((name) => name.startsWith('impersonate-'))
  if (asked.length === 0) return undefined
  const name = header('impersonate-user')[0] ?? ''
  if (name === '') throw internal(`requested ${asked.join(', ')} without impersonating a user`)
  const uid = header('impersonate-uid')[0]
  const extra = Object.fromEntries(
    asked
      .filter((key) => key.startsWith(EXTRA_PREFIX))
      .map((key) => [decodeExtraKey(key.slice(EXTRA_PREFIX.length)), header(key)]),
  )
  return { name, groups: header('impersonate-group'), ...(uid !== undefined && uid !== '' && { uid }), extra }
}

/** Header names carry keys in lower case and percent-encoded. */
function decodeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** Throws ApiError 403 that names the first thing which the real user may not be. */
export function impersonated(rbac: Rbac, user: User, wanted: Impersonation): User {
  for (const attributes of questions(wanted)) rbac.authorize(user, { ...attributes, verb: 'impersonate' })
  const { name, uid, extra } = wanted
  return {
    name,
    groups: groupsOf(wanted),
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

function* questions({ name, groups, uid, extra }: Impersonation): Iterable<Omit<Attributes, 'verb'>> {
  const account = accountOf(name)
  if (account) yield { group: '', resource: 'serviceaccounts', ...account }
  else yield { group: '', resource: 'users', name }
  for (const one of groups) yield { group: '', resource: 'groups', name: one }
  if (uid !== undefined) yield { group: AUTHENTICATION, resource: 'uids', name: uid }
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) yield { group: AUTHENTICATION, resource: 'userextras', subresource: key, name: value }
  }
}

/** `system:serviceaccount:NAMESPACE:NAME`; whatever else begins like that is a user of that name. */
function accountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!name.startsWith(SERVICE_ACCOUNT)) return undefined
  const parts = name.slice(SERVICE_ACCOUNT.length).split(':')
  const [namespace, account] = parts
  return parts.length === 2 && namespace && account ? { namespace, name: account } : undefined
}

/** Those asked for and those that upstream adds: an account's own when none were asked for, and whether one is authenticated. */
function groupsOf({ name, groups: asked }: Impersonation): readonly string[] {
  const account = accountOf(name)
  const groups = asked.length === 0 && account ? serviceAccountUser(account.namespace, account.name).groups : asked
  if (name === ANONYMOUS) return groups.includes(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED]
  const isDecided = groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED)
  return isDecided ? groups : [...groups, AUTHENTICATED]
}
