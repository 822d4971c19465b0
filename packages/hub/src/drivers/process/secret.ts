import { createHash, createHmac } from 'node:crypto'

/**
 * Secrets derive from the key of the instance, so that asking twice gives the same one and no file holds them: a
 * credential that was made just before a crash is found again, not replaced.
 */
export function deriveSecret(key: Buffer, purpose: string): string {
  return createHmac('sha256', key).update(purpose).digest('base64url').slice(0, 32)
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Letters, digits and an underscore: a name that engines take without quotes. */
export const usernameOf = (credentialId: string): string => `user_${sha256(credentialId).slice(0, 16)}`
