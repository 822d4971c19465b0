/** Every kubectl of this machine walks the whole way: what each can do of the common verbs must work, and look alike. */
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newHub, type Hub } from '../testing/hub.ts'
import { kubectlFor, kubectlVersions } from '../testing/kubectl.ts'
import type { Finished, RunOptions } from '../testing/processes.ts'

const versions = await kubectlVersions()
console.log(`kubectl versions: ${versions.map((k) => k.version).join(', ')}`)

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                description: 'What it should be.',
                properties: { size: { type: 'integer', maximum: 5 }, mode: { type: 'string', default: 'slow' } },
              },
              status: { type: 'object', properties: { phase: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
}

describe.each(versions)('kubectl $version', ({ path, version }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'kubectl-test-'))
  const namespace = `v${version.replace('.', '-')}`
  let hub: Hub
  let call: (args: readonly string[], options?: RunOptions) => Promise<Finished>
  const ok = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await call(args, options)
    expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }

  beforeAll(async () => {
    hub = await newHub()
    await hub.start('--no-samples')
    const plain = kubectlFor(path, hub.kubeconfig, join(scratch, 'cache'))
    call = (args, options) => plain(['-n', namespace, ...args], options)
    await ok(['create', 'namespace', namespace])
  })
  afterAll(async () => {
    await hub.remove()
    rmSync(scratch, { recursive: true, force: true })
  })

  test('api-resources, explain and version', async () => {
    const resources = await ok(['api-resources'])
    for (const word of ['deployments', 'secrets', 'customresourcedefinitions', 'claims', 'lcl'])
      expect(resources).toContain(word)
    expect(await ok(['explain', 'deployment.spec.replicas'])).toMatch(/integer/)
    expect(await ok(['explain', 'claims.spec'])).toContain('className')
    expect(await ok(['version'])).toMatch(/Server Version/)
  })

  test('built-in kinds: create, apply, get in every form, patch in three types, delete', async () => {
    await ok(['create', 'configmap', 'settings', '--from-literal=colour=red'])
    await ok(['create', 'secret', 'generic', 'token', '--from-literal=key=s3cret'])
    expect(await ok(['apply', '-f', '-'], { stdin: deployment('web:1') })).toContain('deployment.apps/web created')
    expect(await ok(['apply', '-f', '-'], { stdin: deployment('web:1') })).toContain('unchanged')
    expect((await call(['diff', '-f', '-'], { stdin: deployment('web:2') })).code).toBe(1)
    expect(await ok(['apply', '-f', '-'], { stdin: deployment('web:2') })).toContain('configured')
    expect(
      await ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}|{.spec.template.spec.containers[*].image}']),
    ).toBe('0|web:2 side:1')

    await ok([
      'patch',
      'deployment',
      'web',
      '--type=strategic',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"b","image":"side:2"}]}}}}',
    ])
    await ok(['patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"tier":"front"}}}'])
    await ok([
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/metadata/labels/more","value":"yes"}]',
    ])
    expect(
      await ok([
        'get',
        'deploy',
        'web',
        '-o',
        'jsonpath={.spec.template.spec.containers[*].image} {.metadata.labels.tier} {.metadata.labels.more}',
      ]),
    ).toBe('web:2 side:2 front yes')

    expect(await ok(['get', 'configmaps,secrets,deployments'])).toMatch(/configmap\/settings\s+1/)
    expect(await ok(['get', 'deploy', '-o', 'wide'])).toMatch(/CONTAINERS/)
    expect(await ok(['get', 'deploy', '-o', 'name'])).toBe('deployment.apps/web\n')
    expect(await ok(['get', 'cm', 'settings', '-o', 'yaml'])).toContain('colour: red')
    expect(await ok(['get', 'cm', 'settings', '-o', 'go-template={{.data.colour}}'])).toBe('red')
    expect(await ok(['get', 'deploy', '-l', 'tier=front', '--show-labels', '--sort-by=.metadata.name'])).toContain(
      'more=yes',
    )
    expect(await ok(['get', 'deploy', '-A', '-o', 'custom-columns=N:.metadata.name'])).toContain('web')
    expect(await ok(['describe', 'deployment', 'web'])).toMatch(/Name:\s+web/)
    expect(await ok(['describe', 'secret', 'token'])).toMatch(/key:\s+6 bytes/)
    await ok(['label', 'configmap', 'settings', 'a=b'])
    await ok(['annotate', 'configmap', 'settings', 'note=text'])
    await ok(['scale', 'deployment', 'web', '--replicas=3'])
    expect(await ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('3')
    expect(await ok(['delete', 'deployment', 'web', '--timeout=30s'])).toContain('deleted')
    expect((await call(['get', 'deployment', 'web'])).stderr).toContain('NotFound')
  })

  test('edit changes what the editor changed', async () => {
    const editor = join(scratch, 'editor.sh')
    writeFileSync(editor, '#!/bin/sh\nsed -i.bak "s/colour: .*/colour: blue/" "$1"\n')
    chmodSync(editor, 0o755)
    await ok(['edit', 'configmap', 'settings'], { env: { KUBE_EDITOR: editor } })
    expect(await ok(['get', 'cm', 'settings', '-o', 'jsonpath={.data.colour}'])).toBe('blue')
  })

  test('a watch shows what happens, and wait ends when it has', async () => {
    const watch = call(['get', 'configmaps', '--watch-only', '-o', 'name', '--request-timeout=4s'])
    const waiting = call(['wait', '--for=delete', 'configmap/settings', '--timeout=20s'])
    await ok(['create', 'configmap', 'seen', '--from-literal=a=b'])
    await ok(['delete', 'configmap', 'settings'])
    expect((await waiting).code).toBe(0)
    await ok(['label', 'configmap', 'seen', 'x=y'])
    expect((await watch).stdout).toContain('configmap/seen')
  })

  test('custom kinds: served at once, validated, shown with their columns', async () => {
    await ok(['apply', '-f', '-'], { stdin: JSON.stringify(CRD) })
    await ok(['wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=10s'])
    expect(await ok(['apply', '-f', '-'], { stdin: widget(3) })).toContain('created')
    expect(await ok(['apply', '-f', '-'], { stdin: widget(3) })).toContain('unchanged')
    expect(await ok(['apply', '-f', '-'], { stdin: widget(4) })).toContain('configured')
    expect(await ok(['get', 'wd'])).toMatch(/NAME\s+SIZE\nw1\s+4/)
    expect(await ok(['get', 'wd', 'w1', '-o', 'jsonpath={.spec.mode}'])).toBe('slow')
    const refused = await call(['apply', '-f', '-'], { stdin: widget(9) })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('spec.size')
    await ok(['patch', 'wd', 'w1', '--type=merge', '-p', '{"spec":{"size":1}}'])
    expect((await call(['patch', 'wd', 'w1', '--type=strategic', '-p', '{"spec":{"size":2}}'])).code).toBe(1)
    expect(await ok(['explain', 'widgets.spec'])).toContain('What it should be.')
    await ok(['delete', 'wd', 'w1', '--timeout=20s'])
    await ok(['delete', 'crd', 'widgets.example.com', '--timeout=20s'])
    expect((await call(['get', 'wd'])).code).toBe(1)
  })
})

const deployment = (image: string) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [
            { name: 'a', image },
            { name: 'b', image: 'side:1' },
          ],
        },
      },
    },
  })

const widget = (size: unknown) =>
  JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w1' }, spec: { size } })
