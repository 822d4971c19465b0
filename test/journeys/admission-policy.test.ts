/** Rules of the platform in CEL, as stock kubectl applies and meets them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--api-only')
})
afterAll(() => hub.remove())

const apply = (manifest: string) => hub.kubectl(['apply', '-f', '-'], { stdin: manifest })

const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: owned
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}
  matchConditions:
    - {name: not-the-root-ca, expression: "object.metadata.name != 'kube-root-ca.crt'"}
  variables:
    - {name: owner, expression: "object.metadata.?labels.owner.orValue('')"}
  validations:
    - expression: variables.owner != ''
      messageExpression: "'who owns ' + object.metadata.name + '?'"
      reason: Forbidden
    - expression: "!has(object.data) || size(object.data) <= 1"
      message: one key is enough
`
const binding = (action: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: owned-in-default
spec:
  policyName: owned
  validationActions: [${action}]
  matchResources:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}
`
const configMap = (name: string, labels: string, data: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, labels: ${labels}}
data: ${data}
`

test('a policy and its binding are applied, and shown', async () => {
  expect(await apply(`${POLICY}---${binding('Deny')}`)).toMatchObject({
    code: 0,
    stdout:
      'validatingadmissionpolicy.admissionregistration.k8s.io/owned created\n' +
      'validatingadmissionpolicybinding.admissionregistration.k8s.io/owned-in-default created\n',
  })
  const table = await hub.ok(['get', 'validatingadmissionpolicies'])
  expect(table.replaceAll(/ +/g, ' ')).toMatch(/^NAME VALIDATIONS PARAMKIND AGE\nowned 2 <unset> /)
})

test('what it forbids is refused in its words, at once', async () => {
  expect(await apply(configMap('mine', '{}', '{a: b}'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      `configmaps "mine" is forbidden: ValidatingAdmissionPolicy 'owned' with binding 'owned-in-default' denied request: who owns mine?`,
    ) as unknown,
  })
  const { stderr } = await apply(configMap('mine', '{owner: me}', '{a: b, c: d}'))
  expect(stderr).toContain(
    `The configmaps "mine" is invalid: : ValidatingAdmissionPolicy 'owned' with binding 'owned-in-default' denied request: one key is enough`,
  )
  await hub.ok(['apply', '-f', '-'], { stdin: configMap('mine', '{owner: me}', '{a: b}') })
  expect((await hub.kubectl(['label', 'cm', 'mine', 'owner-'])).stderr).toContain('who owns mine?')
  expect((await hub.kubectl(['create', 'cm', 'other', '--dry-run=server'])).code).toBe(1)
})

test('and nothing else is: other namespaces, other kinds', async () => {
  await hub.ok(['create', 'namespace', 'elsewhere'])
  await hub.ok(['create', 'cm', 'free', '-n', 'elsewhere'])
  await hub.ok(['create', 'secret', 'generic', 'free'])
})

test('Warn lets it pass, and kubectl says the warning', async () => {
  await hub.ok(['apply', '-f', '-'], { stdin: binding('Warn') })
  const warned = await hub.kubectl(['create', 'cm', 'warned'])
  expect(warned).toMatchObject({
    code: 0,
    stdout: 'configmap/warned created\n',
    stderr: `Warning: Validation failed for ValidatingAdmissionPolicy 'owned' with binding 'owned-in-default': who owns warned?\n`,
  })
})

test('one that cannot be compiled is refused by field', async () => {
  const { code, stderr } = await apply(POLICY.replace("variables.owner != ''", 'variables.ownr'))
  expect(code).toBe(1)
  expect(stderr).toContain('spec.validations[0].expression: Invalid value: "variables.ownr": compilation failed:')
})
