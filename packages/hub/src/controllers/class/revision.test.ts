import { controllerRevisionType } from '@larder/engine/client/builtin'
import { createInformers } from '@larder/engine/client/informers'
import { systemClock } from '@larder/engine/base/clock'
import { silentLog } from '@larder/engine/base/log'
import { isConflict } from '@larder/engine/machinery/status'
import type { Pass } from '@larder/engine/runtime/pass'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { classKind, type Class } from '../../model/class.ts'
import { CLASS_LABEL } from '../../model/names.ts'
import { testHub, type TestHub } from '../testing/hub.ts'
import { Shelf, shelfDriver } from '../testing/shelf-driver.ts'
import { keepRevision } from './revision.ts'

let hub: TestHub
beforeEach(async () => (hub = await testHub({ drivers: [shelfDriver(new Shelf())] })))
afterEach(() => hub.stop())

/** A pass over the class as a watch that lags still shows it: the caches have seen nothing yet. */
function passOver(object: Class): Pass<Class> {
  const informers = createInformers(hub.admin, { clock: systemClock, log: silentLog })
  const revisions = informers.of(controllerRevisionType)
  revisions.addIndex('class', ({ metadata }) => [metadata.labels?.[CLASS_LABEL] ?? ''])
  return { object, status: {}, client: hub.admin, cache: (type: never) => informers.of(type) } as unknown as Pass<Class>
}
const revisions = async () => (await hub.admin.of(controllerRevisionType).list()).items

test('of a class that was made again under its name none is written for the one that is gone', async () => {
  const old = await hub.service('jars')
  await hub.admin.of(classKind).delete('jars')
  const current = await hub.service('jars')
  const refusal: unknown = await Promise.resolve(keepRevision(passOver(old))).catch((error: unknown) => error)
  // Tried again with a growing pause, and not at once by news of what was written and collected.
  expect(isConflict(refusal)).toBe(true)
  expect(await revisions()).toEqual([])
  await keepRevision(passOver(current))
  expect((await revisions()).map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([current.metadata.uid])
})
