import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import type { JsonObject } from '../../base/json.ts'
import { isApiError } from '../../machinery/status.ts'
import { openTokenAuthority } from '../tokens.ts'
import {
  at,
  CRDS,
  openWorld,
  refusal,
  widget,
  WIDGET_VERSION,
  widgetCrd,
  WIDGETS,
  type World,
} from '../core/testing/world.ts'

const POLICIES = 'admissionregistration.k8s.io/v1/validatingadmissionpolicies'
const BINDINGS = 'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings'
const ABOUT_CONFIG_MAPS = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] },
  ],
}

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const policy = (name: string, spec: JsonObject): JsonObject => ({
  metadata: { name },
  spec: { matchConstraints: ABOUT_CONFIG_MAPS, ...spec },
})

async function bind(name: string, spec: JsonObject = {}): Promise<void> {
  await world.admin.create(at(BINDINGS), {
    metadata: { name: `${name}-everywhere` },
    spec: { policyName: name, validationActions: ['Deny'], ...spec },
  })
}

async function enforce(name: string, spec: JsonObject, binding: JsonObject = {}): Promise<void> {
  await world.admin.create(at(POLICIES), policy(name, spec))
  await bind(name, binding)
}

const configMap = (name: string, data: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  metadata: { name, ...metadata },
  data,
})
const configMaps = (name?: string) => at('configmaps', 'default', name)
const create = (body: JsonObject, target = configMaps()) => refusal(world.admin.create(target, body))

/** Warns with each of these texts about every ConfigMap. */
async function warnWith(texts: readonly string[]): Promise<void> {
  const validations = texts.map((messageExpression) => ({ expression: 'false', messageExpression }))
  await enforce('observer', { validations }, { validationActions: ['Warn', 'Audit'] })
}

/** The warnings about one write. */
async function warningsOf(act: () => Promise<unknown>): Promise<readonly string[]> {
  world.warnings.length = 0
  await act()
  return [...world.warnings]
}

const aboutWidgets = (version: string, resource: string, matchPolicy = 'Equivalent'): JsonObject => ({
  matchPolicy,
  resourceRules: [{ apiGroups: ['example.com'], apiVersions: [version], operations: ['*'], resources: [resource] }],
})
const aboutAll = (resource: string): JsonObject => ({
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [resource] }],
})
const widgetVersion = (name: string): JsonObject => ({ name, served: true, storage: name === 'v1', ...WIDGET_VERSION })
const onConfigMaps = (verbs: readonly string[]): JsonObject[] => [{ apiGroups: [''], resources: ['configmaps'], verbs }]
const WRITES_POLICIES = { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] }
const secret = (name: string, keys: number): JsonObject => ({
  metadata: { name },
  data: Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 'eA=='])),
})
const limit = (name: string, max: string, labels: JsonObject = {}) =>
  world.admin.create(configMaps(), configMap(name, { max }, { labels }))
const make = (name: string, keys: number) => create(secret(name, keys), at('secrets', 'default'))
const refusedAs = (spec: JsonObject): Promise<string> => create(policy('bad', spec), at(POLICIES))

