/** Credentials by SQL statements, which the driver runs under an account of its own. */
import type { SqlMeans } from '../recipe.ts'
import { HOST } from '../ports.ts'
import { portOf } from '../readiness.ts'
import { callSql, SqlError } from '../sql.ts'
import { renderBatches } from '../sql-batches.ts'
import { render } from '../template.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { CredentialAt, Means } from './means.ts'

export function sqlMeans(recipe: SqlMeans): Means {
  const call = async (
    at: CredentialAt,
    batches: 'make' | 'check' | 'remove',
    login: { username: string; password: string },
  ): Promise<void> => {
    const path = `recipe.credentials.sql.${batches}`
    await callSql({
      host: HOST,
      port: portOf(at.setting, recipe.port),
      login,
      batches: renderBatches(recipe[batches], at.values, path),
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal: at.signal,
    })
  }
  const own = (at: CredentialAt): { username: string; password: string } => {
    const place = { path: 'recipe.credentials.sql.login', readable: false }
    return {
      username: render(recipe.login.username, at.setting.values, place),
      password: render(recipe.login.password, at.setting.values, place),
    }
  }
  return {
    make: (at) => call(at, 'make', own(at)),
    remove: (at) => call(at, 'remove', own(at)),
    async works(at) {
      try {
        await call(at, 'check', { username: at.username, password: at.password })
        return true
      } catch (error) {
        // That it cannot be reached, or has no connection left, says nothing about the credential.
        if (error instanceof SqlError && error.refusesLogin) return false
        throw error
      }
    },
  }
}
