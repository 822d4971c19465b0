/**
 * Class `redis`: everything that Larder knows about Redis and Valkey. The driver reads it as it would read a Class that
 * somebody else wrote.
 *
 * Each credential is an ACL user, kept in `users.acl`; the driver's own user is `default`, of which the file holds only
 * the hash. Users of role `reader` are refused by the engine itself when they write.
 */
import type { Json } from '@larder/kit'

const CONF = `bind \${host}
port \${port.client}
protected-mode yes
daemonize no
aclfile users.acl
appendonly yes
appendfsync everysec
save ""
databases 16
maxmemory \${parameter.maxmemory?}
maxmemory-policy \${parameter.maxmemoryPolicy?}
notify-keyspace-events "\${parameter.notifyKeyspaceEvents?}"
timeout \${parameter.timeoutSeconds?}
`

/** Ordinary clients ask for INFO when they connect, and browse with KEYS; the rest of @dangerous stays closed. */
const WRITER = ['~*', '&*', '+@all', '-@admin', '-@dangerous', '+info', '+keys', '+flushdb', '+flushall', '+sort']
const READER = [
  '~*',
  '&*',
  '-@all',
  '+@read',
  '+@connection',
  '+@transaction',
  '+subscribe',
  '+psubscribe',
  '+unsubscribe',
  '+punsubscribe',
  '-@admin',
  '-@dangerous',
  '+info',
  '+keys',
]

export const redisRecipe: Json = {
  engine: {
    name: 'redis',
    commands: ['valkey-server', 'redis-server'],
    version: { arguments: ['--version'], pattern: 'v=([0-9.]+)' },
  },
  ports: ['client'],
  files: [
    { path: 'config/redis.conf', content: CONF },
    {
      path: 'data/users.acl',
      content: 'user default on sanitize-payload #${secretSha256.admin} ~* &* +@all\n',
      once: true,
    },
  ],
  // By standard input: the engine would look for a file by its absolute path, which its account may not be able to pass.
  arguments: ['-'],
  input: 'config/redis.conf',
  readiness: {
    resp: {
      port: 'client',
      login: { username: 'default', password: '${secret.admin}' },
      commands: [['PING']],
    },
  },
  stop: { signal: 'SIGTERM', within: '10s' },
  output: { prefix: '^[0-9]+:[A-Z] [0-9]+ [A-Za-z]+ [0-9]+ [0-9:.]+ [.*#-] ' },
  credentials: {
    roles: { writer: { rules: WRITER }, reader: { rules: READER } },
    resp: {
      port: 'client',
      login: { username: 'default', password: '${secret.admin}' },
      make: [
        ['ACL', 'SETUSER', '${credential.username}', 'reset', 'on', '#${credential.passwordSha256}', '${role.rules}'],
        ['ACL', 'SAVE'],
      ],
      check: [['PING']],
      remove: [
        ['ACL', 'DELUSER', '${credential.username}'],
        ['ACL', 'SAVE'],
      ],
    },
  },
  binding: {
    type: 'redis',
    provider: 'larder',
    host: '${host}',
    port: '${port.client}',
    username: '${credential.username}',
    password: '${credential.password}',
    uri: 'redis://${credential.username}:${credential.password}@${host}:${port.client}',
  },
}

/** What a claim may say; plans fix `maxmemory`. */
const redisParameters: Json = {
  type: 'object',
  properties: {
    maxmemory: {
      type: 'string',
      pattern: '^[1-9][0-9]*(kb|mb|gb)$',
      description: 'Memory for data; at this size the policy decides what goes.',
    },
    maxmemoryPolicy: {
      type: 'string',
      enum: [
        'noeviction',
        'allkeys-lru',
        'allkeys-lfu',
        'allkeys-random',
        'volatile-lru',
        'volatile-lfu',
        'volatile-random',
        'volatile-ttl',
      ],
      default: 'noeviction',
      description: 'What happens when maxmemory is reached.',
    },
    notifyKeyspaceEvents: {
      type: 'string',
      pattern: '^[KEg$lshzxetdmnA]*$',
      description: 'Which changes of keys are published; see the notifications page of the engine.',
    },
    timeoutSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400,
      description: 'Closes connections that were idle for so long; 0 never does.',
    },
  },
}

export const redisClass: Json = {
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Class',
  metadata: { name: 'redis' },
  spec: {
    type: 'redis',
    displayName: 'Redis',
    description: 'A Redis (or Valkey) server of your own on this machine, with persistence and a user for each claim',
    backendRef: { name: 'local' },
    recipe: redisRecipe,
    parameters: { openAPIV3Schema: redisParameters },
    plans: [
      { name: 'small', default: true, description: '64 MB of data', parameters: { maxmemory: '64mb' } },
      { name: 'large', description: '512 MB of data', parameters: { maxmemory: '512mb' } },
    ],
    roles: [{ name: 'writer', default: true }, { name: 'reader' }],
    sharing: 'Exclusive',
    reclaimPolicy: 'Delete',
  },
}