describe('a policy', () => {
  test('counts from the next write on, and only once it is bound', async () => {
    await world.admin.create(at(POLICIES), policy('short', { validations: [{ expression: 'size(object.data) < 2' }] }))
    await world.admin.create(configMaps(), configMap('before', { a: '1', b: '2' }))
    await bind('short')
    expect(await create(configMap('after', { a: '1', b: '2' }))).toBe(
      `422 configmaps "after" is forbidden: ValidatingAdmissionPolicy 'short' with binding 'short-everywhere' denied request: failed expression: size(object.data) < 2`,
    )
    await world.admin.create(configMaps(), configMap('small', { a: '1' }))
    expect(await refusal(world.admin.patch(configMaps('small'), { data: { b: '2' } }))).toMatch(/^422 .*denied request/)
    await world.admin.call({ verb: 'delete', target: at(BINDINGS, undefined, 'short-everywhere') })
    await world.admin.patch(configMaps('small'), { data: { b: '2' } })
  })

  test('says why in its own words, under its own code, with the cause that kubectl prints', async () => {
    await enforce('named', {
      validations: [
        { expression: 'object.metadata.name != "a"', message: ' not a ', reason: 'Forbidden' },
        {
          expression: 'object.metadata.name != "b"',
          message: 'fallback',
          messageExpression: '"name is " + object.metadata.name',
        },
        { expression: 'object.metadata.name != "c"', message: 'fallback', messageExpression: 'object.data.nope + ""' },
      ],
    })
    const caught = await world.admin.create(configMaps(), configMap('a')).catch((error: unknown) => error)
    if (!isApiError(caught)) throw new Error(`expected a refusal, got ${String(caught)}`)
    const text = "ValidatingAdmissionPolicy 'named' with binding 'named-everywhere' denied request: not a"
    expect(caught.toStatus()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `configmaps "a" is forbidden: ${text}`,
      details: { name: 'a', kind: 'configmaps', causes: [{ message: text }] },
    })
    expect(await create(configMap('b'))).toMatch(/^422 .*denied request: name is b$/)
    expect(await create(configMap('c'))).toMatch(/^422 .*denied request: fallback$/)
  })

  test('sees old and new, what is done and by whom, and the namespace', async () => {
    await warnWith([
      'request.operation + " " + request.name + " in " + request.namespace + " by " + request.userInfo.username',
      'string(object == null) + " " + string(oldObject == null)',
      'request.kind.kind + " " + request.resource.resource + " " + request.requestKind.version + " " + string(has(request.subResource))',
      'namespaceObject.metadata.name + " " + namespaceObject.status.phase',
      'request.options.kind + " " + string(request.dryRun)',
    ])
    const ofCreate = await warningsOf(() => world.admin.create(configMaps(), configMap('x'), { dryRun: true }))
    expect(ofCreate.map((text) => text.split(': ').at(-1))).toEqual([
      'CREATE x in default by admin',
      'false true',
      'ConfigMap configmaps v1 false',
      'default Active',
      'CreateOptions true',
    ])
    await world.admin.create(configMaps(), configMap('x'))
    const ofUpdate = await warningsOf(() => world.admin.patch(configMaps('x'), { data: { a: 'b' } }))
    expect(ofUpdate[1]).toMatch(/false false$/)
    const ofDelete = await warningsOf(() => world.admin.call({ verb: 'delete', target: configMaps('x') }))
    expect(ofDelete[0]).toMatch(/DELETE x in default by admin$/)
    expect(ofDelete[1]).toMatch(/true false$/)
  })

  test('has variables, each made of those before it, and only when asked for', async () => {
    await enforce('variables', {
      variables: [
        { name: 'broken', expression: 'object.data.nothing' },
        { name: 'keys', expression: 'has(object.data) ? size(object.data) : 0' },
        { name: 'many', expression: 'variables.keys > 1' },
      ],
      validations: [
        { expression: '!variables.many', messageExpression: '"has " + string(variables.keys) + " keys"' },
        { expression: 'object.metadata.name != "odd" || variables.broken == "x"' },
      ],
    })
    expect(await create(configMap('a', { x: '1', y: '2' }))).toMatch(/denied request: has 2 keys$/)
    await world.admin.create(configMaps(), configMap('b', { x: '1' }))
    expect(await create(configMap('odd', { x: '1' }))).toMatch(
      /resulted in error: composited variable "broken" fails to evaluate: no such key: nothing$/,
    )
  })

  test('that cannot be told denies or lets pass, as its failurePolicy says', async () => {
    await enforce('strict', { validations: [{ expression: 'object.data.a == "1"' }] })
    expect(await create(configMap('a'))).toBe(
      `422 configmaps "a" is forbidden: ValidatingAdmissionPolicy 'strict' with binding 'strict-everywhere' denied request: expression 'object.data.a == "1"' resulted in error: no such key: data`,
    )
    await world.admin.patch(at(POLICIES, undefined, 'strict'), { spec: { failurePolicy: 'Ignore' } })
    await world.admin.create(configMaps(), configMap('a'))
    expect(await create(configMap('b', { a: '2' }))).toMatch(/^422 .*failed expression/)
  })

  test('that would run for ever runs out of its budget', async () => {
    const data = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'v']))
    await enforce('endless', {
      validations: [{ expression: 'object.data.all(a, object.data.all(b, object.data.all(c, a + b != c)))' }],
    })
    expect(await create(configMap('big', data))).toMatch(
      /denied request: validation failed due to running out of cost budget, no further validation rules will be run$/,
    )
  })

  test('is asked about status apart from the rest, and about no kind that it does not name', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await enforce('status', {
      matchConstraints: aboutWidgets('*', 'widgets/status'),
      validations: [{ expression: 'object.status.phase != "Bad"' }],
    })
    const made = await world.admin.create(at(WIDGETS, 'default'), widget('w', { color: 'red' }))
    const status = at(WIDGETS, 'default', 'w', 'status')
    expect(await refusal(world.admin.update(status, { ...made, status: { phase: 'Bad' } }))).toMatch(/^422 /)
    await world.admin.update(status, { ...made, status: { phase: 'Good' } })
    await world.admin.patch(at(WIDGETS, 'default', 'w'), { spec: { color: 'blue' } })
  })

  test('of one version sees what is written at another, in its own form', async () => {
    await world.admin.create(at(CRDS), widgetCrd({ spec: { versions: [widgetVersion('v1'), widgetVersion('v2')] } }))
    const messageExpression = 'object.apiVersion + " " + request.kind.version + " " + request.requestKind.version'
    await enforce('v1-only', {
      matchConstraints: aboutWidgets('v1', 'widgets', 'Exact'),
      validations: [{ expression: 'false' }],
    })
    const v2 = { ...widget('w'), apiVersion: 'example.com/v2' }
    await world.admin.create(at('example.com/v2/widgets', 'default'), v2, { dryRun: true })
    await enforce('either', {
      matchConstraints: aboutWidgets('v1', 'widgets'),
      validations: [{ expression: 'false', messageExpression }],
    })
    expect(await create(v2, at('example.com/v2/widgets', 'default'))).toMatch(/denied request: example.com\/v1 v1 v2$/)
  })

  test('asks the authorizer about the sender, a ServiceAccount, or the request itself', async () => {
    await enforce('rights', {
      validations: [
        {
          expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()",
          message: 'may not read secrets',
        },
        { expression: "authorizer.requestResource.check('bless').allowed()", message: 'may not bless' },
        {
          expression: "!authorizer.serviceAccount('default', 'default').path('/metrics').check('get').allowed()",
          message: 'the account sees metrics',
        },
      ],
    })
    const role = at('rbac.authorization.k8s.io/v1/roles', 'default')
    await world.admin.create(role, { metadata: { name: 'ann' }, rules: onConfigMaps(['create']) })
    await world.admin.create(at('rbac.authorization.k8s.io/v1/rolebindings', 'default'), {
      metadata: { name: 'ann' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'ann' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    })
    const ann = world.as({ name: 'ann', groups: ['system:authenticated'] })
    expect(await refusal(ann.create(configMaps(), configMap('a')))).toMatch(/may not read secrets$/)
    const seeing = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }
    await world.admin.update(at('rbac.authorization.k8s.io/v1/roles', 'default', 'ann'), {
      metadata: { name: 'ann' },
      rules: [...onConfigMaps(['create']), seeing],
    })
    expect(await refusal(ann.create(configMaps(), configMap('a')))).toMatch(/may not bless$/)
    await world.admin.create(configMaps(), configMap('a'))
  })

  test('may not forbid its own removal, nor a question', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }
    await enforce('nothing', {
      matchConstraints: { resourceRules: [everything] },
      validations: [{ expression: 'false' }],
    })
    expect(await create(configMap('a'))).toMatch(/^422 /)
    const whoami = at('authentication.k8s.io/v1/selfsubjectreviews')
    await world.admin.create(whoami, {})
    await world.admin.call({ verb: 'delete', target: at(POLICIES, undefined, 'nothing') })
    await world.admin.create(configMaps(), configMap('a'))
  })

  test('is there again after a restart, and does not keep the API from starting', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }
    await enforce('nothing', {
      matchConstraints: { resourceRules: [everything] },
      validations: [{ expression: 'false', message: 'closed' }],
    })
    const { store } = world
    await world.close()
    world = await openWorld({ store })
    expect(await create(configMap('a'))).toMatch(/denied request: closed$/)
  })
})

