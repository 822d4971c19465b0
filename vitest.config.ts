import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { plantMistakes } from './test/simulation/mistakes/plant.ts'
import { BothTransports } from './test/testing/both-transports.ts'

/** Where the run is written down as JSON, for who counts its tests. */
const report = process.env['LARDER_TEST_REPORT']
const controllers = 'packages/hub/src/{controllers,companions,dialects,resource-door}/**/*.test.ts'
/** Those journeys that every run also makes on `larder hub`; all of them with LARDER_TEST_HUB=cluster (test/testing/hub.ts). */
const onCluster = ['bindings', 'claimable', 'first-claim', 'pool', 'tenants'].map(
  (journey) => `test/journeys/${journey}.test.ts`,
)

export default defineConfig({
  plugins: [plantMistakes()],
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    testTimeout: 60_000,
    // A second is what a busy machine takes for anything.
    expect: { poll: { timeout: 20_000 } },
    // One less is the default, which on two cores is one: most tests wait for processes more than they compute.
    maxWorkers: availableParallelism(),
    hookTimeout: 120_000,
    setupFiles: ['test/testing/properties.ts'],
    reporters: [
      'default',
      new BothTransports(),
      ...(report === undefined ? [] : [['json', { outputFile: report }] satisfies [string, object]]),
    ],
    projects: [
      {
        extends: true,
        test: { name: 'in-process', include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'https', include: [controllers], env: { LARDER_TEST_TRANSPORT: 'https' } } },
      { extends: true, test: { name: 'cluster', include: onCluster, env: { LARDER_TEST_HUB: 'cluster' } } },
    ],
  },
})
