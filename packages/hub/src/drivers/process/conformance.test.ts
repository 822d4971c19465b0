import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '@larder/kit'
import { conformance } from '@larder/kit/conformance'
import type { Harness } from '@larder/kit/conformance'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { redisRecipe } from '../../samples/redis.ts'
import { realEngines } from './testing/engines.ts'
import { unsyncedPostgres } from './testing/unsynced.ts'
import { processStage, redisLogin, sqlLogin, toyLogin } from './testing/stage.ts'

const toys = parse(readFileSync(join(import.meta.dirname, 'testing/toy.yaml'), 'utf8')) as Record<string, Json>

const supports: Harness['supports'] = {
  provisions: true,
  finds: 'it makes what it offers',
  update: true,
  plan: true,
  discover: 'a process is made, never found',
  wipe: true,
  watch: true,
  login: true,
  rejectedRecipe: true,
  rejectedRole: true,
  world: true,
}

const engines = [
  {
    name: 'process (postgres)',
    recipe: unsyncedPostgres,
    parameters: { maxConnections: 20, sharedBuffers: '16MB' },
    otherParameters: { maxConnections: 25, sharedBuffers: '16MB' },
    roles: ['writer', 'reader'],
    login: sqlLogin,
  },
  {
    name: 'process (redis)',
    recipe: redisRecipe,
    parameters: { maxmemory: '64mb' },
    otherParameters: { maxmemory: '128mb' },
    roles: ['writer', 'reader'],
    login: redisLogin,
  },
  {
    name: 'process (an engine of this test, users in a file)',
    recipe: toys['byFile'] ?? null,
    parameters: { greeting: 'hello' },
    otherParameters: { greeting: 'goodbye' },
    roles: ['user'],
    login: toyLogin,
  },
  {
    name: 'process (an engine of this test, users by a command)',
    recipe: toys['byExec'] ?? null,
    parameters: {},
    otherParameters: { more: true },
    roles: [],
    login: toyLogin,
  },
]

for (const engine of engines) {
  const harness: Harness = {
    name: engine.name,
    supports,
    settleMs: 20_000,
    open: async (log) => processStage({ ...engine, engines: await realEngines('postgres'), log }),
  }
  describe(engine.name, () => {
    for (const { rule, title, run } of conformance(harness)) test(`${rule}: ${title}`, run)
  })
}
