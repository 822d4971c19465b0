import {
  CreateUserCommand,
  CreateUserGroupCommand,
  DeleteUserCommand,
  DeleteUserGroupCommand,
  ModifyUserCommand,
  ModifyUserGroupCommand,
} from '@aws-sdk/client-elasticache'
import type {
  CreateUserGroupMessage,
  CreateUserMessage,
  ModifyUserMessage,
  User,
  UserGroup,
} from '@aws-sdk/client-elasticache'
import type { Json } from '@larder/kit'
import { call } from '../../account/call.ts'
import { secretsOf, type Kind } from './kind.ts'

/**
 * A user as such. Its passwords are what was given, one or two: who rotates them gives the new one beside the old one, and then the new one alone. AWS
 * writes access strings out in full, so that only what was asked for tells whether another one is wanted.
 */
export const userKind: Kind<User> = {
  type: 'User',
  idProperty: 'UserId',
  maxIdLength: 40,
  properties: {
    UserName: { type: 'string', required: true, fixed: true },
    Engine: { type: 'string', required: true },
    AccessString: { type: 'string', required: true },
    Passwords: { type: 'strings' },
    NoPasswordRequired: { type: 'boolean' },
    AuthenticationMode: { type: 'object' },
    Tags: { type: 'objects' },
  },
  terminal: [
    'UserAlreadyExists',
    'UserQuotaExceeded',
    'DuplicateUserName',
    'InvalidParameterValue',
    'InvalidParameterCombination',
  ],
  lookup: (aws) => aws.users,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: ({ Status }) => Status,
  have: ({ UserName, Engine }) => ({ UserName, Engine }),
  async create({ client }, properties, signal) {
    const command = new CreateUserCommand(properties as unknown as CreateUserMessage)
    await call('elasticache:CreateUser', () => client.send(command, { abortSignal: signal }), {
      mutates: true,
      secrets: secretsOf(properties),
    })
  },
  async change({ client }, { id, names, properties }, signal) {
    const part = Object.fromEntries(names.map((name) => [name, properties[name]]))
    const command = new ModifyUserCommand({ ...(part as Partial<ModifyUserMessage>), UserId: id })
    await call('elasticache:ModifyUser', () => client.send(command, { abortSignal: signal }), {
      secrets: secretsOf(properties),
    })
    return names
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteUser', () =>
      client.send(new DeleteUserCommand({ UserId: id }), { abortSignal: signal }),
    )
  },
}

export const userGroupKind: Kind<UserGroup> = {
  type: 'UserGroup',
  idProperty: 'UserGroupId',
  maxIdLength: 40,
  properties: {
    Engine: { type: 'string', required: true },
    UserIds: { type: 'strings' },
    Tags: { type: 'objects' },
  },
  terminal: [
    'DuplicateUserName',
    'UserGroupAlreadyExists',
    'InvalidParameterCombination',
    'InvalidParameterValue',
    'DefaultUserRequired',
    'UserGroupQuotaExceeded',
    'TagQuotaPerResourceExceeded',
  ],
  lookup: (aws) => aws.userGroups,
  arnOf: ({ ARN = '' }) => ARN,
  statusOf: ({ Status }) => Status,
  have: (group) => ({ Engine: group.Engine, UserIds: membersOf(group) }),
  async create({ client }, properties, signal) {
    const command = new CreateUserGroupCommand(properties as unknown as CreateUserGroupMessage)
    await call('elasticache:CreateUserGroup', () => client.send(command, { abortSignal: signal }), { mutates: true })
  },
  async change({ client }, { id, thing, names, properties }, signal) {
    const have = membersOf(thing)
    const want = names.includes('UserIds') ? idsOf(properties['UserIds']) : have
    const toAdd = want.filter((user) => !have.includes(user))
    const toRemove = have.filter((user) => !want.includes(user))
    const command = new ModifyUserGroupCommand({
      UserGroupId: id,
      ...(toAdd.length > 0 && { UserIdsToAdd: toAdd }),
      ...(toRemove.length > 0 && { UserIdsToRemove: toRemove }),
      ...(names.includes('Engine') && { Engine: String(properties['Engine']) }),
    })
    await call('elasticache:ModifyUserGroup', () => client.send(command, { abortSignal: signal }))
    return names
  },
  async remove({ client }, id, signal) {
    await call('elasticache:DeleteUserGroup', () =>
      client.send(new DeleteUserGroupCommand({ UserGroupId: id }), { abortSignal: signal }),
    )
  },
}

const idsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? (value as readonly string[]).map((id) => id.toLowerCase()) : []

/** As it will be when what is under way is done. */
function membersOf({ UserIds = [], PendingChanges }: UserGroup): string[] {
  const { UserIdsToAdd = [], UserIdsToRemove = [] } = PendingChanges ?? {}
  return [...new Set([...UserIds, ...UserIdsToAdd])].filter((user) => !UserIdsToRemove.includes(user))
}
