/**
 * From the record of an instance to a process that runs: what ran already is adopted, everything else is rendered, prepared and
 * launched. A data folder that is to be emptied is emptied in between, when no process has it.
 */
import { statfsSync } from 'node:fs'
import type { Log } from '@larder/kit'
import { blockingFolder, type Account } from './account.ts'
import { runCommand } from './command.ts'
import type { CredentialBook } from './credentials.ts'
import { runnableCommand, type EngineFinder } from './engine.ts'
import { engineMissing, folderFailure, StartFailure } from './failure.ts'
import type { InstanceFolder, InstanceRecord } from './folder.ts'
import { adopt, exitInWords, launch, recordedProcess, stopProcess, type EngineProcess, type Exit } from './launch.ts'
import { lastWords, outputSize, redact } from './output.ts'
import { isFree, portHolder } from './ports.ts'
import { parseRecipe, type Command } from './recipe.ts'
import { commandOf, settingOf, specHash, type Setting } from './setting.ts'
import { stopOptions } from './stop.ts'
import { renderLines, renderList } from './template.ts'

const STEP_MS = 120_000
const SPARE_BYTES = 1024 * 1024

/** The instance that is started. */
export interface Startable {
  readonly id: string
  readonly folder: InstanceFolder
  readonly credentials: CredentialBook
  /** As it is now: a start begins with one record and may end with the next. */
  readonly record: InstanceRecord
  write(change: (record: InstanceRecord) => InstanceRecord): Promise<void>
}

export interface StartTools {
  readonly account: Account | undefined
  readonly engines: EngineFinder
  readonly log: Log
}

export interface Started {
  readonly setting: Setting
  readonly process: EngineProcess
  /** Of the engine; undefined where its program is gone and what it started still runs. */
  readonly version: string | undefined
  /** Where in the output file begins what this start says. */
  readonly outputFrom: number
}

type Running = Awaited<ReturnType<typeof recordedProcess>>

export const outputPath = (folder: InstanceFolder): string => folder.inner('log', 'output.log')

/** Throws StartFailure, or what is wrong with a field of the recipe. */
export async function startEngine(instance: Startable, tools: StartTools): Promise<Started> {
  const { folder } = instance
  const recipe = parseRecipe(instance.record.recipe)
  const engine = await tools.engines.find(recipe.engine)
  const running = await recordedProcess(folder.path, tools.account)
  if (!engine && !running) throw engineMissing(recipe.engine)
  const outputFrom = outputSize(outputPath(folder))
  try {
    const emptied = await emptyIfAsked(instance, tools, running)
    await folder.prepare()
    const left = emptied ? undefined : running
    // The program of a running process is left in its place.
    const command = !engine ? '' : left ? engine.command : await runnableCommand(engine, folder, tools.account)
    const setting = await settingNow(instance, tools, command)
    const process = (await adoptIfCurrent(instance, tools, left)) ?? (await launchAnew(instance, setting, command))
    return { setting, process, version: engine?.version, outputFrom }
  } catch (error) {
    throw folderFailure(error, folder.path)
  }
}

/** When the process has ended for good, and before anything is put in place for the next. */
async function emptyIfAsked(instance: Startable, { log }: StartTools, running: Running): Promise<boolean> {
  if (instance.record.wiping === undefined) return false
  if (running) await stopProcess(running, stopOptions(instance.record.recipe))
  await instance.folder.empty()
  await instance.write(({ wiping, ...record }) => (wiping === undefined ? record : { ...record, wiped: wiping }))
  log.info('a service was wiped', { instance: instance.id })
  return true
}

async function settingNow({ record, folder }: Startable, { account }: StartTools, command: string): Promise<Setting> {
  const recipe = parseRecipe(record.recipe)
  return settingOf({ record, folder, recipe, account, key: await folder.key() }, command)
}

