/**
 * Class `postgres`: everything that Larder knows about PostgreSQL. The driver reads it as it would read a Class that
 * somebody else wrote.
 *
 * Each instance has one database, `app`, and two roles without login: `writer` owns it, `reader` may select. Each
 * credential is a login that is a member of one of them and acts as it (`SET role`), so that what one writer makes
 * belongs to all writers, and readers see it, however much later it was made. The engine itself refuses the rest.
 */
import type { Json } from '@larder/kit'

const CONF = `listen_addresses = '\${host}'
port = \${port.client}
unix_socket_directories = ''
hba_file = '../config/pg_hba.conf'
password_encryption = scram-sha-256
max_connections = \${parameter.maxConnections?}
shared_buffers = \${parameter.sharedBuffers?}
work_mem = \${parameter.workMem?}
statement_timeout = \${parameter.statementTimeoutSeconds?}s
log_line_prefix = ''
# A statement that fails may hold a password.
log_min_error_statement = panic
`

const HBA = `host all larder \${host}/32 scram-sha-256
host app all \${host}/32 scram-sha-256
`

const ADMIN = { username: 'larder', password: '${secret.admin}' }
const USER = '${credential.username}'

const role = (name: string): Json => ({
  when: `SELECT WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}')`,
  run: `CREATE ROLE "${name}" NOLOGIN`,
})
const ifThere = (run: string): Json => ({ when: `SELECT FROM pg_roles WHERE rolname = '${USER}'`, run })
const cutSessions = { run: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${USER}'` }

/** What readers may see of everything that `owner` makes from now on. */
const readable = (owner: string): readonly Json[] =>
  ['SELECT ON TABLES', 'SELECT ON SEQUENCES', 'USAGE ON SCHEMAS'].map((right) => ({
    run: `ALTER DEFAULT PRIVILEGES FOR ROLE "${owner}" GRANT ${right} TO reader`,
  }))

/** Every login may make large objects, which no right on tables covers. */
const MAKES_LARGE_OBJECTS = 'lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)'

const database: readonly Json[] = [
  role('writer'),
  role('reader'),
  {
    when: `SELECT WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'app')`,
    run: 'CREATE DATABASE app OWNER writer',
  },
  { run: 'REVOKE ALL ON DATABASE app FROM PUBLIC' },
  { run: 'GRANT CONNECT ON DATABASE app TO reader' },
]

const rights: readonly Json[] = [
  { run: 'REVOKE ALL ON SCHEMA public FROM PUBLIC' },
  { run: 'GRANT USAGE, CREATE ON SCHEMA public TO writer' },
  { run: 'GRANT USAGE ON SCHEMA public TO reader' },
  { run: `REVOKE EXECUTE ON FUNCTION ${MAKES_LARGE_OBJECTS} FROM PUBLIC` },
  { run: `GRANT EXECUTE ON FUNCTION ${MAKES_LARGE_OBJECTS} TO writer` },
  ...readable('writer'),
]

/** The password comes last: a login that was made in part does not work, and is made again. */
const login: readonly Json[] = [
  role(USER),
  { run: `ALTER ROLE "${USER}" NOLOGIN` },
  cutSessions,
  { run: `REVOKE writer, reader FROM "${USER}"` },
  { run: `GRANT "\${role.group}" TO "${USER}"` },
  { run: `ALTER ROLE "${USER}" SET role = "\${role.group}"` },
  { run: `REASSIGN OWNED BY "${USER}" TO writer` },
  ...readable(USER),
  { run: `ALTER ROLE "${USER}" LOGIN PASSWORD '\${credential.password}'` },
]

export const postgresRecipe: Json = {
  engine: {
    name: 'postgres',
    commands: ['postgres', '/usr/lib/postgresql/*/bin/postgres'],
    version: { arguments: ['--version'], pattern: '\\(PostgreSQL\\) ([0-9.]+)' },
  },
  ports: ['client'],
  files: [
    { path: 'config/postgresql.conf', content: CONF },
    { path: 'config/pg_hba.conf', content: HBA },
    { path: 'config/password', content: '${secret.admin}\n' },
  ],
  prepare: [
    {
      makes: 'data/cluster',
      command: [
        '${engine.folder}/initdb',
        '--pgdata=${draft}',
        '--username=larder',
        '--pwfile=../config/password',
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--no-locale',
      ],
    },
    // One of a process that was killed names a pid that another process may have by now; the engine would not start.
    { command: ['rm', '-f', 'cluster/postmaster.pid'] },
  ],
  arguments: ['-D', 'cluster', '-c', 'config_file=../config/postgresql.conf'],
  readiness: {
    within: '60s',
    sql: { port: 'client', login: ADMIN, run: [{ database: 'postgres', statements: [{ run: 'SELECT 1' }] }] },
  },
  // Fast shutdown: sessions are cut, nothing is lost.
  stop: { signal: 'SIGINT', within: '30s' },
  credentials: {
    roles: { writer: { group: 'writer' }, reader: { group: 'reader' } },
    sql: {
      port: 'client',
      login: ADMIN,
      make: [
        { database: 'postgres', statements: database },
        { database: 'app', statements: [...rights, ...login] },
      ],
      check: [{ database: 'app', statements: [{ run: 'SELECT 1' }] }],
      remove: [
        {
          database: 'app',
          statements: [
            ifThere(`ALTER ROLE "${USER}" NOLOGIN`),
            cutSessions,
            ifThere(`REASSIGN OWNED BY "${USER}" TO writer`),
            ifThere(`DROP OWNED BY "${USER}"`),
            ifThere(`DROP ROLE "${USER}"`),
          ],
        },
      ],
    },
  },
  binding: {
    type: 'postgresql',
    provider: 'larder',
    host: '${host}',
    port: '${port.client}',
    database: 'app',
    username: USER,
    password: '${credential.password}',
    uri: 'postgresql://${credential.username}:${credential.password}@${host}:${port.client}/app',
  },
}

const memory = (description: string): Json => ({ type: 'string', pattern: '^[1-9][0-9]{0,6}(kB|MB|GB)$', description })

/** What a claim may say; plans fix `maxConnections` and `sharedBuffers`. */
const postgresParameters: Json = {
  type: 'object',
  properties: {
    maxConnections: { type: 'integer', minimum: 10, maximum: 1000, description: 'Sessions at the same time.' },
    sharedBuffers: memory('Memory that the server keeps pages in.'),
    workMem: memory('Memory for one sort or hash of one query, before it goes to disk.'),
    statementTimeoutSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 86_400,
      description: 'Cancels statements that run for so long; 0 never does.',
    },
  },
}

export const postgresClass: Json = {
  apiVersion: 'larder.dev/v1alpha1',
  kind: 'Class',
  metadata: { name: 'postgres' },
  spec: {
    type: 'postgresql',
    displayName: 'PostgreSQL',
    description: 'A PostgreSQL server of your own on this machine, with one database and a login for each claim',
    backendRef: { name: 'local' },
    recipe: postgresRecipe,
    parameters: { openAPIV3Schema: postgresParameters },
    plans: [
      {
        name: 'small',
        default: true,
        description: '20 connections, 32 MB of buffers',
        parameters: { maxConnections: 20, sharedBuffers: '32MB' },
      },
      {
        name: 'large',
        description: '100 connections, 256 MB of buffers',
        parameters: { maxConnections: 100, sharedBuffers: '256MB' },
      },
    ],
    roles: [{ name: 'writer', default: true }, { name: 'reader' }],
    sharing: 'Exclusive',
    reclaimPolicy: 'Delete',
  },
}
