/** What a request to AWS is, read from its signature and its body: every protocol of the SDK names service and action elsewhere. */
import type { IncomingMessage } from 'node:http'

/** How a service writes requests and errors. */
export type Protocol = 'query' | 'json' | 's3'

export interface Call {
  /** As in the signature: `elasticache`, `cloudformation`, `sts`. */
  readonly service: string
  /** As in the reference of the API: `CreateReplicationGroup`. */
  readonly action: string
  readonly region: string
  readonly accessKeyId: string
  readonly protocol: Protocol
  /** Milliseconds of a monotonic clock at which it arrived. */
  readonly atMs: number
  /** A parameter at the top level of the request, as text: `StackName`, `ReplicationGroupId`. */
  parameter(name: string): string | undefined
}

/** Which calls are meant; what is left out does not matter. */
export interface Selection {
  readonly service?: string
  readonly action?: string
  readonly region?: string
  /** Tells accounts apart, which have credentials of their own. */
  readonly accessKeyId?: string
  readonly where?: (call: Call) => boolean
}

export function isSelected(call: Call, selection: Selection): boolean {
  const { service, action, region, accessKeyId, where } = selection
  return (
    (service === undefined || service === call.service) &&
    (action === undefined || action === call.action) &&
    (region === undefined || region === call.region) &&
    (accessKeyId === undefined || accessKeyId === call.accessKeyId) &&
    (where === undefined || where(call))
  )
}

const CREDENTIAL = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/

/** Undefined for what is not signed: paths of moto and of the launcher. */
export function readCall(request: IncomingMessage, body: Buffer, atMs: number): Call | undefined {
  const [, accessKeyId, region, service] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? []
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined
  const signed = { service, region, accessKeyId, atMs }
  const type = request.headers['content-type'] ?? ''
  if (type.includes('cbor')) throw new Error(`the fault proxy cannot read ${type}, which ${service} was called with`)
  const target = request.headers['x-amz-target']
  if (typeof target === 'string') return { ...signed, ...readJson(target, body) }
  if (service === 's3') return { ...signed, ...readRest(request) }
  const form = new URLSearchParams(body.toString())
  const parameter = (name: string): string | undefined => form.get(name) ?? undefined
  return { ...signed, action: form.get('Action') ?? 'unknown', protocol: 'query', parameter }
}

function readJson(target: string, body: Buffer): Pick<Call, 'action' | 'protocol' | 'parameter'> {
  const parameters = JSON.parse(body.toString() || '{}') as Record<string, unknown>
  const parameter = (name: string): string | undefined => {
    const value = parameters[name]
    return value === undefined || typeof value === 'string' ? value : JSON.stringify(value)
  }
  return { action: target.slice(target.lastIndexOf('.') + 1), protocol: 'json', parameter }
}

const OF_BUCKET: Readonly<Record<string, string>> = {
  PUT: 'CreateBucket',
  GET: 'ListObjectsV2',
  HEAD: 'HeadBucket',
  DELETE: 'DeleteBucket',
}
const OF_OBJECT: Readonly<Record<string, string>> = {
  PUT: 'PutObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  DELETE: 'DeleteObject',
}

/** S3 has no name of its action in the request; what acts on a sub-resource is told as `PUT ?versioning`. */
function readRest(request: IncomingMessage): Pick<Call, 'action' | 'protocol' | 'parameter'> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const method = request.method ?? 'GET'
  const [, bucket = '', ...key] = url.pathname.split('/')
  const subResource = [...url.searchParams].find(([name, value]) => value === '' && name !== 'x-id')?.[0]
  const known = bucket === '' ? 'ListBuckets' : (key.join('/') === '' ? OF_BUCKET : OF_OBJECT)[method]
  const action = subResource === undefined ? (known ?? method) : `${method} ?${subResource}`
  const parameters: Record<string, string> = { Bucket: bucket, Key: key.join('/') }
  return { action, protocol: 's3', parameter: (name) => parameters[name] }
}
