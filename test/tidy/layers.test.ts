/** The table of ARCHITECTURE.md, as a test: imports point down only. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

/** The one file of the client that holds types and no code: what a kind needs to be declared. */
const CLIENT_TYPES = 'packages/engine/src/client/types.ts'

/** Of doors, and of the file that says what a door is. */
const DOOR = ['kit', 'base', 'machinery', 'model', 'client', 'client-types', 'runtime']

/** Nearest the ground first. A file belongs to the first layer whose folder holds it; what is not listed is forbidden. */
const LAYERS: readonly { readonly name: string; readonly folder: string; readonly may: readonly string[] }[] = [
  { name: 'kit', folder: 'packages/kit/src', may: [] },
  { name: 'base', folder: 'packages/engine/src/base', may: [] },
  { name: 'machinery', folder: 'packages/engine/src/machinery', may: ['base'] },
  { name: 'storage', folder: 'packages/engine/src/storage', may: ['base', 'machinery'] },
  { name: 'apiserver', folder: 'packages/engine/src/apiserver', may: ['base', 'machinery', 'storage'] },
  { name: 'client-types', folder: CLIENT_TYPES, may: ['base', 'machinery'] },
  { name: 'client', folder: 'packages/engine/src/client', may: ['base', 'machinery', 'client-types'] },
  { name: 'runtime', folder: 'packages/engine/src/runtime', may: ['base', 'machinery', 'client', 'client-types'] },
  { name: 'model', folder: 'packages/hub/src/model', may: ['kit', 'base', 'machinery', 'client-types'] },
  {
    name: 'controllers',
    folder: 'packages/hub/src/controllers',
    may: ['kit', 'base', 'machinery', 'model', 'client', 'client-types', 'runtime'],
  },
  {
    name: 'samples',
    folder: 'packages/hub/src/samples',
    may: ['kit', 'base', 'machinery', 'model', 'client', 'client-types', 'door'],
  },
  { name: 'door', folder: 'packages/hub/src/door.ts', may: DOOR },
  { name: 'resource-door', folder: 'packages/hub/src/resource-door', may: [...DOOR, 'door'] },
  { name: 'dialects', folder: 'packages/hub/src/dialects', may: [...DOOR, 'door', 'resource-door'] },
  { name: 'companions', folder: 'packages/hub/src/companions', may: [...DOOR, 'door'] },
  { name: 'drivers', folder: 'packages/hub/src/drivers', may: ['kit'] },
  { name: 'driver-aws', folder: 'packages/driver-aws/src', may: ['kit'] },
  { name: 'engines', folder: 'packages/hub/src/engines', may: ['kit'] },
  { name: 'cli', folder: 'packages/hub/src/cli', may: ['base', 'machinery', 'client', 'client-types', 'model'] },
  { name: 'main', folder: 'packages/hub/src/main', may: ['*'] },
  { name: 'entry', folder: 'packages/hub/src/main.ts', may: ['*'] },
]

describe('layers', () => {
  const files = sources(join(ROOT, 'packages'))

  test('every source file belongs to a layer', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((file) => layerOf(file) === undefined)).toEqual([])
  })

  test('imports point down', () => {
    const wrong = files.flatMap((file) => importsOf(file).flatMap((imported) => violation(file, imported)))
    expect(wrong).toEqual([])
  })

  test('drivers and doors never import each other', () => {
    const wrong = files.flatMap((file) => {
      const own = siblingFolder(file)
      return importsOf(file).flatMap((imported) => {
        const other = siblingFolder(imported)
        return own !== undefined && other !== undefined && own !== other ? [`${file} imports ${imported}`] : []
      })
    })
    expect(wrong).toEqual([])
  })

  test('a planted import is noticed', () => {
    expect(violation('packages/hub/src/drivers/x/driver.ts', 'packages/hub/src/controllers/hub.ts')).toHaveLength(1)
    expect(violation('packages/engine/src/client/client.ts', 'packages/engine/src/apiserver/api.ts')).toHaveLength(1)
    expect(violation('packages/hub/src/companions/x/door.ts', 'packages/hub/src/drivers/noop/driver.ts')).toHaveLength(
      1,
    )
    expect(violation('packages/hub/src/companions/x/door.ts', 'packages/hub/src/dialects/y/door.ts')).toHaveLength(1)
    expect(violation('packages/hub/src/dialects/x/door.ts', 'packages/hub/src/controllers/hub.ts')).toHaveLength(1)
  })
})

function violation(file: string, imported: string): string[] {
  const from = LAYERS.find((l) => l.name === layerOf(file))
  const to = layerOf(imported)
  if (!from || to === undefined || from.may.includes('*') || from.name === to) return []
  return from.may.includes(to) ? [] : [`${file} (${from.name}) imports ${imported} (${to})`]
}

function layerOf(file: string): string | undefined {
  return LAYERS.find((l) => file === l.folder || file.startsWith(`${l.folder}/`))?.name
}

/** Of a file inside a driver or a door, the folder that is it. */
function siblingFolder(file: string): string | undefined {
  const folder =
    /^packages\/(?:hub\/src\/(?:drivers|dialects|companions)\/[^/]+|driver-aws\/src\/(?:cloudformation|elasticache))\//
  return folder.exec(file)?.[0]
}

/** Product code: tests and their helpers may see everything. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        entry.name.endsWith('.ts') &&
        !entry.name.endsWith('.test.ts') &&
        !entry.name.endsWith('.d.ts'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => /^packages\/[^/]+\/src\//.test(file) && !file.includes('/testing/'))
    .sort()
}

const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)'([^']+)'/g

/** Imported files of this repository, as paths from its root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(IMPORT)].flatMap(([, specifier]) => {
    if (specifier!.startsWith('.')) return [relative(ROOT, resolve(ROOT, dirname(file), specifier!))]
    const own = /^@larder\/(kit|engine|hub|driver-aws)(?:\/(.+))?$/.exec(specifier!)
    return own ? [`packages/${own[1]}/src/${own[2] ?? 'index'}.ts`] : []
  })
}
