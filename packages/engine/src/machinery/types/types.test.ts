import { statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { builtinResources, builtinShapeOf } from './builtin.ts'
import { KINDS } from './kinds.ts'
import { componentName, structure, structureNames, type FieldType } from './types.ts'

function named(type: FieldType): string[] {
  if (type.form === 'list' || type.form === 'map') return named(type.of)
  return type.form === 'struct' ? [type.name] : []
}

it('every line of the table can be read, and refers only to types that are there', () => {
  const all = structureNames().map((name) => structure(name))
  expect(all.length).toBeGreaterThan(400)
  const missing = all
    .flatMap(({ fields }) => fields.flatMap(({ type }) => named(type)))
    .filter((name) => !structure(name))
  expect(missing).toEqual([])
  for (const { name, fields, byName } of all) {
    expect(byName.size, `${name} has a field twice`).toBe(fields.length)
    expect(componentName(name)).toMatch(/^io\.k8s\.[a-z].*\.v[12]\.[A-Z]/)
  }
})

it('the table stays small, for it is read at every start', () => {
  expect(statSync(new URL('./table.json', import.meta.url)).size).toBeLessThan(150_000)
})

it('a resource is served once, and no two share a short name', () => {
  const resources = builtinResources()
  const paths = resources.map(({ group, version, resource }) => `${group}/${version}/${resource}`)
  expect(new Set(paths).size).toBe(paths.length)
  const stored = resources.filter((one) => one.storage.group === one.group && one.storage.version === one.version)
  const names = stored.flatMap(({ shortNames }) => shortNames)
  expect(new Set(names).size).toBe(names.length)
})

it('selectable fields, status and storage are those of the type', () => {
  for (const entry of KINDS) {
    for (const path of Object.values(entry.selectable ?? {})) {
      let at: string | undefined = entry.type
      for (const part of path) {
        const field = structure(at!).byName.get(part)
        expect(field, `${entry.type} has no ${path.join('.')}`).toBeDefined()
        at = field!.type.form === 'struct' ? field!.type.name : undefined
      }
    }
    if (entry.subresources?.includes('status'))
      expect(structure(entry.type).byName.has('status'), entry.type).toBe(true)
    if (entry.storage) {
      const { group, version, resource } = entry.storage
      expect(KINDS.some((one) => one.group === group && one.version === version && one.resource === resource)).toBe(
        true,
      )
    }
  }
})

it('the kinds of subresources have a shape too', () => {
  for (const { subresources } of builtinResources()) {
    for (const { kind } of subresources) expect(builtinShapeOf(kind), kind.kind).toBeDefined()
  }
})

it('a ConfigMap of 1 KB is normalized in well under a millisecond', () => {
  const { shape } = builtinResources().find(({ resource }) => resource === 'configmaps')!
  const data = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`key${i}`, 'x'.repeat(80)]))
  const configMap = { metadata: { name: 'a', namespace: 'b', labels: { a: 'b' } }, data }
  const rounds = Array.from({ length: 20 }, () => {
    const start = performance.now()
    for (let i = 0; i < 100; i++) shape.normalize(configMap)
    return (performance.now() - start) / 100
  })
  expect(Math.min(...rounds)).toBeLessThan(0.2)
})
