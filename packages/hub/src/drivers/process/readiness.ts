/** Whether an engine answers. Asked again and again right after its start, so each question must be quick. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { runCommand } from './command.ts'
import { HOST } from './ports.ts'
import type { ProcessRecipe } from './recipe.ts'
import { callResp } from './resp.ts'
import { commandOf } from './setting.ts'
import type { Setting } from './setting.ts'
import { callSql } from './sql.ts'
import { renderBatches } from './sql-batches.ts'
import { render, renderList } from './template.ts'

const ANSWER_TIMEOUT_MS = 1_000

/** Undefined: ready. Otherwise why not, in words that stay the same. */
export async function unreadiness(setting: Setting, signal?: AbortSignal): Promise<string | undefined> {
  try {
    await ask(setting, signal)
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}

async function ask(setting: Setting, signal: AbortSignal | undefined): Promise<void> {
  const { recipe, values } = setting
  const { tcp, resp, http, sql, exec } = recipe.readiness
  const path = 'recipe.readiness'
  if (tcp) return askTcp(portOf(setting, tcp.port))
  if (http)
    return askHttp(portOf(setting, http.port), render(http.path, values, { path: `${path}.http`, readable: false }))
  if (exec) {
    const end = await runCommand(
      commandOf(setting, exec, { path: `${path}.exec`, values, timeoutMs: ANSWER_TIMEOUT_MS * 5, signal }),
    )
    if (end.code !== 0) throw new Error(`its readiness command ended with status ${end.code}: ${end.complaint}`)
    return
  }
  if (sql) return askSql(setting, sql, signal)
  if (!resp) return
  const place = { path: `${path}.resp`, readable: false }
  await callResp({
    host: HOST,
    port: portOf(setting, resp.port),
    login: resp.login && {
      username: render(resp.login.username, values, place),
      password: render(resp.login.password, values, place),
    },
    commands: resp.commands.map((words) => renderList(words, values, place)),
    timeoutMs: ANSWER_TIMEOUT_MS,
    signal,
  })
}

function askSql(
  setting: Setting,
  sql: NonNullable<ProcessRecipe['readiness']['sql']>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = 'recipe.readiness.sql'
  const place = { path: `${path}.login`, readable: false }
  return callSql({
    host: HOST,
    port: portOf(setting, sql.port),
    login: {
      username: render(sql.login.username, setting.values, place),
      password: render(sql.login.password, setting.values, place),
    },
    batches: renderBatches(sql.run, setting.values, `${path}.run`),
    timeoutMs: ANSWER_TIMEOUT_MS,
    signal,
  })
}

export function portOf(setting: Setting, name: string): number {
  const port = setting.record.ports[name]
  if (port === undefined) throw new Error(`port ${name} is not known`)
  return port
}

function askTcp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port })
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`no answer on port ${port}`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

function askHttp(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: HOST, port, path, agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode < 300) resolve()
      else reject(new Error(`GET ${path} answers ${statusCode}`))
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer on port ${port}`)))
    asked.once('error', reject)
    asked.end()
  })
}
