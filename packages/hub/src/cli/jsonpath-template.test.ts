import { expect, test } from 'vitest'
import { compileJsonPathTemplate } from './jsonpath-template.ts'

const list = {
  kind: 'List',
  items: [
    { metadata: { name: 'a', labels: { 'example.com/tier': 'x' } }, spec: { size: 1, tags: ['p', 'q'] }, ok: true },
    { metadata: { name: 'b' }, spec: { size: 2n ** 60n, tags: [] }, ok: false },
  ],
}

test.each([
  ['{.items[*].metadata.name}', 'a b'],
  ['{.items[0].spec}', '{"size":1,"tags":["p","q"]}'],
  ['{.items[1].spec.size}', '1152921504606846976'],
  ['{range .items[*]}{.metadata.name}={.spec.size}{"\\n"}{end}', 'a=1\nb=1152921504606846976\n'],
  ['{range .items[*]}{$.kind}/{@.metadata.name}{","}{end}', 'List/a,List/b,'],
  ['{range .items[*]}{range .spec.tags[*]}{@}{" "}{end}|{end}', 'p q ||'],
  ['{..name}', 'a b'],
  ['{.items[?(@.spec.size==1)].metadata.name}', 'a'],
  ['{.items[0].metadata.labels.example\\.com/tier}', 'x'],
  ["{.items[0].metadata.labels['example\\.com/tier']}", 'x'],
  ['name: {.items[-1:].metadata.name}, ok: {.items[0].ok}', 'name: b, ok: true'],
  ['{"{"}{.kind}{\'}\'}', '{List}'],
  ['{.missing}', ''],
  ['.kind', '.kind'],
  ['{@.kind}{$.kind}', 'ListList'],
])('%s', (template, text) => {
  expect(compileJsonPathTemplate(template).render(list)).toBe(text)
})

test.each(['{.kind', '{range .items[*]}', '{end}', '{.items[}', '{kind}'])('%s is refused', (template) => {
  expect(() => compileJsonPathTemplate(template)).toThrow(/^invalid JSONPath/)
})