describe('what a policy is about', () => {
  test('selectors of namespaces and objects, exclusions, and names', async () => {
    await world.admin.create(at('namespaces'), { metadata: { name: 'prod', labels: { tier: 'prod' } } })
    const rule = ABOUT_CONFIG_MAPS.resourceRules[0]!
    await enforce('careful', {
      matchConstraints: {
        resourceRules: [rule],
        excludeResourceRules: [{ ...rule, resourceNames: ['spared'] }],
        namespaceSelector: { matchLabels: { tier: 'prod' } },
        objectSelector: { matchExpressions: [{ key: 'safe', operator: 'DoesNotExist' }] },
      },
      validations: [{ expression: 'false' }],
    })
    const prod = at('configmaps', 'prod')
    expect(await create(configMap('a'), prod)).toMatch(/^422 /)
    await world.admin.create(configMaps(), configMap('a'))
    await world.admin.create(prod, configMap('spared'))
    await world.admin.create(prod, configMap('labelled', {}, { labels: { safe: 'yes' } }))
    // Taking the label away is judged: the old object or the new one has to match.
    expect(
      await refusal(world.admin.patch(at('configmaps', 'prod', 'labelled'), { metadata: { labels: { safe: null } } })),
    ).toMatch(/^422 /)
  })

  test('a Namespace is judged by the labels that it is going to have', async () => {
    await enforce('namespaces', {
      matchConstraints: {
        namespaceSelector: { matchLabels: { tier: 'prod' } },
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] },
        ],
      },
      validations: [{ expression: 'has(object.metadata.annotations) && namespaceObject == null' }],
    })
    const namespaces = at('namespaces')
    expect(await create({ metadata: { name: 'p', labels: { tier: 'prod' } } }, namespaces)).toMatch(/^422 /)
    await world.admin.create(namespaces, { metadata: { name: 'q' } })
    await world.admin.create(namespaces, {
      metadata: { name: 'p', labels: { tier: 'prod' }, annotations: { owner: 'me' } },
    })
  })

  test('match conditions: one that is false settles it, one that fails is up to the failure policy', async () => {
    await enforce('conditional', {
      matchConditions: [
        { name: 'fails', expression: 'object.data.x == "1"' },
        { name: 'not-the-system', expression: '!request.userInfo.groups.exists(g, g == "skip")' },
      ],
      validations: [{ expression: 'false', message: 'judged' }],
    })
    expect(await create(configMap('a', { x: '1' }))).toMatch(/denied request: judged$/)
    await world.admin.create(configMaps(), configMap('b', { x: '2' }))
    expect(await create(configMap('c'))).toMatch(/expression 'object.data.x == "1"' resulted in error: no such key/)
    const skipping = world.as({ name: 's', groups: ['system:masters', 'skip'] })
    await skipping.create(configMaps(), configMap('c'))
  })

  test('the binding narrows it down', async () => {
    await world.admin.create(at('namespaces'), { metadata: { name: 'prod', labels: { tier: 'prod' } } })
    await enforce(
      'narrow',
      { validations: [{ expression: 'false' }] },
      { matchResources: { namespaceSelector: { matchLabels: { tier: 'prod' } } } },
    )
    await world.admin.create(configMaps(), configMap('a'))
    expect(await create(configMap('a'), at('configmaps', 'prod'))).toMatch(/^422 /)
  })
})

