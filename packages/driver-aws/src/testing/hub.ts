/** A hub that serves queues and caches of one place of AWS, or of several: a region of its own keeps what tests make, count and break apart. */
import type { Json } from '@larder/kit'
import type { Aws } from '../../../../test/aws/endpoint.ts'
import { secretType } from '../../../engine/src/client/builtin.ts'
import type { TestHub } from '../../../hub/src/controllers/testing/hub.ts'
import { claimKind } from '../../../hub/src/model/claim.ts'
import { queueRecipe } from './templates.ts'

export interface Place {
  /** Behind the names of its classes, `queue` and `cache`, and of its Backends, `cloudformation` and `elasticache`. */
  readonly suffix?: string
  readonly region?: string
  readonly accessKeyId?: string
  /** Beside region and endpoint. */
  readonly config?: Readonly<Record<string, Json>>
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A Secret with credentials, for `credentialsRef` of a Backend. */
export async function accountSecret(hub: TestHub, aws: Aws, name: string, accessKeyId?: string) {
  const { credentials } = aws.client()
  const namespace = 'larder-system'
  await hub.admin.of(secretType).create({
    metadata: { name, namespace },
    data: {
      AWS_ACCESS_KEY_ID: base64(accessKeyId ?? credentials.accessKeyId),
      AWS_SECRET_ACCESS_KEY: base64(credentials.secretAccessKey),
    },
  })
  return { namespace, name }
}

export async function serveAws(hub: TestHub, aws: Aws, place: Place = {}): Promise<void> {
  const { suffix = '', region = aws.region, accessKeyId } = place
  const credentialsRef = await accountSecret(hub, aws, `aws${suffix}`, accessKeyId)
  for (const driver of ['cloudformation', 'elasticache']) {
    await hub.backend(`${driver}${suffix}`, {
      driver,
      config: { region, endpoint: aws.url, ...place.config },
      credentialsRef,
    })
  }
  await hub.service(`queue${suffix}`, {
    backendRef: { name: `cloudformation${suffix}` },
    type: 'sqs',
    recipe: queueRecipe,
    parameters: { openAPIV3Schema: { type: 'object', properties: { timeout: { type: 'integer' } } } },
  })
  await hub.service(`cache${suffix}`, {
    backendRef: { name: `elasticache${suffix}` },
    type: 'redis',
    recipe: { cache: { nodeType: 'cache.t4g.micro', replicas: 1 } },
    roles: [{ name: 'writer', default: true }, { name: 'reader' }],
  })
}

/** Whether a claim in `shop` is Ready now. */
export async function isReady(hub: TestHub, name: string): Promise<boolean> {
  const { metadata, status } = await hub.admin.of(claimKind).get(name, 'shop')
  const isCurrent = status?.observedGeneration === metadata.generation
  return isCurrent && status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
}

/** All that a claim ever said of why it was not Ready. */
export function causesOf(hub: TestHub, name: string): readonly string[] {
  const said = hub.everything().flatMap((object) => {
    if (object.kind !== 'Claim' || object.metadata.name !== name) return []
    const { cause } = (object as { status?: { cause?: { reason: string; message: string } } }).status ?? {}
    return cause ? [`${cause.reason}: ${cause.message}`] : []
  })
  return [...new Set(said)]
}
