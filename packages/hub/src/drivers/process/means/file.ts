/**
 * Credentials by a file with a line for each, which the engine reads again when it gets a signal. The file is written
 * whole each time; `check` tells when the engine has taken it up.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { unavailable } from '@larder/kit'
import { isAlive } from '../identity.ts'
import { recordedProcess, send } from '../launch.ts'
import { HOST } from '../ports.ts'
import { portOf } from '../readiness.ts'
import type { FileMeans } from '../recipe.ts'
import type { Setting } from '../setting.ts'
import { accepts } from '../talk.ts'
import { render } from '../template.ts'
import type { TemplateValues } from '../template.ts'
import { runFor } from './exec.ts'
import { COMMAND_TIMEOUT_MS } from './means.ts'
import type { CredentialAt, Means } from './means.ts'

export function fileMeans(recipe: FileMeans): Means {
  const path = 'recipe.credentials.file'
  const write = async (setting: Setting, present: readonly TemplateValues[]): Promise<void> => {
    const lines = present.map((values) => render(recipe.line, values, { path: `${path}.line`, readable: false }))
    if (recipe.header !== undefined) {
      lines.unshift(render(recipe.header, setting.values, { path: `${path}.header`, readable: false }))
    }
    if (recipe.footer !== undefined) {
      lines.push(render(recipe.footer, setting.values, { path: `${path}.footer`, readable: false }))
    }
    await setting.folder.writeForEngine(recipe.path, lines.map((line) => `${line}\n`).join(''), { once: false })
  }
  const works = async (at: CredentialAt): Promise<boolean> => {
    const { check } = recipe
    if (!('talk' in check)) return (await runFor(at, check, `${path}.check`)).code === 0
    return accepts({
      host: HOST,
      port: portOf(at.setting, check.talk.port),
      send: render(check.talk.send, at.values, { path: `${path}.check.talk.send`, readable: false }),
      accepts: new RegExp(check.talk.accepts, 'm'),
      refuses: new RegExp(check.talk.refuses, 'm'),
      timeoutMs: COMMAND_TIMEOUT_MS,
      signal: at.signal,
    })
  }
  const change = async (at: CredentialAt, expected: boolean): Promise<void> => {
    await write(at.setting, at.present)
    const process = await recordedProcess(at.setting.folder.path, at.setting.account)
    if (!process) throw unavailable('the process ended before it could read its credentials')
    send(process, recipe.reload.signal)
    const deadline = performance.now() + COMMAND_TIMEOUT_MS
    while ((await works(at)) !== expected) {
      if (performance.now() > deadline || !isAlive(process)) {
        throw unavailable(`the engine has not taken up ${recipe.path} after ${recipe.reload.signal}`)
      }
      await sleep(20)
    }
  }
  return {
    beforeStart: write,
    make: (at) => change(at, true),
    remove: (at) => change(at, false),
    works,
  }
}
