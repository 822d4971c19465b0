/**
 * Tables, descriptions and errors as people see them, from a real hub. What differs each time (ages, uids, addresses) is made equal
 * and keeps its width. Regenerate with `npx vitest run test/golden -u`, and read the difference.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LARDER, newHub, type Hub } from '../testing/hub.ts'
import { eventually, run } from '../testing/processes.ts'

const MANIFESTS = `
{apiVersion: larder.dev/v1alpha1, kind: Backend, metadata: {name: nothing}, spec: {driver: noop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Class, metadata: {name: nothing}, spec: {type: none, description: nothing, backendRef: {name: nothing}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: cache, namespace: shop, labels: {team: red}}, spec: {className: nothing}}
---
{apiVersion: larder.dev/v1alpha1, kind: Claim, metadata: {name: lost, namespace: shop}, spec: {className: nowhere}}
`

let hub: Hub
beforeAll(async () => {
  hub = await newHub()
  await hub.start('--no-samples')
  await hub.ok(['apply', '-f', '-'], { stdin: MANIFESTS })
  expect(await hub.larder('wait', 'claim/cache', '-n', 'shop', '--timeout', '30s')).toMatchObject({ code: 0 })
  await eventually('the event of the other claim', async () => {
    const { stdout } = await hub.larder('events', '--for', 'claim/lost', '-n', 'shop')
    return stdout.includes('ClassNotFound') || undefined
  })
})
afterAll(() => hub.remove())

test.each([
  [
    'tables',
    [
      'class list',
      'class list -o wide',
      'claim list -n shop',
      'claim list -A',
      'claim list -n shop -o wide',
      'claim list -n shop -l team=red',
      'claim list -n shop -l team=blue',
      'get backends',
      'get larder -A -o name',
      'get claims -n shop -o jsonpath={.items[*].metadata.name}',
      'describe backend/nothing',
      'describe claim/lost -n shop',
      'why claim/lost -n shop',
      'why claim/cache -n shop',
      'trace claim/lost -n shop',
      'events --for claim/lost -n shop',
      'explain ClassNotFound',
      'explain claim.spec.binding',
    ],
  ],
  [
    'errors',
    [
      'claim get nobody -n shop',
      'claim get nobody -n shop -o json',
      'claim create cache --class nothing -n shop',
      'claim create other -n shop',
      'claim delete cache -n shop',
      'wait claim/lost -n shop',
      'wait claim/lost -n shop --timeout soon',
      'creds show lost -n shop',
      'creds show cache -n shop --format env',
      'clam list',
      'claim create',
      'claim list --class redis',
      'get pods',
      'get claims -o toml',
      'get claims -o jsonpath={.items[',
      'get claim cache -l a=b -n shop',
      'explain Nonsense',
      'explain claim.spec.colour',
      'describe claim',
      'completion tcsh',
      'claim list --kubeconfig /nowhere/kubeconfig',
    ],
  ],
] as const)('%s', async (name, lines) => {
  const shown: string[] = []
  for (const line of lines) {
    const { code, stdout, stderr } = await larder(line.split(' '))
    shown.push(`$ larder ${line}\n${stdout}${stderr}${code === 0 ? '' : `(exit code ${code})\n`}`)
  }
  await expect(madeEqual(shown.join('\n'))).toMatchFileSnapshot(`${name}.txt`)
})

/** Some commands ask no API, and take no `--data`. */
const larder = (words: readonly string[]) =>
  ['explain', 'completion'].includes(words[0]!) ? run(process.execPath, [LARDER, ...words]) : hub.larder(...words)

function madeEqual(text: string): string {
  return text
    .replaceAll(hub.dir, 'DIR')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '00000000-0000-0000-0000-000000000000')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:7701')
    .replaceAll(/(?<=^|\s)(?:\d+m)?\d+s( *)/gm, (age) => (age.endsWith(' ') ? '1s'.padEnd(age.length) : '1s'))
}
