/** `/livez`, `/readyz`, `/healthz`: `ok`, or which check failed. Why it failed is for the log, not for strangers. */
import type { Query } from './query.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
}

export interface HealthAnswer {
  readonly code: 200 | 404 | 500
  readonly text: string
}

const PING: Check = { name: 'ping', ok: true }

/** `endpoint` is `readyz`; `only` names one check: `/readyz/storage`. */
export function health(
  endpoint: string,
  only: string | undefined,
  query: Query,
  checks: readonly Check[],
): HealthAnswer {
  const all = [PING, ...checks]
  if (only !== undefined)
    return single(
      endpoint,
      all.find((check) => check.name === only),
    )
  const excluded = new Set(query?.getAll('exclude'))
  const lines: string[] = []
  for (const check of all) {
    if (excluded.delete(check.name)) lines.push(`[+]${check.name} excluded: ok`)
    else lines.push(check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`)
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((name) => JSON.stringify(name))
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`)
  }
  const isOk = !lines.some((line) => line.startsWith('[-]'))
  if (!isOk) return { code: 500, text: [...lines, `${endpoint} check failed`, ''].join('\n') }
  return query?.has('verbose')
    ? { code: 200, text: [...lines, `${endpoint} check passed`, ''].join('\n') }
    : { code: 200, text: 'ok' }
}

function single(endpoint: string, check: Check | undefined): HealthAnswer {
  if (!check) return { code: 404, text: '404 page not found\n' }
  return check.ok
    ? { code: 200, text: 'ok' }
    : { code: 500, text: `internal server error: ${endpoint} check ${check.name} failed: reason withheld\n` }
}
