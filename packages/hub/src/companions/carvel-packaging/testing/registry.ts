/**
 * An image registry on loopback: OCI distribution, version 2, with uploads left out. Well-kept ones are programs of other ecosystems, which
 * a test run cannot install from the registries that it has; the protocol was tried against one of them by hand (docs/reference/carvel-packaging.md).
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

export interface TestRegistry {
  readonly host: string
  /** As LARDER_REGISTRIES has it. */
  readonly named: string
  /** Requests so far: `GET /v2/...`, with `+` where they brought a login. */
  readonly seen: string[]
  /** Puts an image with one layer, or several, under a tag, and answers its digest. */
  push(
    repository: string,
    tag: string,
    ...layers: readonly (Readonly<Record<string, string>> | Buffer)[]
  ): Promise<string>
  /** Under a tag, an index with that one image in it. */
  pushIndex(repository: string, tag: string, digest: string): void
  /** From now on blobs are answered with something else. */
  spoil(): void
  /** From now on blobs are sent for elsewhere. */
  redirectTo(url: string): void
  /** From now on the rest of the tags is said to be there. */
  moreTagsAt(url: string): void
  close(): Promise<void>
}

export interface RegistryLogin {
  readonly scheme: 'basic' | 'bearer'
  readonly username: string
  readonly password: string
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const TOKEN = 'a-token-of-the-test'

interface Content {
  readonly body: Buffer
  readonly type: string
}

export async function startRegistry(login?: RegistryLogin): Promise<TestRegistry> {
  const contents = new Map<string, Content>()
  const tags = new Map<string, string>()
  const seen: string[] = []
  let spoilt = false
  let elsewhere: string | undefined
  let moreTags: string | undefined
  const put = (body: Buffer, type: string): string => {
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
    contents.set(digest, { body, type })
    return digest
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${request.headers.host}`)
    seen.push(`${request.method} ${pathname}${request.headers.authorization === undefined ? '' : ' +'}`)
    if (pathname === '/token') return answerToken(request, response, searchParams)
    if (!isAllowed(request)) return challenge(response)
    const [, repository = '', what = '', name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? []
    if (what === 'tags') return answerTags(response, repository, searchParams)
    const digest = name.startsWith('sha256:') ? name : tags.get(`${repository}:${name}`)
    const found = digest === undefined ? undefined : contents.get(digest)
    if (!found) return void response.writeHead(404).end('{"errors":[{"message":"inner-secret"}]}')
    if (what === 'blobs' && elsewhere !== undefined) return void response.writeHead(307, { location: elsewhere }).end()
    response.writeHead(200, { 'content-type': found.type })
    response.end(what === 'blobs' && spoilt ? Buffer.from('spoilt') : found.body)
  })

  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  const wanted = login?.scheme === 'bearer' ? `Bearer ${TOKEN}` : basic
  const isAllowed = ({ headers }: IncomingMessage) => wanted === undefined || headers.authorization === wanted
  const challenge = (response: ServerResponse) => {
    const how =
      login?.scheme === 'basic'
        ? 'Basic realm="test"'
        : `Bearer realm="http://${host}/token",service="test",scope="repository:x:pull"`
    response.writeHead(401, { 'www-authenticate': how }).end()
  }
  const answerToken = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => {
    const isFine = request.headers.authorization === basic && query.get('service') === 'test' && query.has('scope')
    response.writeHead(isFine ? 200 : 401).end(isFine ? JSON.stringify({ token: TOKEN }) : '{}')
  }
  /** Two to a page, so that there is more than one. */
  const answerTags = (response: ServerResponse, repository: string, query: URLSearchParams) => {
    const all = [...tags.keys()].filter((tag) => tag.startsWith(`${repository}:`)).map((tag) => tag.split(':')[1]!)
    const from = all.indexOf(query.get('last') ?? '') + 1
    const page = all.slice(from, from + 2)
    const more = from + 2 < all.length
    const link = `<${moreTags ?? `/v2/${repository}/tags/list?n=2&last=${page.at(-1)}`}>; rel="next"`
    response
      .writeHead(200, more || moreTags !== undefined ? { link } : {})
      .end(JSON.stringify({ name: repository, tags: page }))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    named: `http://${host}`,
    seen,
    async push(repository, tag, ...layers) {
      const descriptors = []
      for (const layer of layers) {
        const body = Buffer.isBuffer(layer) ? layer : await layerOf(layer)
        descriptors.push({ mediaType: LAYER, digest: put(body, 'application/octet-stream'), size: body.length })
      }
      const config = {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: put(Buffer.from('{}'), 'x'),
        size: 2,
      }
      const digest = put(
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: descriptors })),
        MANIFEST,
      )
      tags.set(`${repository}:${tag}`, digest)
      return digest
    },
    pushIndex(repository, tag, digest) {
      const platform = { os: 'linux', architecture: 'amd64' }
      const manifests = [
        {
          mediaType: MANIFEST,
          digest: `sha256:${'0'.repeat(64)}`,
          size: 1,
          platform: { os: 'linux', architecture: 'arm64' },
        },
        { mediaType: MANIFEST, digest, size: 1, platform },
      ]
      const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
      tags.set(`${repository}:${tag}`, put(body, INDEX))
    },
    spoil: () => void (spoilt = true),
    redirectTo: (url) => void (elsewhere = url),
    moreTagsAt: (url) => void (moreTags = url),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

/** A layer as image builders make it; names may lead anywhere. */
export async function layerOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}
