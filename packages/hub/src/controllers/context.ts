/** What the controllers of the hub share. */
import type { Clock } from '@larder/engine/base/clock'
import type { Log } from '@larder/engine/base/log'
import type { Fingerprint } from './fingerprint.ts'
import type { Sessions } from './session/sessions.ts'

export interface HubContext {
  readonly sessions: Sessions
  readonly fingerprint: Fingerprint
  readonly clock: Clock
  readonly log: Log
}
