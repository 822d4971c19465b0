import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { callResp } from './resp.ts'

let server: Server

afterEach(() => server.close())

/** Answers each chunk with the next of these. */
function serve(...answers: string[]): Promise<number> {
  server = createServer((socket) => {
    socket.on('data', () => socket.write(answers.shift() ?? ''))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

const call = (port: number, commands: string[][]): ReturnType<typeof callResp> =>
  callResp({ host: '127.0.0.1', port, commands, timeoutMs: 1_000, login: { username: 'u', password: 'hush' } })

test('replies of every kind are read', async () => {
  const port = await serve('+OK\r\n', ':7\r\n', '$5\r\nhe\r\no\r\n', '*2\r\n$1\r\na\r\n*-1\r\n', '$-1\r\n')
  expect(await call(port, [['A'], ['B'], ['C'], ['D']])).toEqual([7, 'he\r\no', ['a', null], null])
})

test('an error names the command by its first word, never by what followed', async () => {
  const port = await serve('-WRONGPASS invalid\r\n')
  await expect(call(port, [['PING']])).rejects.toThrow(/^AUTH: WRONGPASS invalid$/)
})

test('what does not speak RESP is an error of the call, not of the process', async () => {
  const port = await serve('HTTP/1.1 400 Bad Request\r\n\r\n')
  await expect(call(port, [['PING']])).rejects.toThrow('what answers there does not speak RESP')
})

test('one that never answers is left after the time given', async () => {
  const port = await serve('')
  await expect(callResp({ host: '127.0.0.1', port, commands: [['PING']], timeoutMs: 50 })).rejects.toThrow(
    'no answer within 50 ms',
  )
})
