/** The name of an image: `registry.example.com:5000/team/packages:1.2` or `...@sha256:...`. */

export interface Reference {
  /** With a port, where it has one. */
  readonly host: string
  readonly repository: string
  /** A tag or a digest; undefined where it has neither. */
  readonly version: string | undefined
}

const HUB_HOST = 'registry-1.docker.io'
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/
const TAG = /^\w[\w.-]{0,127}$/
export const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Undefined for what is none. */
export function parseReference(text: string): Reference | undefined {
  const [name = '', digest, ...more] = text.split('@')
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const rest = hasHost ? name.slice(slash + 1) : name
  const colon = rest.lastIndexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? undefined : rest.slice(colon + 1)
  const host = !hasHost || first === 'docker.io' || first === 'index.docker.io' ? HUB_HOST : first
  const repository = host === HUB_HOST && !path.includes('/') ? `library/${path}` : path
  const isFine =
    more.length === 0 &&
    URL.canParse(`https://${host}`) &&
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest))
  return isFine ? { host, repository, version: digest ?? tag } : undefined
}
