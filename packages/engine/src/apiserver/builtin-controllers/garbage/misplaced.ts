/** The event that tells why an object with an owner is collected, or never is: upstream's OwnerRefInvalidNamespace. */
import { createHash } from 'node:crypto'
import type { KubeObject, OwnerReference } from '../../../machinery/object.ts'
import { isAlreadyExists, isForbidden, isNotFound } from '../../../machinery/status.ts'
import { timestamp } from '../../core/metadata.ts'
import type { ControllerContext } from '../namespaces.ts'

/** Where events about cluster-scoped objects go. */
const DEFAULT = 'default'
const COMPONENT = 'garbage-collector-controller'

export async function reportMisplacedOwner(
  { call, clock }: ControllerContext,
  dependent: KubeObject,
  reference: OwnerReference,
): Promise<void> {
  const { name, namespace = '', uid = '' } = dependent.metadata
  const owner = `${reference.apiVersion}/${reference.kind}, namespace: ${namespace}, name: ${reference.name}, uid: ${reference.uid}`
  const now = timestamp(clock.now())
  const place = namespace === '' ? DEFAULT : namespace
  const target = { group: '', version: 'v1', resource: 'events', namespace: place }
  const body = {
    // One for each pair: looking again does not say it again.
    metadata: { name: `${uid}.${digest(reference.uid)}` },
    involvedObject: {
      apiVersion: dependent.apiVersion,
      kind: dependent.kind,
      name,
      uid,
      ...(namespace !== '' && { namespace }),
    },
    type: 'Warning',
    reason: 'OwnerRefInvalidNamespace',
    message: `ownerRef [${owner}] does not exist in namespace ${JSON.stringify(namespace)}`,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: '',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  }
  try {
    await call({ verb: 'create', target, body })
  } catch (error) {
    // It was said before, or its namespace is going: either way nobody misses it.
    if (!isAlreadyExists(error) && !isForbidden(error) && !isNotFound(error)) throw error
  }
}

/** A uid in a reference is any text; in a name it may not be. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
