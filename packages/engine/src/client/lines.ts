import { StringDecoder } from 'node:string_decoder'

/** The lines of a stream of UTF-8, without their ends and without empty ones. A last line without end counts. */
export async function* readLines(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  /** Of the line that has not ended; kept apart, because adding to one string costs the square of a long line. */
  let parts: string[] = []
  for await (const chunk of chunks) {
    const text = decoder.write(chunk as Buffer)
    let from = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      parts.push(text.slice(from, at))
      const line = parts.join('').trimEnd()
      parts = []
      from = at + 1
      if (line !== '') yield line
    }
    parts.push(text.slice(from))
  }
  const rest = parts.join('').trimEnd()
  if (rest !== '') yield rest
}
