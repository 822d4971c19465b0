import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { redisRecipe } from '../../samples/redis.ts'
import { parseRecipe } from './recipe.ts'
import { render, renderLines, renderList } from './template.ts'

const open = { path: 'recipe.arguments', readable: true }
const closed = { path: 'recipe.files[0].content', readable: false }

test('the sample recipe is one', () => {
  expect(parseRecipe(redisRecipe).engine.name).toBe('redis')
})

test('no file of the driver knows an engine by name', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  const own = files.filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && !f.startsWith('testing'))
  expect(own.length).toBeGreaterThan(20)
  const engines = /redis|valkey|postgres|memcached|nats|mysql|mongo/i
  expect(own.filter((file) => engines.test(readFileSync(join(import.meta.dirname, file), 'utf8')))).toEqual([])
})

describe('placeholders', () => {
  const values = { parameter: { size: 3, name: 'x' }, role: { rules: ['+a', '-b'] }, secret: { admin: 'hush' } }

  test('stand for values', () => {
    expect(render('${parameter.name}=${parameter.size}', values, closed)).toBe('x=3')
    expect(render('$${parameter.name}', values, closed)).toBe('${parameter.name}')
  })

  test('that may be missing take their line or item with them', () => {
    expect(renderLines('size ${parameter.size?}\ncolour ${parameter.colour?}\nend', values, closed)).toBe('size 3\nend')
    expect(renderList(['-s', '${parameter.size?}', '${parameter.colour?}'], values, open)).toEqual(['-s', '3'])
  })

  test('that must not be missing say where they stand', () => {
    expect(() => render('${parameter.colour}', values, closed)).toThrow(
      'recipe.files[0].content names ${parameter.colour}, which has no value',
    )
  })

  test('for a list become several items', () => {
    expect(renderList(['a', '${role.rules}'], values, open)).toEqual(['a', '+a', '-b'])
    expect(() => render('${role.rules}', values, closed)).toThrow('which is not one value')
  })

  test('do not reach what objects inherit', () => {
    expect(() => render('${parameter.constructor}', values, closed)).toThrow('which has no value')
  })

  test('for secrets are refused where others can read', () => {
    expect(render('${secret.admin}', values, closed)).toBe('hush')
    for (const name of ['secret.admin', 'credential.password', 'credential.passwordSha256', 'secretSha256.admin']) {
      expect(() => renderList([`\${${name}}`], values, open)).toThrow('others on this machine could read it')
    }
  })
})
