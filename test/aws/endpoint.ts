/**
 * An AWS for tests: moto with what it lacks (launcher/), behind a proxy that counts calls and breaks what it is told to (proxy/).
 *
 * ```ts
 * const aws = await startAws({ creatingMs: 500 })
 * const driver = startDriver({ endpoint: aws.url, env: aws.env })
 * aws.faults.reset({ action: 'CreateReplicationGroup' }, { times: 1, at: 'answer' })
 * ..
 * expect(aws.calls.count({ action: 'CreateReplicationGroup' })).toBe(1)
 * await aws.stop()
 * ```
 *
 * The truth is read from `truthUrl` by the SDK: past the proxy, so that looking is neither counted nor broken.
 * README.md tells which operations are moto's, and which are ours and therefore prove less.
 */
import { startMoto } from './launcher.ts'
import type { Calls } from './proxy/calls.ts'
import type { Faults } from './proxy/faults.ts'
import { AwsProxy } from './proxy/proxy.ts'
import type { QuotaOptions } from './proxy/quota.ts'

/** Milliseconds that each change takes. `Infinity` is allowed: nothing ends until `setTimes` says otherwise. */
export interface Times {
  /** Caches, user groups, and stacks. */
  readonly creatingMs?: number
  readonly modifyingMs?: number
  readonly deletingMs?: number
  readonly snapshottingMs?: number
}

/** A failure inside AWS: of a cache that was accepted and then cannot be made, or of one resource of a stack. */
interface Failure {
  /** The last three are those of a stack's resource, whatever its type. */
  readonly operation:
    | 'CreateCacheCluster'
    | 'CreateReplicationGroup'
    | 'CreateSnapshot'
    | 'ModifyReplicationGroup'
    | 'CreateResource'
    | 'UpdateResource'
    | 'DeleteResource'
  /** What AWS tells as the reason, in events. */
  readonly reason: string
  /** The id of the cache; of a stack's resource the logical id or the type. Any when left out. */
  readonly target?: string
  /** Only in the stack of this name. */
  readonly stack?: string
  /** 1 by default. */
  readonly times?: number
}

export interface Aws {
  /** Where the software under test sends its calls. */
  readonly url: string
  /** moto itself, for reading the truth. */
  readonly truthUrl: string
  /** The account of `env` and `client()`; another one by assuming a role in it. */
  readonly account: string
  readonly region: string
  /** What a process needs to find this AWS by the SDK's chain and no other: AWS_ENDPOINT_URL, keys, region, no instance metadata. */
  readonly env: Readonly<Record<string, string>>
  /** The same for a client of the SDK: `new ElastiCacheClient(aws.client())`; `aws.client(aws.truthUrl)` reads the truth. */
  client(endpoint?: string): ClientConfig
  readonly faults: Faults
  readonly calls: Calls
  /** Calls in a second that AWS accepts, of each account, region and service; `undefined` ends it. */
  limit(quota: QuotaOptions | undefined): void
  /** From now on, also for what is under way. */
  setTimes(times: Times): Promise<void>
  /** In addition to those not used up. */
  fail(...failures: readonly Failure[]): Promise<void>
  /** Passwords and tokens that AWS holds and never tells. */
  secrets(place?: { readonly account?: string; readonly region?: string }): Promise<Secrets>
  /** Connections are refused until `up()`; what is under way is reset. AWS itself goes on. */
  down(): Promise<void>
  up(): Promise<void>
  /** An AWS without anything in it, without faults, quota, failures or counted calls; times stay. */
  reset(): Promise<void>
  /** The last lines of moto's log, for a test that failed. */
  log(): string
  stop(): Promise<void>
}

interface ClientConfig {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

interface Secrets {
  /** By user id. */
  readonly passwords: Readonly<Record<string, readonly string[]>>
  /** By replication group. */
  readonly authTokens: Readonly<Record<string, readonly string[]>>
}

const ACCOUNT = '123456789012'
const REGION = 'us-west-2'
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'a key that moto does not check' }

/** Short, but long enough to be seen. LARDER_AWS_SLOWER multiplies them: 1000 is about as slow as AWS. */
const DEFAULT_TIMES: Required<Times> = { creatingMs: 300, modifyingMs: 200, deletingMs: 200, snapshottingMs: 200 }

/** Takes two to four seconds, so start one for a file of tests and `reset()` it between them. */
export async function startAws(options: Times = {}): Promise<Aws> {
  const moto = await startMoto()
  const proxy = new AwsProxy(moto.port)
  await proxy.open()
  const truthUrl = `http://127.0.0.1:${moto.port}`
  const control = new Control(truthUrl)
  const slower = Number(process.env['LARDER_AWS_SLOWER'] ?? 1)
  const defaults = Object.fromEntries(Object.entries(DEFAULT_TIMES).map(([name, ms]) => [name, ms * slower]))
  await control.setTimes({ ...defaults, ...options })
  return {
    url: proxy.url,
    truthUrl,
    account: ACCOUNT,
    region: REGION,
    env: environment(proxy.url),
    client: (endpoint = proxy.url) => ({ endpoint, region: REGION, credentials: CREDENTIALS }),
    faults: proxy.faults,
    calls: proxy.calls,
    limit: (quota) => proxy.limit(quota),
    setTimes: (times) => control.setTimes(times),
    fail: (...failures) => control.fail(failures),
    secrets: ({ account = ACCOUNT, region = REGION } = {}) => control.secrets(account, region),
    down: () => proxy.close(),
    up: () => proxy.open(),
    async reset() {
      await proxy.open()
      proxy.faults.lift()
      proxy.limit(undefined)
      await control.reset()
      proxy.calls.clear()
    },
    log: () => moto.log(),
    async stop() {
      await proxy.stop()
      await moto.stop()
    },
  }
}

function environment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    // That of the CLI.
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Nothing that stands in the files of who runs the tests.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
}

/** The launcher's own paths: launcher/control.py. */
class Control {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async setTimes(times: Times): Promise<void> {
    const kinds = Object.entries(times).map(([name, ms]) => [
      name.replace(/Ms$/, ''),
      // JSON has no Infinity; a day is longer than any test.
      Math.min(Number(ms), 86_400_000),
    ])
    await this.#ask('POST', '/larder/times', Object.fromEntries(kinds))
  }

  async fail(failures: readonly Failure[]): Promise<void> {
    const left = (await this.#ask('GET', '/larder/failures')) as readonly Failure[]
    await this.#ask('POST', '/larder/failures', [...left, ...failures])
  }

  async secrets(account: string, region: string): Promise<Secrets> {
    return (await this.#ask('GET', `/larder/secrets?account=${account}&region=${region}`)) as Secrets
  }

  async reset(): Promise<void> {
    await this.#ask('POST', '/moto-api/reset')
    await this.#ask('POST', '/larder/failures', [])
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 2000)}`)
    return JSON.parse(text)
  }
}
