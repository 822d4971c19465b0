/** Who asks, as a server behind an APIService learns it: in headers, from whoever shows the certificate of the cluster's API. */
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { configMapType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import type { Asker } from './asker.ts'

/** What the ConfigMap kube-system/extension-apiserver-authentication says. */
export interface FrontProxyTrust {
  /** PEM. */
  readonly authority: string
  /** Common names of certificates; none: any of that authority. */
  readonly names: readonly string[]
  readonly userHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly extraPrefixes: readonly string[]
}

export async function readTrust(client: Client): Promise<FrontProxyTrust> {
  const { data = {} } = await client.of(configMapType).get('extension-apiserver-authentication', 'kube-system')
  const list = (key: string): readonly string[] => {
    const parsed: unknown = JSON.parse(data[`requestheader-${key}`] ?? '[]')
    return Array.isArray(parsed) ? parsed.map((one) => String(one)) : []
  }
  return {
    authority: data['requestheader-client-ca-file'] ?? '',
    names: list('allowed-names'),
    userHeaders: lower(list('username-headers')),
    groupHeaders: lower(list('group-headers')),
    uidHeaders: lower(list('uid-headers')),
    extraPrefixes: lower(list('extra-headers-prefix')),
  }
}

const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase())

/** Undefined when the sender is not the cluster's API, whatever the headers say. */
export function askerOf(request: IncomingMessage, trust: FrontProxyTrust): Asker | undefined {
  const socket = request.socket as TLSSocket
  if (!socket.authorized) return undefined
  const { CN } = socket.getPeerCertificate().subject
  if (trust.names.length > 0 && !trust.names.includes(String(CN))) return undefined
  const all = (names: readonly string[]) => names.flatMap((name) => request.headersDistinct[name] ?? []).map(fromWire)
  const [name] = all(trust.userHeaders)
  if (name === undefined || name === '') return undefined
  const [uid] = all(trust.uidHeaders)
  return { name, groups: all(trust.groupHeaders), extra: extraOf(request, trust), ...(uid !== undefined && { uid }) }
}

function extraOf({ headersDistinct }: IncomingMessage, { extraPrefixes }: FrontProxyTrust): Asker['extra'] {
  const extra: Record<string, readonly string[]> = {}
  for (const [header, values = []] of Object.entries(headersDistinct)) {
    const prefix = extraPrefixes.find((one) => header.startsWith(one))
    if (prefix !== undefined) extra[keyOf(header.slice(prefix.length))] = values.map(fromWire)
  }
  return extra
}

/** Header values are bytes of UTF-8, which Node hands out one character each. */
const fromWire = (text: string): string => Buffer.from(text, 'latin1').toString()

function keyOf(escaped: string): string {
  try {
    return decodeURIComponent(escaped)
  } catch {
    return escaped
  }
}
