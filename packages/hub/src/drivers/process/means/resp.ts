/** Credentials by RESP commands, which the driver runs under an account of its own. */
import type { RespMeans } from '../recipe.ts'
import { HOST } from '../ports.ts'
import { portOf } from '../readiness.ts'
import { callResp, RespError } from '../resp.ts'
import { render, renderList } from '../template.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { CredentialAt, Means } from './means.ts'

export function respMeans(recipe: RespMeans): Means {
  const call = async (
    at: CredentialAt,
    commands: 'make' | 'check' | 'remove',
    login: { username: string; password: string },
  ): Promise<void> => {
    const place = { path: `recipe.credentials.resp.${commands}`, readable: false }
    await callResp({
      host: HOST,
      port: portOf(at.setting, recipe.port),
      login,
      commands: recipe[commands].map((words) => renderList(words, at.values, place)),
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal: at.signal,
    })
  }
  const own = (at: CredentialAt): { username: string; password: string } => {
    const place = { path: 'recipe.credentials.resp.login', readable: false }
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
        // The engine answered, and refused. That it cannot be reached says nothing about the credential.
        if (error instanceof RespError) return false
        throw error
      }
    },
  }
}
