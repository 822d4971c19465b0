/**
 * The reference of bench/http.mjs: a Node HTTPS server with the same TLS, the same store, worker and commit as the API server, and nothing
 * else. No discovery of kinds, no authorization, no validation: what it costs to take JSON in and have it on disk.
 *
 * Reads {dir, ca, cert, key} as JSON from standard input, prints its port, and ends when its input does.
 */
import { createServer } from 'node:https'
import { createInterface } from 'node:readline'
import { openLibsqlStore } from '@larder/engine/storage/libsql/store'
import { Document } from '@larder/engine/machinery/document'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { dir, ca, cert, key } = JSON.parse((await lines.next()).value)
const store = await openLibsqlStore({ dir })

const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (request, response) => {
  if (request.method === 'GET') {
    const entry = store.get(`/${request.url}`)
    return entry ? send(response, 200, entry.document.bytes) : send(response, 404, Buffer.from('{}'))
  }
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => void create(request.url, Buffer.concat(chunks)).then((body) => send(response, 201, body)))
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
await lines.next()
server.close()
server.closeAllConnections()
await store.close()

function send(response, code, body) {
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

async function create(path, body) {
  const object = JSON.parse(body.toString())
  const uid = crypto.randomUUID()
  const { document } = await store.write({
    type: 'put',
    key: `/${path}/${object.metadata.name}`,
    expect: 0,
    index: { uid },
    document: (revision) => {
      const metadata = { ...object.metadata, uid, resourceVersion: String(revision) }
      return Document.fromBytes(Buffer.from(JSON.stringify({ ...object, metadata })))
    },
  })
  return document.bytes
}
