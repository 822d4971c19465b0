/** The kinds of secretgen, with the fields and columns of their inventor. docs/reference/services-toolkit-compatibility.md says which rows hold. */
import { defineForeignKind, type ObjectOfForeignKind } from '../../model/foreign-kind.ts'
import { choice, flag, list, map, object, required, text, whole } from '../../model/schema.ts'
import { CARVEL_GROUP, columns, K14S_GROUP, secretTemplate, statusWith, templateMetadata, VERSION } from './fields.ts'

const LONGEST_PASSWORD = 4096

const count = (description: string) => whole(description, { minimum: 0, maximum: LONGEST_PASSWORD })

const passwordIn = (group: string) =>
  defineForeignKind({
    group,
    version: VERSION,
    kind: 'Password',
    resource: 'passwords',
    namespaced: true,
    description: `A Password is generated once, into a Secret of its own name, and never again while that Secret is there. Served in ${K14S_GROUP} and ${CARVEL_GROUP}: the two show one object.`,
    spec: object('How the password is made.', {
      length: whole('Its length; 40 unless told, and more where the minimums ask for more.', {
        minimum: 1,
        maximum: LONGEST_PASSWORD,
      }),
      digits: count('At least so many digits.'),
      uppercaseLetters: count('At least so many upper-case letters.'),
      lowercaseLetters: count('At least so many lower-case letters.'),
      symbols: count('At least so many symbols; none unless told.'),
      symbolCharSet: text('Symbols to choose from; `!@#$%&*;.:` unless told.', { minLength: 1 }),
      secretTemplate: secretTemplate('`$(value)`'),
    }),
    status: statusWith({}),
    columns,
  })

export const passwordKind = passwordIn(K14S_GROUP)
/** The same objects in the group that documents of Carvel's other kinds lead to. */
export const carvelPasswordKind = passwordIn(CARVEL_GROUP)

export const certificateKind = defineForeignKind({
  group: K14S_GROUP,
  version: VERSION,
  kind: 'Certificate',
  resource: 'certificates',
  namespaced: true,
  description: 'A Certificate and its RSA key are generated once, into a Secret of its own name.',
  spec: object('What is certified.', {
    caRef: object('The authority; absent: the certificate signs itself.', {
      name: required(
        text('A Secret of this namespace with `crt.pem` and `key.pem`, such as that of another Certificate.'),
      ),
    }),
    isCA: flag('Whether it may sign others.'),
    commonName: text('The common name (CN).'),
    organization: text('The organization (O).'),
    alternativeNames: list('Host names and IP addresses.', text('A name or an address.')),
    extendedKeyUsage: list('What it is for.', choice('One use.', ['client_auth', 'server_auth'])),
    duration: whole('Its life in days; 365 unless told.', { minimum: 1, maximum: 36_500 }),
    secretTemplate: secretTemplate('`$(certificate)`, `$(privateKey)`'),
  }),
  status: statusWith({}),
  columns,
})

export const rsaKeyKind = defineForeignKind({
  group: K14S_GROUP,
  version: VERSION,
  kind: 'RSAKey',
  resource: 'rsakeys',
  namespaced: true,
  description: 'An RSAKey is generated once, into a Secret of its own name.',
  spec: object('How its Secret looks.', { secretTemplate: secretTemplate('`$(privateKey)`, `$(publicKey)`') }),
  status: statusWith({}),
  columns,
})

export const sshKeyKind = defineForeignKind({
  group: K14S_GROUP,
  version: VERSION,
  kind: 'SSHKey',
  resource: 'sshkeys',
  namespaced: true,
  description: 'An SSHKey is generated once, into a Secret of its own name.',
  spec: object('How its Secret looks.', { secretTemplate: secretTemplate('`$(privateKey)`, `$(authorizedKey)`') }),
  status: statusWith({}),
  columns,
})

export const secretTemplateKind = defineForeignKind({
  group: CARVEL_GROUP,
  version: VERSION,
  kind: 'SecretTemplate',
  resource: 'secrettemplates',
  namespaced: true,
  description:
    'A SecretTemplate makes a Secret of its own name out of fields of other objects in its namespace, and keeps it as they are.',
  spec: object('From what, and what.', {
    inputResources: list(
      'What is read, in this order; a name may be made from what was read before.',
      object('One object of this namespace.', {
        name: required(text('What the template calls it: `$(.NAME.path)`.', { minLength: 1 })),
        ref: required(
          object('Which it is.', {
            apiVersion: required(text('Its apiVersion.')),
            kind: required(text('Its kind.')),
            name: required(text('Its name; may hold `$(.earlier.path)`.')),
          }),
        ),
      }),
    ),
    template: object('The Secret. Everywhere `$(.input.path)` stands for what the path finds.', {
      metadata: templateMetadata,
      type: text('The type of the Secret; it cannot change later.'),
      stringData: map('Keys whose values are texts.', text('Text, with paths.')),
      data: map('Keys whose values are base64, as in another Secret.', text('Text, with paths.')),
    }),
    serviceAccountName: text(
      'The ServiceAccount of this namespace as which everything is read. Absent: Secrets alone may be read.',
    ),
  }),
  status: statusWith({
    secret: object('The Secret.', { name: text('Its name.') }),
    observedSecretResourceVersion: text('Not written; upstream has it.'),
  }),
  columns,
})

export const secretExportKind = defineForeignKind({
  group: CARVEL_GROUP,
  version: VERSION,
  kind: 'SecretExport',
  resource: 'secretexports',
  namespaced: true,
  description: 'A SecretExport lets other namespaces import the Secret of its name.',
  spec: object('To whom. What any of the three allows is allowed.', {
    toNamespace: text('A namespace, or `*` for all.'),
    toNamespaces: list('Namespaces, or `*` for all.', text('A namespace.')),
    dangerousToNamespacesSelector: list(
      'Namespaces by what is in them; all must hold. Who may write there may take the Secret.',
      object('One requirement.', {
        key: required(text('A JSONPath into the Namespace: `metadata.labels.team`.', { minLength: 1 })),
        operator: required(choice('How.', ['In', 'NotIn', 'Exists', 'DoesNotExist'])),
        values: list('For In and NotIn.', text('A value.')),
      }),
    ),
  }),
  status: statusWith({}),
  columns,
})

export const secretImportKind = defineForeignKind({
  group: CARVEL_GROUP,
  version: VERSION,
  kind: 'SecretImport',
  resource: 'secretimports',
  namespaced: true,
  description:
    'A SecretImport keeps a copy of the Secret of its name in another namespace, as long as that exports it here.',
  spec: object('From where.', { fromNamespace: text('The namespace that has the Secret and its SecretExport.') }),
  status: statusWith({}),
  columns,
})

export const secretgenKinds = [
  passwordKind,
  carvelPasswordKind,
  certificateKind,
  rsaKeyKind,
  sshKeyKind,
  secretTemplateKind,
  secretExportKind,
  secretImportKind,
] as const

export type Password = ObjectOfForeignKind<typeof passwordKind>
export type Certificate = ObjectOfForeignKind<typeof certificateKind>
export type RsaKey = ObjectOfForeignKind<typeof rsaKeyKind>
export type SshKey = ObjectOfForeignKind<typeof sshKeyKind>
export type SecretTemplate = ObjectOfForeignKind<typeof secretTemplateKind>
export type SecretExport = ObjectOfForeignKind<typeof secretExportKind>
export type SecretImport = ObjectOfForeignKind<typeof secretImportKind>
