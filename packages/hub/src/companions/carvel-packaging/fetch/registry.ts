/**
 * The protocol of image registries (OCI distribution, version 2), as far as it takes to read: manifests, blobs and tags, by a name and
 * password or by a token that a registry hands out for them.
 *
 * What a server answers besides is never told: who names it may not be allowed to read it.
 */
import { createHash } from 'node:crypto'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { MOST_BYTES } from './files.ts'
import { checkUrl, publicLookup, schemeOf, Unreachable, type NamedRegistries } from './reach.ts'
import { DIGEST, type Reference } from './reference.ts'

export interface Login {
  readonly username: string
  readonly password: string
}

/** A sentence about a registry, free of what it answered. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Found extends Answer {
  /** A redirect led to another server, which answers this. */
  readonly elsewhere: boolean
}

export interface Manifest {
  readonly digest: string
  readonly document: {
    readonly mediaType?: string
    readonly manifests?: readonly Descriptor[]
    readonly layers?: readonly Descriptor[]
  }
}

interface Descriptor {
  readonly digest: string
  readonly mediaType?: string
  readonly platform?: { readonly os?: string; readonly architecture?: string }
}

export interface Registry {
  /** By a tag or a digest. */
  manifest(version: string): Promise<Manifest>
  blob(digest: string): Promise<Buffer>
  tags(): Promise<readonly string[]>
}

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')
const MOST_REDIRECTS = 5
const MOST_PAGES = 20
const TIMEOUT_MS = 30_000
const MANIFEST_BYTES = 4 * 1024 * 1024

export interface RegistryOptions {
  readonly reference: Pick<Reference, 'host' | 'repository'>
  readonly login: Login | undefined
  readonly named: NamedRegistries
  readonly signal: AbortSignal
}

export function openRegistry({ reference, login, named, signal }: RegistryOptions): Registry {
  const { host, repository } = reference
  const base = `${schemeOf(host, named)}//${host}/v2/${repository}`
  let authorization: string | undefined

  async function ask(url: URL, accept: string, most: number): Promise<Answer> {
    const first = await get(url, { accept, ...(authorization !== undefined && { authorization }) }, most)
    // What another server would like to know is not for it: it could name where the login goes.
    if (first.status !== 401 || first.elsewhere || authorization !== undefined) return first
    authorization = await authorize(first.headers['www-authenticate'])
    return get(url, { accept, authorization }, most)
  }

  async function authorize(challenge: string | undefined): Promise<string> {
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
    if (challenge === undefined) throw new RegistryError(`${host} refuses, and does not say how to log in`)
    if (/^basic\b/i.test(challenge)) {
      if (basic === undefined) throw new RegistryError(`${host} wants a login: name a Secret with one in secretRef`)
      return basic
    }
    const parts = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]))
    const realm = parts.get('realm')
    if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm))
      throw new RegistryError(`${host} wants a login of a kind that is not known here`)
    const url = new URL(realm)
    const service = parts.get('service')
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', parts.get('scope') ?? `repository:${repository}:pull`)
    const accept = 'application/json'
    const answer = await get(url, { accept, ...(basic !== undefined && { authorization: basic }) }, MANIFEST_BYTES)
    const token = answer.status === 200 ? tokenOf(answer.body) : undefined
    if (token === undefined)
      throw new RegistryError(
        `${host} gives no token${login ? ' for that login' : ': name a Secret with a login in secretRef'}`,
      )
    return `Bearer ${token}`
  }

  /** Follows redirects; what was said to one server is not said to another. */
  async function get(url: URL, headers: Readonly<Record<string, string>>, most: number): Promise<Found> {
    let [target, sent, elsewhere] = [url, headers, false]
    for (let i = 0; i <= MOST_REDIRECTS; i++) {
      const answer = await exchange(target, sent, { most, named, signal })
      const to = answer.headers.location
      if (![301, 302, 303, 307, 308].includes(answer.status) || to === undefined) return { ...answer, elsewhere }
      if (!URL.canParse(to, target.href)) break
      const next = new URL(to, target)
      if (!isSameServer(next, target)) [sent, elsewhere] = [{ accept: sent['accept']! }, true]
      target = next
    }
    throw new RegistryError(`${host} sends from one place to the next`)
  }

  const fail = ({ status }: Answer, what: string): never => {
    if (status === 404) throw new RegistryError(`${host}/${repository} has no ${what}`)
    if (status === 401 || status === 403)
      throw new RegistryError(
        `${host} does not allow ${what} of ${repository} to be read${login ? ' by that login' : ''}`,
      )
    throw new RegistryError(`${host} answers ${status} for ${what} of ${repository}`)
  }

  return {
    async manifest(version) {
      const answer = await ask(new URL(`${base}/manifests/${version}`), MANIFESTS, MANIFEST_BYTES)
      if (answer.status !== 200) fail(answer, version)
      const digest = digestOf(answer.body)
      if (DIGEST.test(version) && digest !== version)
        throw new RegistryError(`${host}/${repository}: what it has as ${version} is something else`)
      return { digest, document: parseDocument(answer.body, `${host}/${repository}`) }
    },
    async blob(digest) {
      if (!DIGEST.test(digest)) throw new RegistryError(`${host}/${repository} names a layer by no sha256 digest`)
      const answer = await ask(new URL(`${base}/blobs/${digest}`), 'application/octet-stream', MOST_BYTES)
      if (answer.status !== 200) fail(answer, digest)
      if (digestOf(answer.body) !== digest)
        throw new RegistryError(`${host}/${repository}: what it has as ${digest} is something else`)
      return answer.body
    },
    async tags() {
      const tags: string[] = []
      let url: URL | undefined = new URL(`${base}/tags/list`)
      for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
        const answer: Answer = await ask(url, 'application/json', MANIFEST_BYTES)
        if (answer.status !== 200) fail(answer, 'tags')
        const { tags: some } = parseDocument(answer.body, `${host}/${repository}`) as { tags?: unknown }
        if (Array.isArray(some)) tags.push(...some.filter((tag) => typeof tag === 'string'))
        const next: string | undefined = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(answer.headers['link'] ?? ''))?.[1]
        const following: URL | undefined =
          next !== undefined && URL.canParse(next, url.href) ? new URL(next, url) : undefined
        if (following && !isSameServer(following, url))
          throw new RegistryError(`${host} sends to another server for its tags`)
        url = following
      }
      return tags
    },
  }
}

