import type { KubeObject } from '@larder/engine/machinery/object'
import { TRACEPARENT_ANNOTATION } from '../model/names.ts'

/** The id by which a tracing system knows what was done for this object; undefined when nothing was traced. */
export function traceIdOf({ metadata }: KubeObject): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(metadata.annotations?.[TRACEPARENT_ANNOTATION] ?? '')?.[1]
}
