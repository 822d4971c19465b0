/** What was made for claims, found by its labels: by credential, so that a service that goes leaves nothing of them behind. */
import { isDriverError, type Want } from '@larder/kit'
import { NoValue } from './cel.ts'
import { madeBefore, type Composition, type Node } from './graph.ts'
import { wordsOf, type Base } from './ground.ts'
import type { Made, Memory } from './memory.ts'
import { CREDENTIAL_ANNOTATION, CREDENTIAL_LABEL, INSTANCE_LABEL, keyOf, labelValue, RESOURCE_LABEL } from './naming.ts'
import { renderStatic } from './objects.ts'
import type { Thing } from './readiness.ts'

export async function boundObjects(base: Base, graph: Composition, want: Want): Promise<ReadonlyMap<string, Memory>> {
  const bound = new Map<string, Map<string, Made>>()
  const nodes = graph.binding.nodes.filter(({ isExternal }) => !isExternal)
  if (nodes.length === 0) return bound
  const labels = `${INSTANCE_LABEL}=${labelValue(want.id)},${CREDENTIAL_LABEL}`
  for (const [kind, namespace] of placesOf(base, graph, nodes, want)) {
    const query = {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      ...(namespace !== undefined && { namespace }),
      labels,
    }
    for (const thing of (await base.kube.list(query)) as unknown as readonly Thing[]) {
      const node = nodes.find((each) => isOf(each, kind, thing))
      const credential = thing.metadata.annotations?.[CREDENTIAL_ANNOTATION]
      if (!node || credential === undefined) continue
      const made = madeOf(node, thing, graph)
      const known = bound.get(credential) ?? new Map<string, Made>()
      bound.set(credential, known.set(keyOf(made), made))
    }
  }
  return bound
}

/** A Secret that a Password has made has the labels of the Password, whose id is that of another kind. */
const isOf = (node: Node, { apiVersion, kind }: Node, { metadata }: Thing): boolean =>
  node.apiVersion === apiVersion && node.kind === kind && metadata.labels?.[RESOURCE_LABEL] === node.id

function madeOf(node: Node, { metadata }: Thing, graph: Composition): Made {
  const { namespace, name, uid } = metadata
  const place = { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) }
  const { apiVersion, kind } = node
  return { id: node.id, apiVersion, kind, ...place, after: madeBefore(node, [graph.binding]) }
}

/** Each kind and namespace once. */
function placesOf(
  base: Base,
  graph: Composition,
  nodes: readonly Node[],
  want: Want,
): readonly (readonly [Node, string | undefined])[] {
  const places = new Map<string, readonly [Node, string | undefined]>()
  for (const node of nodes) {
    try {
      const words = wordsOf(base, graph, want)
      const { namespace: own } = words['instance'] as { readonly namespace: string }
      const said = node.namespace ? renderStatic(node.namespace, words) : own
      const namespace = node.clusterScoped || typeof said !== 'string' || said === '' ? undefined : said
      places.set(`${node.apiVersion} ${node.kind} ${namespace ?? ''}`, [node, namespace])
    } catch (error) {
      // A place that the claim leaves open keeps no service from being ready, or from going.
      if (!isTooLittle(error)) throw error
    }
  }
  return [...places.values()]
}

/** By a claim that says too little nothing was made. */
const isTooLittle = (error: unknown): boolean =>
  error instanceof NoValue || (isDriverError(error) && error.code === 'invalid')
