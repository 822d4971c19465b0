/** Credentials by RESP commands. */
import type { RespMeans } from '../recipe.ts'
import { HOST } from '../ports.ts'
import { portOf } from '../readiness.ts'
import { callResp, RespError } from '../resp.ts'
import { renderList } from '../template.ts'
import { accountMeans } from './account.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { Means } from './means.ts'

const PATH = 'recipe.credentials.resp'

export function respMeans(recipe: RespMeans): Means {
  return accountMeans({
    login: recipe.login,
    path: PATH,
    async run(at, step, login) {
      const place = { path: `${PATH}.${step}`, readable: false }
      await callResp({
        host: HOST,
        port: portOf(at.setting, recipe.port),
        login,
        commands: recipe[step].map((words) => renderList(words, at.values, place)),
        timeoutMs: COMMAND_TIMEOUT_MS,
        signal: at.signal,
      })
    },
    isRefusal: (error) => error instanceof RespError,
  })
}
