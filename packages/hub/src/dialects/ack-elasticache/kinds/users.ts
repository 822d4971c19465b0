import { defineForeignKind } from '../../../model/foreign-kind.ts'
import {
  eitherOf,
  ELASTICACHE_GROUP,
  engine,
  flag,
  foreignName,
  identifier,
  immutable,
  list,
  object,
  references,
  required,
  secretKey,
  statusWith,
  tags,
  text,
  VERSION,
  whole,
} from './fields.ts'

/** As many as AWS takes: whoever rotates gives the new one beside the old one. */
const passwords = list(
  'One or two passwords, each of 16 to 128 characters.',
  secretKey('Where a password is: a key in a Secret of type Opaque, in the namespace of this object.'),
  { maxItems: 2 },
)

const authenticationMode = object('How the user shows who it is, instead of `passwords` and `noPasswordRequired`.', {
  type_: text('`password`, `iam` or `no-password-required`.', {
    maxLength: 32,
    rules: [
      {
        rule: "self in ['password', 'iam', 'no-password-required']",
        message: 'authenticationMode.type_ is password, iam or no-password-required',
      },
    ],
  }),
  passwords,
})

export const userKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'User',
  resource: 'users',
  namespaced: true,
  description: 'A User is somebody who may use caches: what they may do, and how they show who they are.',
  spec: object(
    'The user.',
    {
      userID: required(identifier('Its id in AWS.', 'userID')),
      userName: required(text('What it is called in the cache.', { minLength: 1, maxLength: 120, rules: immutable })),
      engine: required(engine('engine')),
      accessString: required(
        text('What it may do, `on ~* +@read`. No passwords stand in it.', {
          minLength: 1,
          maxLength: 4096,
          rules: [
            {
              rule: String.raw`!self.matches('(^|\\s)[><#!]')`,
              message: 'accessString has no passwords in it; they stand in passwords, which names Secrets',
            },
          ],
        }),
      ),
      passwords,
      noPasswordRequired: flag('True: it comes in without a password.'),
      authenticationMode,
      tags,
    },
    {
      rules: [
        {
          rule: '!(has(self.passwords) && self.passwords.size() > 0 && has(self.noPasswordRequired) && self.noPasswordRequired)',
          message: 'passwords and noPasswordRequired exclude each other',
        },
        {
          rule: '!has(self.authenticationMode) || !(has(self.passwords) || has(self.noPasswordRequired))',
          message: 'authenticationMode stands alone, without passwords and noPasswordRequired',
        },
        {
          rule: 'has(self.authenticationMode) || (has(self.passwords) && self.passwords.size() > 0) || (has(self.noPasswordRequired) && self.noPasswordRequired)',
          message: 'passwords is required, or noPasswordRequired: true',
        },
      ],
    },
  ),
  status: statusWith({
    status: text('`active`, `modifying`, `deleting`.'),
    authentication: object('How it shows who it is.', {
      type_: text('`password`, `no-password`, `iam`.'),
      passwordCount: whole('How many passwords it has.'),
    }),
    expandedAccessString: text('The access string as AWS writes it out.'),
    lastRequestedAccessString: text('The access string as it was asked for last.'),
    minimumEngineVersion: text('The oldest version of the engine that knows it.'),
    userGroupIDs: list('The groups that it is in.', text('A group.')),
  }),
  columns: [],
})

export const userGroupKind = defineForeignKind({
  group: ELASTICACHE_GROUP,
  version: VERSION,
  kind: 'UserGroup',
  resource: 'usergroups',
  namespaced: true,
  description: 'A UserGroup is who may use a cache: users, one of them called `default`.',
  spec: object(
    'The user group.',
    {
      userGroupID: required(identifier('Its id in AWS.', 'userGroupID')),
      engine: required(engine('engine')),
      userIDs: list('The ids of its users.', foreignName('A user.'), { maxItems: 100 }),
      userRefs: references('User', 'userIDs'),
      tags,
    },
    { rules: eitherOf('userIDs', 'userRefs', 0) },
  ),
  status: statusWith({
    status: text('`creating`, `active`, `modifying`, `deleting`.'),
    minimumEngineVersion: text('The oldest version of the engine that knows it.'),
    pendingChanges: object('What is being changed.', {
      userIDsToAdd: list('Users that come.', text('A user.')),
      userIDsToRemove: list('Users that go.', text('A user.')),
    }),
    replicationGroups: list('The caches that use it.', text('A replication group.')),
  }),
  columns: [],
})
