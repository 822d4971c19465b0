/** What the controllers of the hub share. */
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import type { PoolLines } from './claim/pool-lines.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { Sessions } from './session/sessions.ts'

export interface HubContext {
  readonly sessions: Sessions
  readonly pools: PoolLines
  readonly fingerprint: Fingerprint
  readonly clock: Clock
  readonly log: Log
}
