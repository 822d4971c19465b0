/** The kubeconfig that the server hands out: one context, everything inline, so that the one file is all a client needs. */
import type { KeyPair } from './certificates.ts'

export interface KubeconfigSpec {
  /** `https://127.0.0.1:7701`. */
  readonly url: string
  readonly caCertificate: string
  readonly client: KeyPair
  /** Of cluster, user and context; default `larder`. */
  readonly name?: string
}

/**
 * The text in YAML. It holds a private key; write it with `writeWhole(path, text, 0o600)` of files.ts. The name must be plain
 * (letters, digits, dashes): it is not quoted.
 */
export function renderKubeconfig(spec: KubeconfigSpec): string {
  const name = spec.name ?? 'larder'
  return `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${spec.url}
    certificate-authority-data: ${base64(spec.caCertificate)}
users:
- name: ${name}
  user:
    client-certificate-data: ${base64(spec.client.certificate)}
    client-key-data: ${base64(spec.client.key)}
contexts:
- name: ${name}
  context:
    cluster: ${name}
    user: ${name}
current-context: ${name}
`
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64')
}
