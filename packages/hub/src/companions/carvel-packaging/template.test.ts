/** From files to manifests: values, schemas, ytt, the order of things, and when they are ready. All but ytt is pure. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isObject, type JsonObject } from '@larder/engine/base/json'
import type { ServedKinds } from '@larder/engine/client/served-kinds'
import { createBudget } from './budget.ts'
import { covers, keeping } from './deploy/applied.ts'
import { splitConfig } from './deploy/config.ts'
import { describeApplied, place, type Manifest } from './deploy/manifest.ts'
import { readinessOf } from './deploy/readiness.ts'
import { fetchAll, type Neighbours } from './fetch/source.ts'
import type { TemplateStep } from './kinds.ts'
import { periodMs } from './resync.ts'
import { templateAll } from './template/template.ts'
import { checkAgainst } from './template/values.ts'
import { compareVersions, selectVersion } from './versions.ts'

const beside = (values: string): Neighbours => ({
  secret: (name) =>
    Promise.resolve({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      data: { 'values.yaml': Buffer.from(values).toString('base64') },
    }),
  configMap: (name) => Promise.resolve({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} }),
})
const signal = new AbortController().signal
const made = (
  files: Readonly<Record<string, string>>,
  steps: readonly TemplateStep[],
  values = '',
  secrets: string[] = [],
) =>
  templateAll(steps, {
    files: new Map(Object.entries(files)),
    neighbours: beside(values),
    secrets,
    signal,
    budget: createBudget(),
  })
const withValues = [{ values: { valuesFrom: [{ secretRef: { name: 'v' } }] } }]
const map = (rest: string) => `apiVersion: v1\nkind: ConfigMap\n${rest}\n`

describe('values', () => {
  test('stand where they are named: whole, within a text, as words, and as the keys of a map', async () => {
    const file = map(`metadata: {name: x-$(values.name)}
whole: $(values.size)
list: [$(values.list)]
words: "$(string(values.size))"
text: "of $(values.size) and $(values.list)"
labels: {own: a, $(values.more): {}}
left: "$(value) $(.creds.data.password) $(values2.x) \${values.size}"`)
    const values = 'name: one\nsize: 3\nlist: [a, b]\nmore: {b: c, d: 4}'
    expect(await made({ 'a.yml': file }, withValues, values)).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'x-one' },
        whole: 3,
        list: [['a', 'b']],
        words: '3',
        text: 'of 3 and ["a","b"]',
        labels: { own: 'a', b: 'c', d: 4 },
        left: '$(value) $(.creds.data.password) $(values2.x) ${values.size}',
      },
    ])
  })

  test('that nobody has set are named', async () => {
    await expect(made({ 'a.yml': map('metadata: {name: $(values.a.b)}') }, withValues, 'a: {c: 1}')).rejects.toThrow(
      'Templating dir: a.yml asks for values.a.b, which nobody has set',
    )
    await expect(made({ 'a.yml': map('metadata: {name: $(values.toString)}') }, withValues, 'a: 1')).rejects.toThrow(
      'values.toString, which nobody has set',
    )
  })

  test('say when a document is there, and are no longer to be seen then', async () => {
    const sometimes = map('metadata: {name: x, annotations: {larder.dev/when: $(values.on), a: b}}')
    expect(await made({ 'a.yml': sometimes }, withValues, 'on: false')).toEqual([])
    expect(await made({ 'a.yml': sometimes }, withValues, 'on: true')).toMatchObject([
      { metadata: { name: 'x', annotations: { a: 'b' } } },
    ])
    const alone = map('metadata: {name: x, annotations: {larder.dev/when: "$(values.on)"}}')
    expect(await made({ 'a.yml': alone }, withValues, 'on: "true"')).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    ])
  })

  test('of several sources lie one over the other, map by map', async () => {
    const files = { 'a.yml': map('metadata: {name: x}\nall: $(values)'), 'base.txt': 'a: {b: 1, c: 2}\nlist: [1, 2]' }
    const steps = [{ values: { valuesFrom: [{ path: 'base.txt' }, { secretRef: { name: 'v' } }] } }]
    expect(await made(files, steps, 'a: {c: 3}\nlist: [9]')).toMatchObject([{ all: { a: { b: 1, c: 3 }, list: [9] } }])
  })

  test.each([
    ['a list', '[1]', 'is no map'],
    ['no YAML', 'a: [1', 'is no YAML: '],
  ])('that are %s are refused', async (_, values, message) => {
    await expect(made({ 'a.yml': map('metadata: {name: x}') }, withValues, values)).rejects.toThrow(message)
  })
})

describe('a schema as OpenAPI has it', () => {
  test('gives defaults, also where nothing has a type', async () => {
    const schema = {
      title: 'x',
      properties: {
        a: { type: 'integer', default: 1, example: 5 },
        b: { nullable: true, default: {} },
        c: { type: 'object', default: {}, properties: { d: { type: 'string', default: 'e' } } },
        f: { type: 'array', default: [], items: {} },
        g: { type: 'object', additionalProperties: { type: 'string' } },
      },
    }
    expect(await checkAgainst(schema, { b: null, g: { x: 'y' }, more: 1 })).toEqual({
      a: 1,
      b: null,
      c: { d: 'e' },
      f: [],
      g: { x: 'y' },
      more: 1,
    })
  })

  test.each([
    [{ type: 'integer' }, 's3cret', 'must be of type integer'],
    [{ type: 'string', enum: ['a', 'b'] }, 's3cret', 'supported values: "a", "b"'],
    [{ type: 'string', pattern: '^a+$' }, 's3cret: with "colons": and quotes', "should match '^a+$'"],
    [{ type: 'string', maxLength: 3 }, 's3cret', ''],
    [
      { type: 'object', additionalProperties: false, properties: { x: { type: 'string' } } },
      { s3: 's3cret' },
      'unknown field',
    ],
    [{ type: 'string', format: 'uuid' }, 's3cret', 'must be of type uuid'],
    [{ type: 'string', format: 'byte' }, 's3cret!', 'must be of type byte'],
    [{ enum: ['a'] }, { x: 's3cret: "x"' }, 'Unsupported value: supported values: "a"'],
    [
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name', 'key'],
        items: {
          type: 'object',
          required: ['name', 'key'],
          properties: { name: { type: 'string' }, key: { type: 'string' } },
        },
      },
      [
        { name: 'x', key: 's3cret' },
        { name: 'x', key: 's3cret' },
      ],
      'Duplicate value',
    ],
    [
      { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      ['s3cret', 's3cret'],
      'Duplicate value',
    ],
    [
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.size() < 3', messageExpression: '"not " + self' }] },
      's3cret: "x"',
      'Invalid value: failed rule: self.size() < 3',
    ],
    [
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'int(self) < 3', message: 'must be small' }] },
      's3cret: "x"',
      'Invalid value: must be small',
    ],
    [
      { type: 'string', 'x-kubernetes-validations': [{ rule: "duration(self) < duration('1s')" }] },
      's3cret: "x"',
      'Invalid value: failed rule: duration(self)',
    ],
  ])('%j names what is wrong, never the value', async (property, value, message) => {
    const error = await checkAgainst({ type: 'object', properties: { a: property } }, { a: value }).catch(
      (one: unknown) => one,
    )
    expect(error).toMatchObject({ name: 'Failed' })
    expect((error as Error).message).toContain('values.a')
    expect((error as Error).message).toContain(message)
    expect((error as Error).message).not.toContain('s3cret')
  })

  test('that cannot be used is told', async () => {
    await expect(checkAgainst({ type: 'object', properties: { a: { type: 'nothing' } } }, {})).rejects.toThrow(
      'valuesSchema.openAPIv3 cannot be used: ',
    )
  })
})

describe('ytt', () => {
  let folder: string
  const path = process.env['PATH']
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'larder-ytt-test-'))
    process.env['PATH'] = folder
  })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })
  const step = [
    {
      ytt: {
        paths: ['config'],
        strict: true,
        fileMarks: ['**/*.yml:exclude=false'],
        inline: { paths: { 'more/c.yml': 'c' } },
        valuesFrom: [{ secretRef: { name: 'v' } }],
      },
    },
  ]
  const files = { 'config/a.yml': map('metadata: {name: x}'), 'other/b.yml': map('metadata: {name: y}') }
  /** In the place of ytt, which no registry of these tests has: it shows how that is called, not what it does. */
  const program = (script: string) => {
    writeFileSync(join(folder, 'ytt'), `#!${process.execPath}\n${script}`)
    chmodSync(join(folder, 'ytt'), 0o755)
  }

  test('that is not there is asked for by name', async () => {
    await expect(made(files, step)).rejects.toThrow(
      'Templating dir: the package needs the program ytt, and there is none on PATH of the hub: install ytt there and start the hub again',
    )
  })

  test('gets the files of the step, the values and the flags, nothing of the environment, and what it prints is applied', async () => {
    program(`const { readFileSync, readdirSync } = require('node:fs')
      const args = process.argv.slice(2)
      const seen = {
        files: readdirSync(args[args.indexOf('-f') + 1], { recursive: true }),
        values: readFileSync(args[args.indexOf('--data-values-file') + 1], 'utf8'),
        strict: args.includes('--strict'), mark: args[args.indexOf('--file-mark') + 1], env: Object.keys(process.env).filter((name) => name === 'PATH' || /^(AWS|LARDER)/.test(name)),
      }
      console.log(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, seen }))`)
    const [result] = await made(files, step, 'a: 1')
    expect(result!['seen']).toEqual({
      files: ['config', 'more', 'config/a.yml', 'more/c.yml'],
      values: 'a: 1',
      strict: true,
      mark: '**/*.yml:exclude=false',
      env: [],
    })
  })

  test('that fails says why in full, without the places of the hub and without the values', async () => {
    program(`console.error('ytt: Error: ' + process.argv[3] + '/config/a.yml is wrong: s3cret word'); process.exit(1)`)
    await expect(made(files, step, 'password: s3cret word')).rejects.toMatchObject({
      message: 'Templating dir: Error (see .status.usefulErrorMessage for details)',
      useful: 'ytt: ytt: Error: /files/config/a.yml is wrong: ***',
    })
  })

  test('that fails with a flood of words is cut between lines, and no secret is cut in two', async () => {
    program(`console.error(('s3cret word' + '.'.repeat(80) + '\\n').repeat(100_000)); process.exit(1)`)
    const error = (await made(files, step, 'password: s3cret word').catch((one: unknown) => one)) as { useful: string }
    expect(error.useful).toContain(`***${'.'.repeat(80)}\n`)
    expect(error.useful).not.toMatch(/s3c/)
    expect(error.useful.length).toBeLessThan(4100)
  })

  test('that fails quotes no number of the values, in whichever way it is written, and nothing of files from Secrets', async () => {
    program(
      `console.error('1357924 | pin: 0x14B8A4 | user: x-fetched1 | "x-inl1ne2" in data | 135 | ok'); process.exit(1)`,
    )
    const inline = { pathsFrom: [{ secretRef: { name: 'v', directoryPath: 'secret' } }] }
    const secrets: string[] = []
    const fetching = { neighbours: beside('user: x-fetched1'), secrets, signal, budget: createBudget() }
    const fetched = await fetchAll([{ inline }], { ...fetching, images: undefined as never })
    expect([...fetched.keys()]).toEqual(['secret/values.yaml'])
    const values = [{ ytt: { valuesFrom: [{ secretRef: { name: 'v' } }] } }]
    await expect(made(files, values, 'code: 1357924\npin: 0x14B8A4\nno: 135', secrets)).rejects.toMatchObject({
      useful: 'ytt: *** | *** | *** | "x-inl1ne2" in data | 135 | ok',
    })
    await expect(made(files, [{ ytt: { inline } }], '#@ login("x-inl1ne2")', secrets)).rejects.toMatchObject({
      useful: 'ytt: 1357924 | pin: 0x14B8A4 | *** | "***" in data | 135 | ok',
    })
  })
})

