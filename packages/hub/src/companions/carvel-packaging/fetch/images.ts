/** Pulls the files of an image. What a digest names never changes, so it is kept for a while; a tag is asked for each time. */
import type { Secret } from '@larder/engine/client/builtin'
import { Failed } from '../report.ts'
import { selectVersion, type VersionSelection } from '../versions.ts'
import type { Files } from './files.ts'
import { Unreachable, type NamedRegistries } from './reach.ts'
import { parseReference, type Reference } from './reference.ts'
import { openRegistry, RegistryError, type Login, type Manifest, type Registry } from './registry.ts'
import { startUnpacking, unpackLayer } from './unpack.ts'

export interface Pull {
  readonly reference: string
  /** Where it stands, for errors. */
  readonly field: string
  readonly selection?: VersionSelection
  /** With a login: `.dockerconfigjson`, or `username` and `password`. */
  readonly secret?: Secret
}

export interface Puller {
  /** Rejects with `Failed`. */
  pull(pull: Pull, signal: AbortSignal): Promise<Files>
}

/** Small ones, which most are; a large one is pulled again each time. */
const KEPT_BYTES = 4 * 1024 * 1024
/** For the place of a file among those kept. */
const EACH_BYTES = 100
const MOST_LAYERS = 100
/** A registry that has failed is left in peace for so long. */
const LOOK_AGAIN_MS = 15_000

interface Wanted {
  /** Under which it is kept. */
  readonly id: string
  readonly signal: AbortSignal
}

export function createPuller(named: NamedRegistries): Puller {
  const kept = new Map<string, Files>()

  async function filesOf(registry: Registry, manifest: Manifest, { id, signal }: Wanted): Promise<Files> {
    const known = kept.get(id)
    if (known) return known
    const { layers = [] } = manifest.document
    if (layers.length > MOST_LAYERS) throw new RegistryError(`the image has more than ${MOST_LAYERS} layers`)
    const unpacking = startUnpacking(signal)
    for (const { digest } of layers) {
      signal.throwIfAborted()
      await unpackLayer(await registry.blob(digest), unpacking)
    }
    const { files } = unpacking
    kept.set(id, files)
    for (const oldest of kept.keys()) if (bytesIn([...kept.values()]) > KEPT_BYTES) kept.delete(oldest)
    return files
  }

  return {
    async pull(pull, signal) {
      const { reference: text, field, secret } = pull
      const reference = parseReference(text)
      if (!reference) throw new Failed(`Fetching resources: ${field}: ${JSON.stringify(text)} is no name of an image`)
      const login = loginOf(secret, reference.host)
      try {
        const registry = openRegistry({ reference, login, named, signal })
        const version = await versionOf(pull, reference, registry)
        const found = await registry.manifest(version)
        const platform = found.document.manifests && forThisPlatform(found.document.manifests)
        const manifest = platform === undefined ? found : await registry.manifest(platform)
        // Asked with this login a moment ago: what is kept is shown to nobody who may not read it.
        return await filesOf(registry, manifest, {
          id: `${reference.host}/${reference.repository}@${manifest.digest}`,
          signal,
        })
      } catch (error) {
        if (!(error instanceof RegistryError || error instanceof Unreachable)) throw error
        const message = `Fetching resources: ${field}: ${error.message}`
        throw new Failed(message, { cause: error, lookAgainMs: LOOK_AGAIN_MS })
      }
    },
  }
}

const bytesIn = (all: readonly Files[]): number =>
  all.reduce((sum, files) => {
    for (const [path, text] of files) sum += path.length + text.length + EACH_BYTES
    return sum
  }, 0)

async function versionOf({ selection, field }: Pull, { version }: Reference, registry: Registry): Promise<string> {
  if (selection === undefined || version !== undefined) return version ?? 'latest'
  const tags = await registry.tags()
  const found = selectVersion(tags, selection, `${field}.tagSelection.semver`)
  if (found !== undefined) return found
  throw new RegistryError(`no tag is a version that satisfies ${JSON.stringify(selection.constraints ?? '*')}`)
}

/** Bundles have one form for all; where an image has several, its files are those of Linux on the processors that most have. */
function forThisPlatform(manifests: NonNullable<Manifest['document']['manifests']>): string {
  const linux = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64')
  const { digest } = linux ?? manifests[0] ?? {}
  if (digest === undefined) throw new RegistryError('the index of the image is empty')
  return digest
}

function loginOf(secret: Secret | undefined, host: string): Login | undefined {
  if (!secret) return undefined
  const text = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
  const config = text('.dockerconfigjson')
  if (config === '') {
    const [username, password] = [text('username'), text('password')]
    if (username !== '' || password !== '') return { username, password }
  } else {
    const found = fromDockerConfig(config, host)
    if (found !== 'unreadable') return found
  }
  throw new Failed(
    `Fetching resources: Secret ${JSON.stringify(secret.metadata.name)} has no login: it needs .dockerconfigjson, or username and password`,
  )
}

function fromDockerConfig(config: string, host: string): Login | undefined | 'unreadable' {
  try {
    const { auths } = JSON.parse(config) as { auths?: Record<string, Partial<Record<string, string>>> }
    const names = [host, `https://${host}`, ...(host === 'registry-1.docker.io' ? DOCKER_HUB : [])]
    const entry = names.map((name) => auths?.[name]).find((one) => one !== undefined)
    if (!entry) return undefined
    if (entry['username'] !== undefined) return { username: entry['username'], password: entry['password'] ?? '' }
    const [username = '', ...password] = Buffer.from(entry['auth'] ?? '', 'base64')
      .toString()
      .split(':')
    return { username, password: password.join(':') }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    return 'unreadable'
  }
}

const DOCKER_HUB = ['docker.io', 'index.docker.io', 'https://index.docker.io/v1/']
