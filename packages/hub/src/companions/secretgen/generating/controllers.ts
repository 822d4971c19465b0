/** The kinds that generate. */
import { watching, defineController, type Controller } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import { secretType } from '@larder/engine/client/builtin'
import type { DoorContext } from '../../../door.ts'
import {
  carvelPasswordKind,
  certificateKind,
  passwordKind,
  rsaKeyKind,
  sshKeyKind,
  type Certificate,
  type Password,
  type RsaKey,
  type SshKey,
} from '../kinds.ts'
import { sameName } from '../owned-secret.ts'
import { reportOne } from '../report.ts'
import { issueFor } from './certificate.ts'
import { ensureSecret, generatingController, type Generator } from './generated-secret.ts'
import { generateRsaKey, generateSshKey } from './keys.ts'
import { generatePassword } from './password.ts'
import { followTwin, joinTwin } from './twin.ts'

const AUTHORITY = 'authority'

type Random = Pick<DoorContext, 'randomBytes'>

export function generatingControllers({ randomBytes }: Random): readonly Controller[] {
  return [
    passwordController({ randomBytes }),
    carvelPasswordController(),
    defineController<Certificate>(
      generatingController<Certificate>({
        name: 'secretgen-certificate',
        type: certificateKind,
        secretType: 'Opaque',
        stringData: { 'crt.pem': '$(certificate)', 'key.pem': '$(privateKey)' },
        indexes: {
          [AUTHORITY]: ({ metadata, spec }) => (spec?.caRef ? [`${metadata.namespace ?? ''}/${spec.caRef.name}`] : []),
        },
        watches: [
          watching(secretType, ({ metadata: { name, namespace = '' } }, informers) =>
            informers
              .of(certificateKind)
              .byIndex(AUTHORITY, `${namespace}/${name}`)
              .map((certificate) => keyOf(certificate)),
          ),
        ],
        generate: issueFor,
      }),
    ),
    defineController<RsaKey>(
      generatingController<RsaKey>({
        name: 'secretgen-rsakey',
        type: rsaKeyKind,
        secretType: 'Opaque',
        stringData: { 'key.pem': '$(privateKey)', 'pub.pem': '$(publicKey)' },
        generate: generateRsaKey,
      }),
    ),
    defineController<SshKey>(
      generatingController<SshKey>({
        name: 'secretgen-sshkey',
        type: sshKeyKind,
        secretType: 'kubernetes.io/ssh-auth',
        stringData: { 'ssh-privatekey': '$(privateKey)', 'ssh-authorizedkey': '$(authorizedKey)' },
        generate: generateSshKey,
      }),
    ),
  ]
}

function passwordController({ randomBytes }: Random): Controller {
  const generator: Generator<Password> = {
    name: 'secretgen-password',
    type: passwordKind,
    secretType: 'kubernetes.io/basic-auth',
    stringData: { password: '$(value)' },
    watches: [watching(carvelPasswordKind, sameName(passwordKind))],
    generate: ({ object }) => ({ value: generatePassword(object.spec ?? {}, randomBytes) }),
  }
  return defineController<Password>({
    ...generatingController(generator),
    async reconcile(pass) {
      const joined = await joinTwin(pass)
      return joined.type === 'done' ? ensureSecret(pass, generator) : joined
    },
  })
}

/** Its status is its twin's. */
function carvelPasswordController(): Controller {
  return defineController<Password>({
    name: 'secretgen-password-carvel',
    type: carvelPasswordKind,
    conditions: false,
    watches: [watching(passwordKind, sameName(carvelPasswordKind))],
    reconcile: followTwin,
    summarize: (summary) => (summary.settled.type === 'done' ? undefined : reportOne(summary)),
  })
}