const object = (kind: string, namespace?: string): JsonObject => ({
  apiVersion: kind === 'Thing' ? 'example.com/v1' : 'v1',
  kind,
  metadata: { name: 'x', ...(namespace !== undefined && { namespace }) },
})

const kinds: ServedKinds = {
  find: (_, kind) =>
    Promise.resolve(
      kind === 'Thing' ? undefined : { resource: 'x', namespaced: !/^Namespace$|^Cluster|Definition$/.test(kind) },
    ),
  forget: () => undefined,
}

describe('the order', () => {
  test('is namespaces, definitions, accounts and roles, and the rest as it is written, each in its namespace', async () => {
    const definition = {
      ...object('CustomResourceDefinition'),
      spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Thing' } },
    }
    const all = [
      object('Thing'),
      object('Deployment', 'own'),
      object('RoleBinding'),
      definition,
      object('ConfigMap'),
      object('Namespace'),
    ]
    const where = { kinds, namespace: 'home', intoNs: undefined }
    expect((await place(all, where)).map(describeApplied)).toEqual([
      'Namespace x',
      'CustomResourceDefinition x',
      'RoleBinding home/x',
      'Thing home/x',
      'Deployment own/x',
      'ConfigMap home/x',
    ])
    expect((await place([object('Deployment', 'own')], { ...where, intoNs: 'into' })).map(describeApplied)).toEqual([
      'Deployment into/x',
    ])
  })
})

