/** The configuration of a Backend on AWS: which account, which region, and how to get there. */
import { checkShape, DURATION_PATTERN, invalid } from '@larder/kit'
import type { Json, JsonSchema } from '@larder/kit'

export interface AwsConfig {
  /** Absent: the SDK's own way, `AWS_REGION` and then the profile. */
  region?: string
  /** For all services of AWS; absent: `AWS_ENDPOINT_URL` and its kin, then the real one. */
  endpoint?: string
  /** The account that it must be; another one is refused before anything is made in it. */
  accountID?: string
  assumeRole?: RoleConfig
  /** How often what exists is looked at for what changed without us. */
  lookAgain?: string
}

export interface RoleConfig {
  roleARN: string
  externalID?: string
  sessionName?: string
  durationSeconds?: number
}

const REGION_PATTERN = '^[a-z]{2,}(-[a-z]+)+-[0-9]+$'
export const ROLE_PATTERN = '^arn:[a-z-]+:iam::[0-9]{12}:role/.+$'

export const CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    region: { type: 'string', pattern: REGION_PATTERN },
    endpoint: { type: 'string', pattern: '^https?://[^/]+' },
    accountID: { type: 'string', pattern: '^[0-9]{12}$' },
    assumeRole: {
      type: 'object',
      properties: {
        roleARN: { type: 'string', pattern: ROLE_PATTERN },
        externalID: { type: 'string', pattern: '^.{2,}$' },
        sessionName: { type: 'string', pattern: '^[A-Za-z0-9_+=,.@-]{2,64}$' },
        durationSeconds: { type: 'integer', minimum: 900, maximum: 43_200 },
      },
      required: ['roleARN'],
    },
    lookAgain: { type: 'string', pattern: DURATION_PATTERN },
  },
}

/** @throws DriverError `invalid` that names the first wrong field. */
export function parseConfig(config: Json): AwsConfig {
  const [first] = checkShape(CONFIG_SCHEMA, config, 'config')
  if (first) throw invalid(first.path, `${first.path} ${first.message}`)
  return config as AwsConfig
}
