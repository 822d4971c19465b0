/**
 * Which servers may be asked. Who writes an App says from where the hub fetches, and the hub stands where its writer does not: inside a
 * network, beside the metadata service of a cloud. So it goes to public addresses alone, over HTTPS, whatever a name or a redirect
 * says; the address is judged at the moment of the connection, since a name may mean another one a moment later. Other registries the
 * operator names: `LARDER_REGISTRIES=registry.internal:5000,http://127.0.0.1:5000`; those with `http://` are asked without TLS.
 *
 * Rejected: a proxy for all that is fetched. It would be one more thing to run before the first package, and decides nothing by itself.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** By host and port, as a URL has them: without the port that goes without saying. */
export type NamedRegistries = ReadonlyMap<string, 'http:' | 'https:'>

export function namedRegistries(list: string | undefined): NamedRegistries {
  const entries = (list ?? '').split(',').flatMap((entry) => {
    const [, said, host = ''] = /^(?:(https?:)\/\/)?([^/]+)\/?$/.exec(entry.trim()) ?? []
    const scheme = said === 'http:' ? 'http:' : 'https:'
    const key = hostIn(scheme, host)
    return key === undefined ? [] : [[key, scheme] as const]
  })
  return new Map(entries)
}

/** How the registry of an image is asked, by its host and port as they stand in the name. */
export const schemeOf = (host: string, named: NamedRegistries): 'http:' | 'https:' =>
  named.get(hostIn('http:', host) ?? '') === 'http:' ? 'http:' : 'https:'

const hostIn = (scheme: string, host: string): string | undefined =>
  host !== '' && URL.canParse(`${scheme}//${host}`) ? new URL(`${scheme}//${host}`).host : undefined

/** Of networks that nobody outside of them reaches: RFC 6890 and what came after it. */
const INNER = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  INNER.addSubnet(network, bits, 'ipv4')

/** Of IPv6 what is handed out to the world lies here; from it are taken addresses that stand for ones of IPv4. */
const WORLD = new BlockList()
WORLD.addSubnet('2000::', 3, 'ipv6')
const STANDING_FOR_IPV4 = new BlockList()
for (const [network, bits] of [
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  STANDING_FOR_IPV4.addSubnet(network, bits, 'ipv6')

export function isPublic(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !INNER.check(address, 'ipv4')
  return family === 6 && WORLD.check(address, 'ipv6') && !STANDING_FOR_IPV4.check(address, 'ipv6')
}

export class Unreachable extends Error {
  override readonly name = 'NotReachable'
}

const notAllowed = (host: string): Unreachable =>
  new Unreachable(`${host} is in no public network, and the operator of the hub has not named it (LARDER_REGISTRIES)`)

/** Throws for a URL that may not be asked whatever its name resolves to. True where the operator has named the server. */
export function checkUrl(url: URL, named: NamedRegistries): boolean {
  const host = url.host.toLowerCase()
  const scheme = named.get(host)
  if (scheme !== undefined) {
    if (url.protocol !== scheme) throw new Unreachable(`${host} was named for ${scheme} alone`)
    return true
  }
  if (url.protocol !== 'https:') throw new Unreachable(`${host} would be asked without TLS`)
  const address = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && !isPublic(address)) throw notAllowed(host)
  return false
}

/** Resolves names to public addresses alone; refuses where one of them is not. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const first = addresses?.[0]
    if (error || first === undefined) return callback(error ?? new Unreachable(`${hostname} has no address`), '', 0)
    if (!addresses.every(({ address }) => isPublic(address))) return callback(notAllowed(hostname), '', 0)
    if (options.all) return callback(null, addresses)
    callback(null, first.address, first.family)
  })
}