const is = (type: string, status = 'True', message = '') => ({ type, status, message })

const thing = (status: JsonObject): JsonObject => ({ metadata: { name: 'x', generation: 2 }, status })

describe('ready', () => {
  const at = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', namespace: 'shop' }

  test.each([
    ['nothing said', {}, 'ready'],
    ['a Ready that is True', { conditions: [is('Ready')] }, 'ready'],
    ['a Ready that is not', { conditions: [is('Ready', 'False', 'soon')] }, 'Thing shop/x: Ready is not True: soon'],
    [
      'a status of the generation before',
      { observedGeneration: 1, conditions: [is('Ready')] },
      'Thing shop/x: nobody has looked at it yet',
    ],
    ['Carvel on its way', { conditions: [is('Reconciling')] }, 'Thing shop/x: Reconciling'],
    ['Carvel at the end of it', { conditions: [is('ReconcileSucceeded')] }, 'ready'],
    [
      'Carvel that failed',
      { conditions: [is('ReconcileFailed', 'True', 'why')] },
      'Thing shop/x: ReconcileFailed: why',
    ],
    [
      'ACK that waits',
      { conditions: [is('ACK.ResourceSynced', 'False')] },
      'Thing shop/x: ACK.ResourceSynced is not True',
    ],
    ['ACK that gave up', { conditions: [is('ACK.Terminal', 'True', 'no')] }, 'Thing shop/x: ACK.Terminal: no'],
  ])('%s', (_, status, expected) => {
    const found = readinessOf(at, thing(status), [])
    expect(found.type === 'ready' ? 'ready' : found.why).toBe(expected)
  })

  test('a rule of the package decides for its kinds', () => {
    const config = {
      apiVersion: 'kapp.k14s.io/v1alpha1',
      kind: 'Config',
      waitRules: [
        {
          supportsObservedGeneration: true,
          conditionMatchers: [
            { type: 'Done', status: 'True', success: true },
            { type: 'Broken', status: 'True', failure: true },
          ],
          resourceMatchers: [{ apiVersionKindMatcher: { apiVersion: 'example.com/v1', kind: 'Thing' } }],
        },
      ],
      rebaseRules: [
        {
          path: ['spec', 'size'],
          type: 'copy',
          sources: ['existing', 'new'],
          resourceMatchers: [{ apiVersionKindMatcher: { apiVersion: 'example.com/v1', kind: 'Thing' } }],
        },
      ],
    }
    const { objects, config: rules } = splitConfig([config, { apiVersion: 'v1', kind: 'Config' }])
    expect(objects).toEqual([{ apiVersion: 'v1', kind: 'Config' }])
    const type = (...conditions: readonly object[]) =>
      readinessOf(at, thing({ conditions: conditions as readonly JsonObject[] }), rules.waitRules)
    expect(type()).toEqual({ type: 'waiting', why: 'Thing shop/x: waiting for Done' })
    expect(type(is('Ready', 'False'), is('Done'))).toEqual({ type: 'ready' })
    expect(type(is('Broken', 'True', 'why'))).toEqual({ type: 'failed', why: 'Thing shop/x: Broken: why' })
    const wanted = { apiVersion: 'example.com/v1', kind: 'Thing', spec: { size: 1, a: 'b' } }
    expect(keeping(wanted, { spec: { size: 5 } }, rules.keepRules)['spec']).toEqual({ size: 5, a: 'b' })
    expect(keeping(wanted, { spec: {} }, rules.keepRules)['spec']).toEqual({ size: 1, a: 'b' })
  })

  test.each([
    [{ a: 1, b: { c: 2 } }, { b: { c: 2 } }, true],
    [{ a: 1 }, { a: 1, b: {} }, true],
    [{ a: 1 }, { a: 1, b: [] }, true],
    [{ a: 1 }, { a: 1, b: 0 }, false],
    [{ l: [{ name: 'x', v: 1, more: 2 }, { name: 'y' }] }, { l: [{ name: 'y' }, { name: 'x', v: 1 }] }, true],
    [{ l: [1, 2] }, { l: [1] }, false],
  ])('%j has all of %j: %s', (actual, wanted, expected) => expect(covers(actual, wanted)).toBe(expected))
})

