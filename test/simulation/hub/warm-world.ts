/**
 * What every run begins with: a hub has run, and both teams have claims that are Ready. It is made once and copied for each run, because
 * most of what can go wrong goes wrong with things that exist.
 */
import { claimKind } from '../../../packages/hub/src/model/claim.ts'
import { coldBeginning, contentOf, TEAMS, type Beginning } from './base-world.ts'
import { noFaults } from './faults.ts'
import { complaints } from './oracle.ts'
import { createView } from './view.ts'
import { createWorld } from './world.ts'

const MAX_STEPS = 5000
const HOUR_MS = 3_600_000

let warm: Promise<Beginning> | undefined

export const warmBeginning = (): Promise<Beginning> => (warm ??= makeWarm())

async function makeWarm(): Promise<Beginning> {
  const cold = await coldBeginning()
  const world = await createWorld(0, noFaults, cold)
  const view = createView(world.store)
  const claims = world.admin.of(claimKind)
  for (const namespace of TEAMS) {
    await claims.create({
      metadata: { name: `${namespace}-a`, namespace },
      spec: { className: 'jars', role: 'writer' },
    })
    await claims.create({ metadata: { name: `${namespace}-b`, namespace }, spec: { className: 'caches' } })
    await claims.create({ metadata: { name: `${namespace}-c`, namespace }, spec: { className: 'mugs' } })
    await claims.create({ metadata: { name: `${namespace}-d`, namespace }, spec: { className: 'cycles' } })
  }
  world.startHub({ elected: false })
  for (let left = MAX_STEPS; left > 0; left--) {
    await world.scheduler.step()
    if (world.scheduler.isIdle && complaints(world, view, { alone: true }).length === 0) break
  }
  const open = complaints(world, view, { alone: true })
  if (open.length > 0) throw new Error(`a hub without trouble does not come to rest: ${open.join('; ')}`)
  await world.close()
  return {
    stored: contentOf(world.store),
    services: [...world.yard.services.values()],
    startMs: cold.startMs + HOUR_MS,
  }
}