async function adoptIfCurrent(
  { id, folder, record }: Startable,
  { log }: StartTools,
  running: Running,
): Promise<EngineProcess | undefined> {
  if (!running) return undefined
  if ((await folder.applied()) === specHash(record)) {
    log.info('a running service was adopted', { instance: id, pid: running.pid })
    return adopt(running)
  }
  // Started with settings that have changed since, by a hub that died before it could start it again.
  await stopProcess(running, stopOptions(record.recipe))
  return undefined
}

async function launchAnew(instance: Startable, setting: Setting, command: string): Promise<EngineProcess> {
  const { folder } = instance
  const { recipe, values, account } = setting
  for (const [name, port] of Object.entries(instance.record.ports)) {
    if (!(await isFree(port))) throw portTaken(name, port)
  }
  await render(instance, setting)
  await prepare(setting)
  await folder.writeApplied(specHash(instance.record))
  return launch({
    folder: folder.path,
    command,
    arguments: renderList(recipe.arguments ?? [], values, { path: 'recipe.arguments', readable: true }),
    environment: setting.environment,
    account,
    nice: recipe.nice,
    input: recipe.input === undefined ? undefined : folder.inner(recipe.input),
  })
}

async function render({ folder, credentials }: Startable, setting: Setting): Promise<void> {
  for (const [i, file] of (setting.recipe.files ?? []).entries()) {
    const place = { path: `recipe.files[${i}].content`, readable: false }
    const content = renderLines(file.content, setting.values, place)
    await folder.writeForEngine(file.path, content, { once: file.once === true })
  }
  await credentials.beforeStart(setting)
}

async function prepare(setting: Setting): Promise<void> {
  for (const [i, step] of (setting.recipe.prepare ?? []).entries()) {
    const path = `recipe.prepare[${i}]`
    if (step.makes === undefined) await runStep(setting, step, path)
    else {
      await setting.folder.make(step.makes, (draft) =>
        runStep({ ...setting, values: { ...setting.values, draft } }, step, path),
      )
    }
  }
}

async function runStep(setting: Setting, step: Command, path: string): Promise<void> {
  const end = await runCommand(commandOf(setting, step, { path, values: setting.values, timeoutMs: STEP_MS }))
  if (end.code === 0) return
  const complaint = redact(end.complaint, secretsOf(setting)).slice(-300)
  const hint = hintOf(complaint, setting)
  const reason = hint === '' ? 'EngineDied' : 'FolderNotAccessible'
  throw new StartFailure(reason, `${path} ended with status ${end.code}: ${complaint}${hint}`)
}

/** Why an engine ended before it was ready, in its own last words. */
export function diedAtStart({ setting, outputFrom }: Started, exit: Exit): StartFailure {
  const { folder, recipe, key } = setting
  const { bavail, bsize } = statfsSync(folder.path)
  if (bavail * bsize < SPARE_BYTES) {
    return new StartFailure('DiskFull', `the disk that holds ${folder.path} is full; free some space`)
  }
  const words = lastWords(outputPath(folder), {
    fromByte: outputFrom,
    prefix: recipe.output?.prefix,
    secrets: [key.toString('hex'), ...secretsOf(setting)],
  })
  const said = words === '' ? 'and said nothing' : `and said: ${words}`
  return new StartFailure(
    'EngineDied',
    `engine ${recipe.engine.name} ended at its start with ${exitInWords(exit)} ${said}${hintOf(words, setting)}`,
  )
}

const secretsOf = ({ values }: Setting): readonly string[] => Object.values(values['secret'] as Record<string, string>)

/** An engine that insists on its absolute path cannot live below a folder that its account may not pass. */
function hintOf(words: string, { folder, account }: Setting): string {
  if (!/permission denied|EACCES/i.test(words)) return ''
  const blocking = account && blockingFolder(folder.inner('data'), account)
  return blocking === undefined ? '' : ` (account ${account?.name} may not pass ${blocking}: chmod o+x would let it)`
}

function portTaken(name: string, port: number): StartFailure {
  const holder = portHolder(port)
  return new StartFailure(
    'PortTaken',
    `port ${port} (${name}), which this service keeps, is taken${holder ? ` by ${holder}` : ''}; stop what listens there`,
  )
}
