/** What the API's authorities issue. Heavy, as what makes certificates is: import it only when there is one to make. */
import { X509Certificate } from 'node:crypto'
import { issueCertificate, type Authority, type CertificateRequest, type Issued } from '../base/certificate.ts'
import { CA_LIFE_MS, type KeyPair, LEAF_LIFE_MS } from './certificates.ts'

/** Clocks of clients may be behind ours. */
const SKEW_MS = 3600 * 1000

export async function issueAuthority(commonName: string, now: number): Promise<KeyPair> {
  const validity = { notBeforeMs: now - SKEW_MS, notAfterMs: now + CA_LIFE_MS }
  return pair(await issueCertificate({ subject: { commonName }, ...validity, keys: 'P-256', isAuthority: true }))
}

const SERVER_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
]

export const issueServer = (ca: KeyPair, now: number): Promise<KeyPair> =>
  issueLeaf(ca, now, { subject: { commonName: 'larder' }, uses: ['server'], names: SERVER_NAMES })

/** A server certificate for other names than the API's. */
export const issueServerFor = (ca: KeyPair, names: readonly string[], now: number): Promise<KeyPair> =>
  issueLeaf(ca, now, { subject: { commonName: names[0] }, uses: ['server'], names: [...names, '127.0.0.1'] })

/** A client certificate: the user is its CN, the groups are its O. */
export const issueClient = (
  ca: KeyPair,
  { user, groups }: { readonly user: string; readonly groups: readonly string[] },
  now: number,
): Promise<KeyPair> => issueLeaf(ca, now, { subject: { organizations: groups, commonName: user }, uses: ['client'] })

/** Ends with its authority at the latest. */
async function issueLeaf(
  ca: Authority,
  now: number,
  request: Pick<CertificateRequest, 'subject' | 'uses' | 'names'>,
): Promise<KeyPair> {
  const notAfterMs = Math.min(now + LEAF_LIFE_MS, Date.parse(new X509Certificate(ca.certificate).validTo))
  return pair(await issueCertificate({ ...request, notBeforeMs: now - SKEW_MS, notAfterMs, keys: 'P-256' }, ca))
}

const pair = ({ certificate, key }: Issued): KeyPair => ({
  certificate,
  key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
})
