/**
 * The identity with which requests are handed on: a client certificate that says "this comes from the API", and headers that say on whose
 * behalf. The other server learns from a ConfigMap which authority and which headers to trust; it never sees a sender's token.
 */
import type { JsonObject } from '../../base/json.ts'
import type { User } from '../api.ts'
import { FRONT_PROXY_NAME, type Certificates } from '../certificates.ts'

export const AUTHENTICATION_CONFIG = { namespace: 'kube-system', name: 'extension-apiserver-authentication' }

/** Data of the ConfigMap, with the keys of upstream's. */
export function authenticationConfig({ caCertificate, frontProxy }: Certificates): JsonObject {
  return {
    'client-ca-file': caCertificate,
    'requestheader-allowed-names': JSON.stringify([FRONT_PROXY_NAME]),
    'requestheader-client-ca-file': frontProxy.caCertificate,
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  }
}

export function remoteHeaders({ name, uid, groups, extra = {} }: User): Record<string, string | string[]> {
  return {
    'x-remote-user': onWire(name),
    ...(uid !== undefined && { 'x-remote-uid': onWire(uid) }),
    ...(groups.length > 0 && { 'x-remote-group': groups.map(onWire) }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`x-remote-extra-${escapeKey(key)}`, values.map(onWire)]),
    ),
  }
}

/** Header values are bytes. */
const onWire = (text: string): string => Buffer.from(text).toString('latin1')

/** As client-go: what a header's name may not hold, and `%`, is percent-encoded in UTF-8. */
function escapeKey(key: string): string {
  return Array.from(Buffer.from(key.toLowerCase()), (byte) => {
    const char = String.fromCharCode(byte)
    return /[a-z0-9!#$&'*+\-.^_`|~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Credentials of the sender, and what would let a sender say who they are. */
const PRIVATE = /^(?:authorization|cookie|impersonate-.*|x-remote-.*|x-forwarded-.*|forwarded)$/

type Headers = Record<string, string | string[]>

/** What of a sender's headers is handed on. */
export function forwardedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const kept: Headers = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || name === 'host' || name === 'content-length') continue
    if (!HOP_BY_HOP.has(name) && name !== 'expect' && !PRIVATE.test(name)) kept[name] = value
  }
  return kept
}

/** What of an answer's headers is handed back. */
export function answeredHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const kept: Headers = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value
  }
  return kept
}
