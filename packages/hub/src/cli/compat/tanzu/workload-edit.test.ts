import { describe, expect, test } from 'vitest'
import { EXTENSION_ANNOTATION, type Workload } from '../../../model/workload/kind.ts'
import { partsOf } from '../../../model/workload/parts.ts'
import { CommandFailed } from '../../failure.ts'
import { parseCommandLine } from '../../parse.ts'
import { tanzuProgram } from './commands.ts'
import { crossesNamespaces, editWorkload } from './workload-edit.ts'

const empty: Workload = {
  apiVersion: 'carto.run/v1alpha1',
  kind: 'Workload',
  metadata: { name: 'my-workload', namespace: 'default' },
}

function optionsOf(flags: string) {
  const parsed = parseCommandLine(`apps workload apply my-workload ${flags}`.trim().split(/\s+/), tanzuProgram)
  if (parsed.type !== 'run') throw new Error('help was asked for')
  return parsed.invocation.options
}
const edit = (flags: string, before = empty) => editWorkload(before, optionsOf(flags))

test('the command of the walkthrough, as a Workload', () => {
  const made = edit(
    '--git-repo https://git.example.com/x --git-tag v1 --type web --annotation autoscaling.knative.dev/minScale=1 --service-ref db=services.apps.tanzu.vmware.com/v1alpha1:ResourceClaim:redis-writer-claim',
  )
  expect(made).toEqual({
    ...empty,
    metadata: { ...empty.metadata, labels: { 'apps.tanzu.vmware.com/workload-type': 'web' } },
    spec: {
      source: { git: { url: 'https://git.example.com/x', ref: { tag: 'v1' } } },
      params: [{ name: 'annotations', value: { 'autoscaling.knative.dev/minScale': '1' } }],
      serviceClaims: [
        {
          name: 'db',
          ref: {
            apiVersion: 'services.apps.tanzu.vmware.com/v1alpha1',
            kind: 'ResourceClaim',
            name: 'redis-writer-claim',
          },
        },
      ],
    },
  })
})

describe('an edit', () => {
  const before = edit(
    '--image a:1 --label team=red --label x=y --env A=1 --env B=2 --build-env C=3 --param p=q --annotation k=v --service-ref db=v1:Secret:s',
  )

  test('without flags is none', () => {
    expect(edit('', before)).toEqual(before)
  })

  test('KEY- takes away, and of what was the last of its kind nothing is left', () => {
    const after = edit(
      '--label team- --label x- --env A- --build-env C- --param p- --annotation k- --service-ref db-',
      before,
    )
    expect(after).toEqual({ ...empty, spec: { image: 'a:1', env: [{ name: 'B', value: '2' }] } })
  })

  test('what is said again changes at its place, and nothing else does', () => {
    const after = edit('--env A=9 --env D=4 --service-ref db=v1:Secret:t', before)
    expect(after.spec?.env?.map(({ name, value }) => `${name}=${value}`)).toEqual(['A=9', 'B=2', 'D=4'])
    expect(after.spec?.serviceClaims).toEqual([{ name: 'db', ref: { apiVersion: 'v1', kind: 'Secret', name: 't' } }])
    expect(after.spec?.params).toEqual(before.spec?.params)
    expect(after.metadata).toEqual(before.metadata)
  })

  test('an image and a source take the place of each other, unless both are said', () => {
    const source = { git: { url: 'https://git.example.com/x', ref: {} } }
    expect(edit('--git-repo https://git.example.com/x', before).spec).toMatchObject({ source })
    expect(edit('--git-repo https://git.example.com/x', before).spec).not.toHaveProperty('image')
    const both = edit('--git-repo https://git.example.com/x --image b:2', before)
    expect(both.spec).toMatchObject({ source, image: 'b:2' })
    expect(edit('--image c:3', both).spec).not.toHaveProperty('source')
  })

  test('what others wrote into the Workload stays', () => {
    const theirs = { ...before, spec: { ...before.spec, build: { cache: true }, special: 1 } } as Workload
    expect(edit('--build-env A=b', theirs).spec).toMatchObject({
      special: 1,
      build: { cache: true, env: [{ name: 'A' }] },
    })
  })
})

describe('a reference to another namespace', () => {
  const flags = '--image a:1 --service-ref db=example.com/v1:Postgres:far:pg'
  const extension =
    '{"kind":"ServiceClaimsExtension","apiVersion":"supplychain.apps.x-tanzu.vmware.com/v1alpha1","spec":{"serviceClaims":{"db":{"namespace":"far"}}}}'

  test('is an annotation beside the claim, and is claimed before it is bound', () => {
    const made = edit(flags)
    expect(made.metadata.annotations).toEqual({ [EXTENSION_ANNOTATION]: extension })
    expect(crossesNamespaces(optionsOf(flags))).toBe(true)
    const { claims, bindings } = partsOf(made)
    expect(claims.map(({ metadata, spec }) => [metadata.name, spec.ref])).toEqual([
      ['my-workload-db', { apiVersion: 'example.com/v1', kind: 'Postgres', name: 'pg', namespace: 'far' }],
    ])
    expect(bindings[0]?.spec.service).toEqual({
      apiVersion: 'services.apps.tanzu.vmware.com/v1alpha1',
      kind: 'ResourceClaim',
      name: 'my-workload-db',
    })
  })

  test('goes with the reference, and when the next one is at home', () => {
    expect(edit('--service-ref db-', edit(flags)).metadata).not.toHaveProperty('annotations')
    const home = edit('--service-ref db=example.com/v1:Postgres:pg', edit(flags))
    expect(home.metadata).not.toHaveProperty('annotations')
    expect(partsOf(home).claims).toEqual([])
  })

  test('of the own namespace is none', () => {
    expect(partsOf(edit('--service-ref db=example.com/v1:Postgres:default:pg')).claims).toEqual([])
  })
})

test.each([
  '--service-ref db',
  '--service-ref db=v1:Secret',
  '--service-ref db=a:b:c:d:e',
  '--service-ref db=v1::x',
  '--env =x',
  '--label x',
  '--git-tag v1',
])('%s is refused', (flags) => {
  expect(() => edit(flags)).toThrow(CommandFailed)
})

test.each([
  ['', undefined],
  ['--annotation autoscaling.knative.dev/minScale=3', 3],
  ['--annotation autoscaling.knative.dev/min-scale=2', 2],
  ['--annotation autoscaling.knative.dev/minScale=0', undefined],
])('the replicas of a Deployment with an image and %s: %s', (flags, replicas) => {
  expect(partsOf(edit(`--image a:1 ${flags}`)).deployment.spec?.['replicas']).toBe(replicas)
})