describe('versions and times', () => {
  const versions = ['1.0.0', '1.2.0', '2.0.0-alpha.1', '2.0.0-rc.1', 'latest']
  test.each([
    [{}, '1.2.0'],
    [{ constraints: '>= 0.0.0' }, '1.2.0'],
    [{ constraints: '1.0.0' }, '1.0.0'],
    [{ constraints: '2.0.0-rc.1' }, '2.0.0-rc.1'],
    [{ constraints: '>1.0.0', prereleases: {} }, '2.0.0-rc.1'],
    [{ constraints: '>1.0.0', prereleases: { identifiers: ['alpha'] } }, '2.0.0-alpha.1'],
    [{ constraints: '>3' }, undefined],
  ])('%j is %s', (selection, expected) => expect(selectVersion(versions, selection, 'field')).toBe(expected))

  test('what is no range is named, and what is no version is the lowest', () => {
    expect(() => selectVersion(versions, { constraints: 'not a range' }, 'spec.x')).toThrow(
      'spec.x.constraints: "not a range" is no range of versions',
    )
    expect([...versions].sort(compareVersions)).toEqual(['latest', '1.0.0', '1.2.0', '2.0.0-alpha.1', '2.0.0-rc.1'])
  })

  test.each([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1s', 30_000],
    ['soon', 7],
    [undefined, 7],
  ])('a period of %s', (text, ms) => expect(periodMs(text, 7)).toBe(ms))
})

