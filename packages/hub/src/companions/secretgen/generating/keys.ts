/** Keys, as OpenSSL and OpenSSH write them. */
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const generate = promisify(generateKeyPair)
const BITS = 3072

const privatePem = (key: KeyObject) => key.export({ type: 'pkcs1', format: 'pem' }) as string

export async function generateRsaKey() {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: BITS })
  return {
    privateKey: privatePem(privateKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  }
}

export async function generateSshKey() {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: BITS })
  return { privateKey: privatePem(privateKey), authorizedKey: authorizedKey(publicKey) }
}

/** A line of `authorized_keys`: RFC 4253, section 6.6, in base64. */
function authorizedKey(key: KeyObject): string {
  const { e = '', n = '' } = key.export({ format: 'jwk' })
  const parts = [Buffer.from('ssh-rsa'), mpint(e), mpint(n)].flatMap((part) => [lengthOf(part), part])
  return `ssh-rsa ${Buffer.concat(parts).toString('base64')}\n`
}

/** RFC 4251, section 5: a zero before a first bit that would make the number negative. */
function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return length
}
