/** Credentials by SQL statements. */
import type { SqlMeans } from '../recipe.ts'
import { HOST } from '../ports.ts'
import { portOf } from '../readiness.ts'
import { callSql, SqlError } from '../sql.ts'
import { renderBatches } from '../sql-batches.ts'
import { accountMeans } from './account.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { Means } from './means.ts'

const PATH = 'recipe.credentials.sql'

export function sqlMeans(recipe: SqlMeans): Means {
  return accountMeans({
    login: recipe.login,
    path: PATH,
    async run(at, step, login) {
      await callSql({
        host: HOST,
        port: portOf(at.setting, recipe.port),
        login,
        batches: renderBatches(recipe[step], at.values, `${PATH}.${step}`),
        timeoutMs: COMMAND_TIMEOUT_MS,
        signal: at.signal,
      })
    },
    // An engine with no connection left refuses as well, and that says nothing about the credential.
    isRefusal: (error) => error instanceof SqlError && error.refusesLogin,
  })
}
