import { classKind } from '../../model/class.ts'
import type { Kind } from '../../model/kind.ts'
import type { Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { getKind } from './get.ts'

const kind = classKind as Kind<unknown, unknown>

export const list: Run = (invocation, terminal) =>
  withApi(invocation.options, terminal, (connection) => getKind(kind, undefined, invocation, connection, terminal))

export const get: Run = (invocation, terminal) =>
  withApi(invocation.options, terminal, (connection) =>
    getKind(kind, invocation.args[0], invocation, connection, terminal),
  )
