import { expect, test } from 'vitest'
import { asText, render } from './template.ts'

const values = {
  instance: { name: 'jobs' },
  parameter: { replicas: 2, zones: ['a', 'b'], on: false, nested: { deep: 'x' } },
}

test.each([
  ['${parameter.replicas}', 2],
  ['${parameter.on}', false],
  ['${parameter.zones.1}', 'b'],
  ['${instance.name}-${parameter.replicas}', 'jobs-2'],
  ['in ${parameter.zones}', 'in a,b'],
  ['${parameter.none?}', undefined],
  ['x ${parameter.none?} y', undefined],
  ['$${parameter.replicas}', '${parameter.replicas}'],
  ['plain', 'plain'],
  [7, 7],
  [null, null],
] as const)('%j is %j', (template, value) => {
  expect(render(template, values, 'recipe.x')).toEqual(value)
})

test('fields and items that have no value are left out', () => {
  expect(render({ a: '${parameter.none?}', b: ['${parameter.none?}', 'x'] }, values, 'recipe')).toEqual({ b: ['x'] })
})

test('what has no value and must have one is named: a parameter as such, anything else by its place', () => {
  expect(() => render({ a: ['${parameter.none}'] }, values, 'recipe')).toThrow(
    expect.objectContaining({ path: 'parameters.none', message: 'parameters.none is required by recipe.a[0]' }),
  )
  expect(() => render('${output.URL}', values, 'recipe.binding.url')).toThrow(
    expect.objectContaining({
      path: 'recipe.binding.url',
      message: 'recipe.binding.url names ${output.URL}, which has no value',
    }),
  )
})

test('an object is not one value', () => {
  expect(() => render('x ${parameter.nested}', values, 'recipe.x')).toThrow(/must be one value/)
  expect(asText(['a', 2, true], 'p')).toBe('a,2,true')
})
