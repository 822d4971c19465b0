import { describe, expect, test } from 'vitest'
import { render, TemplateError } from './expression.ts'

const inputs = {
  a: {
    text: 'word',
    port: 6379n,
    big: 12345678901234567890n,
    yes: true,
    list: [
      { name: 'x', value: 1 },
      { name: 'y)', value: 2 },
    ],
    'dotted.key': 'd',
    object: { k: 'v' },
  },
}

describe('a text with paths', () => {
  test.each([
    ['plain', 'plain'],
    ['$(.a.text)', 'word'],
    ['prefix-$(.a.text)-suffix', 'prefix-word-suffix'],
    ['$(.a.port):$(.a.yes)', '6379:true'],
    ['$(.a.big)', '12345678901234567890'],
    ['$(.a.list[0].name)$(.a.list[-1].value)', 'x2'],
    ['$(.a.list[?(@.name=="x")].value)', '1'],
    ['$(.a.list[?(@.name=="y)")].value)', '2'],
    ['$(.a.list[*].value)', '1 2'],
    ["$(.a['dotted.key'])", 'd'],
    [String.raw`$(.a.dotted\.key)`, 'd'],
    ['$(.a.object)', '{"k":"v"}'],
    ['{.a.text}', 'word'],
    ['{"host": "$(.a.text)"}', '{"host": "word"}'],
    ['$foo $ {} 5$', '$foo $ {} 5$'],
  ])('%s', (text, rendered) => {
    expect(render(text, inputs)).toBe(rendered)
  })

  test.each([
    ['$(.a.nothing)', 'nothing is not found'],
    ['$(.b.c)', 'b is not found'],
    ['$(.a.list[7].name)', '[7] is not found'],
    ['$(.a.list[?(@.name=="z")].value)', '[?(@.name=="z")] is not found'],
    ['$(.a.text', '.a.text has no end'],
    ['$(text)', 'invalid JSONPath "text": cannot read "text"'],
    ['$($(.a.text))', '$(.a.text) is a path within a path, which is not done'],
  ])('%s is an error that quotes the template alone', (text, message) => {
    expect(() => render(text, inputs)).toThrow(new TemplateError(message))
  })
})