describe('parameters', () => {
  const limited = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }
  const rule = { ...limited, validations: [{ expression: 'size(object.data) <= int(params.data.max)' }] }
  const secrets = {
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] }],
    },
  }

  test('by name, in the namespace of the request, and a change of them counts at once', async () => {
    await limit('limit', '1')
    await enforce('limited', { ...secrets, ...rule }, { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } })
    expect(await make('a', 2)).toMatch(/^422 .*failed expression/)
    await world.admin.patch(configMaps('limit'), { data: { max: '2' } })
    expect(await make('a', 2)).toMatch(/^no error/)
    await world.admin.call({ verb: 'delete', target: configMaps('limit') })
    expect(await make('b', 1)).toMatch(
      /denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
    )
  })

  test('by label: every one of them is judged with', async () => {
    await limit('one', '3', { use: 'yes' })
    await limit('two', '1', { use: 'yes' })
    await limit('other', '0')
    const paramRef = {
      selector: { matchLabels: { use: 'yes' } },
      namespace: 'default',
      parameterNotFoundAction: 'Allow',
    }
    await enforce('limited', { ...secrets, ...rule }, { paramRef })
    expect(await make('a', 2)).toMatch(/^422 /)
    expect(await make('b', 1)).toMatch(/^no error/)
    await world.admin.call({ verb: 'delete', target: configMaps('two') })
    expect(await make('a', 2)).toMatch(/^no error/)
  })

  test('of a cluster-scoped kind, of one that comes later, and of one that never comes', async () => {
    const kind = { paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } }
    await enforce(
      'widgets',
      { ...secrets, ...kind, validations: [{ expression: 'size(object.data) <= params.spec.size' }] },
      { paramRef: { name: 'w', parameterNotFoundAction: 'Allow' } },
    )
    expect(await make('a', 1)).toMatch(
      /ValidatingAdmissionPolicy 'widgets' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com\/v1, Kind=Widget'$/,
    )
    await world.admin.create(at(CRDS), widgetCrd({ spec: { scope: 'Cluster' } }))
    expect(await make('a', 5)).toMatch(/^no error/)
    await world.admin.create(at(WIDGETS), widget('w', { size: 2 }))
    expect(await make('b', 3)).toMatch(/failed expression/)
    expect(await make('b', 2)).toMatch(/^no error/)
  })
})

