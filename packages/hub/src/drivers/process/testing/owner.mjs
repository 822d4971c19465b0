// A hub of its own process that a test can kill: creates what it is told, says when it is ready, and stays.
import { engineFinder } from '../../../../dist/engines/find.js'
import { processDriver } from '../../../../dist/drivers/process/driver.js'
import { redisRecipe } from '../../../../dist/samples/redis.js'

const [dataDir, ...ids] = process.argv.slice(2)
const log = { debug() {}, info() {}, warn() {} }
const clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(() => callback(), ms)
    return () => clearTimeout(timer)
  },
}
const driver = processDriver({ dataDir, engines: engineFinder(), clock, log })
const session = driver.connect({ config: {}, credentials: {} }, { log, now: () => new Date() })
const never = new AbortController().signal
const shared = {
  generation: 1,
  recipe: redisRecipe,
  parameters: {},
  existing: 'Refuse',
  origin: { door: 'test' },
  changed: [],
}
const wants = ids.map((id) => ({ ...shared, id }))
process.send('creating')
await Promise.all(wants.map((want) => session.create(want, never)))
for (;;) {
  const seen = await Promise.all(wants.map((want) => session.observe(want, never)))
  if (seen.every((s) => s.phase === 'ready')) break
  await new Promise((resolve) => setTimeout(resolve, 5))
}
process.send('ready')
setInterval(() => {}, 1000)
