/** What a Certificate asks for, and the authority that it names. */
import { secretType } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Certificate } from '../kinds.ts'
import type { Authority } from './certificate-issuing.ts'

/** Throws `Stalled` while the authority is missing; it is watched. */
export async function issueFor(pass: Pass<Certificate>): Promise<{ certificate: string; privateKey: string }> {
  const spec = pass.object.spec ?? {}
  const authority = spec.caRef && authorityIn(pass, spec.caRef.name)
  // Costs 130 ms and 13 MB, where a hub may never see a Certificate.
  const { issueCertificate, AuthorityUnusable } = await import('./certificate-issuing.ts')
  try {
    return await issueCertificate(spec, authority, pass.clock.now())
  } catch (error) {
    if (!(error instanceof AuthorityUnusable)) throw error
    throw new Stalled('ReconcileFailed', `spec.caRef: Secret ${JSON.stringify(spec.caRef?.name)} ${error.message}`, {
      cause: error,
    })
  }
}

function authorityIn(pass: Pass<Certificate>, name: string): Authority {
  const secret = pass.cache(secretType).get(name, pass.object.metadata.namespace)
  const [certificate, key] = ['crt.pem', 'key.pem'].map((entry) => secret?.data?.[entry])
  if (certificate !== undefined && key !== undefined) return { certificate: pem(certificate), key: pem(key) }
  const why = secret ? 'has no crt.pem and key.pem' : 'is not in this namespace'
  throw new Stalled('ReconcileFailed', `spec.caRef: Secret ${JSON.stringify(name)} ${why}`)
}

const pem = (base64: string) => Buffer.from(base64, 'base64').toString()