describe('subresources with a kind of their own', () => {
  test('a Scale is judged as what it is', async () => {
    await world.admin.create(at(CRDS), widgetCrd())
    await enforce('small', {
      matchConstraints: aboutAll('*/scale'),
      validations: [
        {
          expression: 'object.spec.replicas <= oldObject.spec.replicas + 2',
          messageExpression: 'request.kind.kind + " of " + request.resource.resource + " " + request.name',
        },
      ],
    })
    await world.admin.create(at(WIDGETS, 'default'), widget('w', { replicas: 1 }))
    const scale = at(WIDGETS, 'default', 'w', 'scale')
    expect(await refusal(world.admin.patch(scale, { spec: { replicas: 5 } }))).toMatch(
      /^422 widgets.example.com "w" is forbidden: .*denied request: Scale of widgets w$/,
    )
    await world.admin.patch(scale, { spec: { replicas: 3 } })
  })

  test('a TokenRequest too, with what it left out', async () => {
    await world.close()
    const dir = mkdtempSync(join(tmpdir(), 'larder-policies-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const serviceAccountUid = (namespace: string, name: string) =>
      world.store.get(`//serviceaccounts/${namespace}/${name}`)?.index.uid
    world = await openWorld({ tokens: openTokenAuthority({ dir, clock: systemClock, serviceAccountUid }) })
    await enforce('short', {
      matchConstraints: aboutAll('serviceaccounts/token'),
      validations: [
        {
          expression: 'object.spec.expirationSeconds <= 3600',
          messageExpression: 'request.kind.kind + " in " + namespaceObject.metadata.name',
        },
      ],
    })
    const token = at('serviceaccounts', 'default', 'default', 'token')
    expect(await create({ spec: { expirationSeconds: 7200 } }, token)).toMatch(
      /^422 serviceaccounts "default" is forbidden: .*denied request: TokenRequest in default$/,
    )
    expect(await create({}, token)).toMatch(/^no error: .*"expirationSeconds":3600/)
  })
})

describe('who writes a policy with parameters must be able to read them', () => {
  const RBAC = 'rbac.authorization.k8s.io/v1'
  const paramKind = { apiVersion: 'v1', kind: 'Secret' }
  const spec = { paramKind, validations: [{ expression: 'false', messageExpression: 'string(params.data)' }] }

  test('all of their kind for the policy, the one that is named for the binding', async () => {
    await world.admin.create(at(`${RBAC}/clusterroles`), { metadata: { name: 'author' }, rules: [WRITES_POLICIES] })
    await world.admin.create(at(`${RBAC}/clusterrolebindings`), {
      metadata: { name: 'author' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'author' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
    })
    const ann = world.as({ name: 'ann', groups: ['system:authenticated'] })
    expect(await refusal(ann.create(at(POLICIES), policy('nosy', spec)))).toMatch(
      /^422 .*spec.paramKind: Forbidden: user "ann" must have "get" permission on all objects of the referenced paramKind \(kind=Secret, apiVersion=v1\)$/,
    )
    await world.admin.create(at(POLICIES), policy('nosy', spec))
    const paramRef = { name: 'theirs', namespace: 'default', parameterNotFoundAction: 'Deny' }
    const binding = { metadata: { name: 'nosy' }, spec: { policyName: 'nosy', validationActions: ['Warn'], paramRef } }
    expect(await refusal(ann.create(at(BINDINGS), binding))).toMatch(
      /^422 .*spec.paramRef: Forbidden: user "ann" does not have "get" permission on the object referenced by paramRef$/,
    )
    const reading = [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['theirs'], verbs: ['get'] }]
    await world.admin.patch(at(`${RBAC}/clusterroles`, undefined, 'author'), { rules: [WRITES_POLICIES, ...reading] })
    await ann.create(at(BINDINGS), binding)
    expect(await refusal(ann.create(at(POLICIES), policy('nosier', spec)))).toMatch(/^422 .*spec.paramKind: Forbidden/)
  })
})

describe('a policy that makes no sense is refused when it is written, by field', () => {
  test('expressions: syntax, types, names', async () => {
    const of = (expression: string) => refusedAs({ validations: [{ expression }] })
    expect(await of('object.')).toMatch(
      /^422 .*spec.validations\[0\].expression: Invalid value: "object.": compilation/,
    )
    expect(await of('object.data')).toMatch(/must evaluate to bool but got dyn$/)
    expect(await of('params.x == 1')).toMatch(/spec.validations\[0\].expression: .*params/)
    expect(await of('request.userinfo.username == "x"')).toMatch(/spec.validations\[0\].expression: .*userinfo/)
    expect(await of('variables.x == 1')).toMatch(/spec.validations\[0\].expression: .*variables/)
    expect(await of("authorizer.group('apps').resouce('x').check('get').allowed()")).toMatch(/resouce/)
    expect(await refusedAs({ validations: [{ expression: 'true', messageExpression: '1' }] })).toMatch(
      /spec.validations\[0\].messageExpression: .*must evaluate to string but got int/,
    )
    expect(
      await refusedAs({
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        validations: [{ expression: 'true' }],
      }),
    ).toMatch(/spec.variables\[0\].expression/)
  })

  test('fields', async () => {
    expect(await refusedAs({})).toMatch(
      /spec.validations: Required value: validations or auditAnnotations must contain/,
    )
    expect(await refusedAs({ matchConstraints: {}, validations: [{ expression: 'true' }] })).toMatch(
      /spec.matchConstraints.resourceRules: Required value/,
    )
    expect(await refusedAs({ validations: [{ expression: 'true', reason: 'Gone' }] })).toMatch(
      /spec.validations\[0\].reason: Unsupported value: "Gone": supported values: "Forbidden", "Invalid"/,
    )
    expect(await create({ metadata: { name: 'b' }, spec: { policyName: 'x' } }, at(BINDINGS))).toMatch(
      /spec.validationActions: Required value/,
    )
    const both = { policyName: 'x', validationActions: ['Deny', 'Warn'] }
    expect(await create({ metadata: { name: 'b' }, spec: both }, at(BINDINGS))).toMatch(/must not contain both Deny/)
    const ref = { policyName: 'x', validationActions: ['Deny'], paramRef: {} }
    expect(await create({ metadata: { name: 'b' }, spec: ref }, at(BINDINGS))).toMatch(
      /spec.paramRef: Required value: one of name or selector must be specified/,
    )
  })

  test('one that makes sense says so', async () => {
    const spec = { validations: [{ expression: 'true' }], auditAnnotations: [{ key: 'k', valueExpression: "'v'" }] }
    const made = await world.admin.create(at(POLICIES), policy('good', spec))
    expect(made).toMatchObject({ spec: { failurePolicy: 'Fail' }, status: { observedGeneration: 1 } })
    const changed = await world.admin.patch(at(POLICIES, undefined, 'good'), { spec: { failurePolicy: 'Ignore' } })
    expect(changed).toMatchObject({ metadata: { generation: 2 }, status: { observedGeneration: 2 } })
  })
})
