import { createApiMetrics, type ApiMetrics } from '@larder/engine/apiserver/http/metrics'
import { countMetrics, type RuntimeMetrics } from '@larder/engine/runtime/metrics'

export interface HubMetrics {
  readonly api: ApiMetrics
  readonly controllers: RuntimeMetrics
  /** Prometheus text. */
  exposition(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** One registry for both ports, filled when somebody scrapes. */
export function createHubMetrics(): HubMetrics {
  const counted = createApiMetrics()
  const controllers = countMetrics()
  let registered: ReturnType<ApiMetrics['registry']> | undefined
  const registry = () =>
    (registered ??= counted.registry().then(async (filled) => {
      await controllers.register(filled)
      return filled
    }))
  return {
    api: { ...counted, registry },
    controllers,
    async exposition() {
      const filled = await registry()
      return { contentType: filled.contentType, text: await filled.metrics() }
    },
  }
}
