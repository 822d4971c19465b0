import { expect, test } from 'vitest'
import { readLines } from './lines.ts'

async function linesOf(...chunks: Uint8Array[]): Promise<string[]> {
  async function* stream() {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of readLines(stream())) lines.push(line)
  return lines
}

test('lines come whole however the bytes are cut, also inside a character', async () => {
  const bytes = Buffer.from('{"a":"häß€😀"}\r\n\n{"b":2}\nrest')
  const expected = ['{"a":"häß€😀"}', '{"b":2}', 'rest']
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
    expect(await linesOf(...chunks), `cut every ${size} bytes`).toEqual(expected)
  }
})
