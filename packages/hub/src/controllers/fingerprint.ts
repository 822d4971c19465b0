/**
 * Keyed hashes, by which the hub sees that something has changed without keeping what it was. Without the key a hash of a
 * short password could be guessed by whoever may read an annotation or a status.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { isObject, stringifyJson, type Json } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE } from '../model/names.ts'

const KEY_SECRET = 'larder-fingerprint-key'

/** 32 hex digits; the order of keys does not matter. */
export type Fingerprint = (value: Json) => Promise<string>

/** The key is made once for an installation and read once for a process. */
export function createFingerprint(client: Client): Fingerprint {
  let key: Promise<Buffer> | undefined
  return async (value) => {
    key ??= readKey(client)
    // A failed read must not be remembered: the next pass reads again.
    const bytes = await key.catch((error: unknown) => {
      key = undefined
      throw error
    })
    return createHmac('sha256', bytes).update(canonical(value)).digest('hex').slice(0, 32)
  }
}

async function readKey(client: Client): Promise<Buffer> {
  const secrets = client.of(secretType)
  const existing = await secrets.find(KEY_SECRET, SYSTEM_NAMESPACE)
  if (existing?.data?.['key']) return Buffer.from(existing.data['key'], 'base64')
  const key = randomBytes(32)
  try {
    await secrets.create({
      metadata: { name: KEY_SECRET, namespace: SYSTEM_NAMESPACE, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
      data: { key: key.toString('base64') },
    })
    return key
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return Buffer.from((await secrets.get(KEY_SECRET, SYSTEM_NAMESPACE)).data?.['key'] ?? '', 'base64')
  }
}

/** JSON with sorted keys. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`
  if (!isObject(value)) return stringifyJson(value)
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key]!)}`)
  return `{${parts.join(',')}}`
}
