/** One run from a seed: trouble and people for a while, then peace, in which everything must come to rest and be right. */
import { createDice, type Dice } from './dice.ts'
import { chooseFaults } from './faults.ts'
import { watchInvariants } from './invariants.ts'
import { complaints } from './oracle.ts'
import { createUsers } from './users.ts'
import { warmBeginning } from './warm-world.ts'
import { createView, type View } from './view.ts'
import { createWorld, type World } from './world.ts'

export interface Report {
  readonly seed: number
  /** Empty when every promise was kept. */
  readonly problems: readonly string[]
  /** A line for everything that happened, with the time since the beginning in seconds. */
  readonly trace: readonly string[]
}

/** Alone; two that know nothing of each other, as nobody should run them; two or three of which one leads. */
type Crew = 'one' | 'rivals' | 'elected'

interface Run {
  readonly world: World
  readonly view: View
  readonly dice: Dice
  readonly crew: Crew
  readonly violations: readonly string[]
}

const TROUBLE_STEPS = [100, 200, 350] as const
const START_CHANCE = 0.15
const OUTAGE_CHANCE = 0.01
const END_CHANCE = 0.004
const NEWS_CHANCE = 0.05
/** Backoffs end at five minutes. */
const PEACE_MS = 30 * 60_000
const PEACE_STEPS = 6000
/** Longer than the pause between two probes of a backend. */
const REST_MS = 130_000

export async function simulate(seed: number): Promise<Report> {
  // Others than those of the world, so that what people do does not hang on how often the scheduler asks.
  const dice = createDice(seed ^ 0x5eed)
  const world = await createWorld(seed, chooseFaults, await warmBeginning())
  const view = createView(world.store)
  const crew: Crew = dice.pick(['one', 'one', 'rivals', 'elected'])
  const { violations } = watchInvariants(world, view, { alone: crew !== 'rivals' })
  const run: Run = { world, view, dice, crew, violations }
  await trouble(run)
  const left = violations.length === 0 ? await peace(run) : []
  await world.close()
  return { seed, problems: [...violations, ...left], trace: world.scheduler.trace }
}

async function trouble(run: Run): Promise<void> {
  const { world, view, dice, crew, violations } = run
  const users = createUsers(world, view, dice.fork())
  const size = crew === 'one' ? 1 : crew === 'rivals' ? 2 : dice.pick([2, 3])
  const userChance = dice.pick([0.05, 0.1, 0.2])
  world.yard.showsOnce = dice.chance(0.3)
  for (let left: number = dice.pick(TROUBLE_STEPS); left > 0 && violations.length === 0; left--) {
    if (world.hubs.length < size && (world.hubs.length === 0 || dice.chance(START_CHANCE))) start(run)
    if (dice.chance(userChance)) await users.act()
    if (dice.chance(OUTAGE_CHANCE)) world.yard.isDown = !world.yard.isDown
    if (dice.chance(END_CHANCE)) endOne(run)
    if (dice.chance(NEWS_CHANCE)) tellOfOne(run)
    await world.scheduler.step()
  }
  await users.repair()
}

const start = ({ world, crew }: Run): void => void world.startHub({ elected: crew === 'elected' })

/** A hub ends, as it should or as it should not. */
function endOne({ world, dice }: Run): void {
  if (world.hubs.length === 0) return
  const hub = dice.pick(world.hubs)
  if (dice.chance(0.5)) hub.kill()
  else void hub.stop()
}

/** The backend says that something may have changed, whether or not it has. */
function tellOfOne({ world, dice }: Run): void {
  const ids = [...world.yard.services.keys()]
  if (ids.length > 0) world.yard.tell(dice.pick(ids))
}

/** What is wrong when nothing moves any more, or when it has moved for too long. */
async function peace(run: Run): Promise<readonly string[]> {
  const { world, view, crew, violations } = run
  const { clock } = world.scheduler
  world.makePeace()
  if (crew === 'rivals') for (const hub of world.hubs.slice(1)) hub.kill()
  const endsAt = clock.now() + PEACE_MS
  let seen = { writes: -1, open: ['nothing was looked at'] as readonly string[], restSince: 0 }
  for (let left = PEACE_STEPS; left > 0 && clock.now() < endsAt && violations.length === 0; left--) {
    // One that was told to stop in the time of trouble may only now have ended.
    if (world.hubs.length === 0) start(run)
    if (world.scheduler.isIdle) {
      const hasRested = view.writes === seen.writes && seen.open.length === 0
      if (hasRested && clock.now() - seen.restSince >= REST_MS) return []
      if (!hasRested)
        seen = {
          writes: view.writes,
          open: complaints(world, view, { alone: crew !== 'rivals' }),
          restSince: clock.now(),
        }
    }
    await world.scheduler.step()
  }
  if (violations.length > 0) return []
  return seen.open.length > 0 ? seen.open : ['the hub writes on and on']
}