test('a list is taken apart, and what is no object of Kubernetes is refused with its file', async () => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n`
  const manifests = await made({ 'a.yml': list, 'b.yml': '---\n# nothing\n', '.imgpkg/images.yml': 'images: []' }, [])
  expect(manifests.filter(isObject)).toHaveLength(1)
  await expect(made({ 'a.yml': 'just: text' }, [])).rejects.toThrow(
    'a document of a.yml lacks apiVersion, kind or metadata.name',
  )
})

const secretWith = (more: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n${more}\n`
const ruleWith = (more: string) => `apiVersion: kapp.k14s.io/v1alpha1\nkind: Config\nrebaseRules:\n- {}\n- {${more}}\n`

test.each([
  [secretWith('stringData: s3cret'), 'Secret x: stringData must be a map of texts'],
  [secretWith('data: [s3cret]'), 'Secret x: data must be a map of texts'],
  [ruleWith('path: spec'), 'Config of kapp: rebaseRules[1].path must be a list: of fields, from the top'],
  [ruleWith('paths: spec'), 'Config of kapp: rebaseRules[1].paths must be a list of lists'],
  [ruleWith('paths: [[a], b]'), 'Config of kapp: rebaseRules[1].paths[1] must be a list: of fields, from the top'],
])('%j is refused with its file and field', async (text, message) => {
  await expect(made({ 'a.yml': text }, [])).rejects.toThrow(`Templating dir: a.yml: ${message}`)
})

test('a Secret whose stringData is empty has what its data says', async () => {
  const [secret] = await made({ 'a.yml': secretWith('data: {a: Yg==}\nstringData:') }, [])
  const [{ object }] = (await place([secret!], { kinds, namespace: 'home', intoNs: undefined })) as [Manifest]
  expect(object['data']).toEqual({ a: 'Yg==' })
})
