/** URLs as Go's `url.ParseRequestURI` takes them: absolute, or a path. */
export class UrlValue {
  readonly scheme: string
  /** With the port, brackets around IPv6. */
  readonly host: string
  readonly path: string
  readonly query: ReadonlyMap<string, readonly string[]>
  constructor(scheme: string, host: string, path: string, query: ReadonlyMap<string, readonly string[]>) {
    this.scheme = scheme
    this.host = host
    this.path = path
    this.query = query
  }

  get hostname(): string {
    return this.host.replace(/:[0-9]*$/, '').replace(/^\[(.*)\]$/, '$1')
  }

  get port(): string {
    return /:([0-9]+)$/.exec(this.host)?.[1] ?? ''
  }
}

const URL_TEXT = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:[^@/?]*@)?([^/?]*))?(\/[^?]*)?(?:\?(.*))?$/
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s[\]<>"\\^`{|}:]*)(?::[0-9]*)?$/
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/

export function parseUrl(text: string): UrlValue | undefined {
  if (/[\s\p{Cc}]/u.test(text)) return undefined
  const match = URL_TEXT.exec(text)
  if (!match) return undefined
  const [, scheme = '', host = '', path = '', query = ''] = match
  if (scheme === '' && !text.startsWith('/')) return undefined
  if (!HOST.test(host) || BAD_ESCAPE.test(path)) return undefined
  return new UrlValue(scheme.toLowerCase(), host, path, queryOf(query))
}

function queryOf(text: string): Map<string, string[]> {
  const query = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(text)) query.set(key, [...(query.get(key) ?? []), value])
  return query
}