const isSameServer = (a: URL, b: URL): boolean => a.host === b.host && a.protocol === b.protocol

const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`

function parseDocument(body: Buffer, where: string): object {
  try {
    const document: unknown = JSON.parse(body.toString())
    if (typeof document === 'object' && document !== null) return document
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new RegistryError(`${where} answers with something that is no document`)
}

function tokenOf(body: Buffer): string | undefined {
  const { token, access_token: access } = parseDocument(body, 'the server of tokens') as Record<string, unknown>
  const found = token ?? access
  return typeof found === 'string' ? found : undefined
}

interface Exchange {
  readonly most: number
  readonly named: NamedRegistries
  readonly signal: AbortSignal
}

function exchange(url: URL, headers: Readonly<Record<string, string>>, options: Exchange): Promise<Answer> {
  const { most, named, signal } = options
  const isNamed = checkUrl(url, named)
  const request = url.protocol === 'http:' ? requestHttp : requestHttps
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(inOurWords(error, url.host))
    const sent = request(
      url,
      {
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        // A connection that is kept was made to an address that was judged then, for somebody else.
        agent: false,
        ...(!isNamed && { lookup: publicLookup }),
      },
      (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > most) response.destroy(new RegistryError(`${url.host} answers with more than ${most} bytes`))
          else chunks.push(chunk)
        })
        response.on('error', failed)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      },
    )
    sent.on('error', failed)
    sent.end()
  })
}

/** Of an error of the network its code: the rest may hold addresses of a network that is none of the asker's. */
function inOurWords(error: unknown, host: string): Error {
  if (error instanceof RegistryError || error instanceof Unreachable) return error
  const { code, name } = error as NodeJS.ErrnoException
  const why =
    name === 'AbortError' || name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000}s` : (code ?? name)
  return new RegistryError(`${host} cannot be reached: ${why}`, { cause: error })
}
