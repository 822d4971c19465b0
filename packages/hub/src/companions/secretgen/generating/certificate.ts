/** What a Certificate asks for, and the authority that it names. */
import type { Authority } from '@larder/engine/base/certificate'
import { secretType } from '@larder/engine/client/builtin'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { Certificate } from '../kinds.ts'

const DAY_MS = 24 * 3600 * 1000
const DAYS = 365
const USES = { client_auth: 'client', server_auth: 'server' } as const

/** Throws `Stalled` while the authority is missing; it is watched. */
export async function issueFor(pass: Pass<Certificate>): Promise<{ certificate: string; privateKey: string }> {
  const { caRef, duration = DAYS, ...spec } = pass.object.spec ?? {}
  const authority = caRef && authorityIn(pass, caRef.name)
  const now = pass.clock.now()
  // Costs 130 ms and 13 MB, where a hub may never see a Certificate.
  const { issueCertificate, AuthorityUnusable } = await import('@larder/engine/base/certificate')
  const request = {
    subject: { organizations: spec.organization === undefined ? [] : [spec.organization], commonName: spec.commonName },
    notBeforeMs: now,
    notAfterMs: now + duration * DAY_MS,
    keys: 'RSA 3072',
    isAuthority: spec.isCA ?? false,
    enciphersKeys: true,
    uses: (spec.extendedKeyUsage ?? []).map((use) => USES[use]),
    names: spec.alternativeNames ?? [],
  } as const
  try {
    const { certificate, key } = await issueCertificate(request, authority)
    return { certificate, privateKey: key.export({ type: 'pkcs1', format: 'pem' }) as string }
  } catch (error) {
    if (!(error instanceof AuthorityUnusable)) throw error
    const why = 'has a crt.pem or key.pem that cannot be read'
    throw new Stalled('ReconcileFailed', `spec.caRef: Secret ${JSON.stringify(caRef?.name)} ${why}`, { cause: error })
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
