import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { jsonLog } from '../base/log.ts'
import { configMapType, eventType, namespaceType } from '../client/builtin.ts'
import { createEventRecorder } from './events.ts'
import { createLeisure } from './leisure.ts'
import { onBothTransports } from './testing/worlds.ts'

onBothTransports('events', (world) => {
  async function recorder() {
    const lines: string[] = []
    const { client } = world()
    const regarding = await client.of(configMapType).create({ metadata: { name: 'cup', namespace: 'default' } })
    const log = jsonLog({ now: () => systemClock.now(), write: (line) => void lines.push(line) })
    const leisure = createLeisure(systemClock)
    const options = { client, clock: systemClock, log, leisure, controller: 'example.com/cups', instance: 'one' }
    const events = createEventRecorder(options)
    const tell = (note: string) => events.record({ regarding, type: 'Normal', reason: 'Filled', action: 'Fill', note })
    const told = async () => (await client.of(eventType).list({ namespace: 'default' })).items
    return { tell, told, flush: () => events.flush(), lines, leisure, events }
  }

  test('the same news is one series, however close the second comes', async () => {
    const { tell, told, flush, lines } = await recorder()
    const writes: string[] = []
    world().intercept = ({ verb, target }) => {
      if (target.resource === 'events' && verb !== 'list') writes.push(verb)
    }
    for (let i = 0; i < 5; i++) tell('with tea')
    await flush()
    expect(writes).toEqual(['create', 'patch'])
    expect((await told()).map(({ note, series }) => [note, series?.count])).toEqual([['with tea', 5]])
    expect(lines).toEqual([])
  })

  test('it gives way to passes, and is written when none works or it is asked for', async () => {
    const { tell, told, flush, leisure } = await recorder()
    const written = async () => (await told()).map(({ note = '' }) => note).toSorted()
    leisure.change(1)
    tell('with tea')
    leisure.change(1)
    leisure.change(-1)
    // What comes behind it in the same turn is never written before it.
    await world()
      .client.of(configMapType)
      .create({ metadata: { name: 'spoon', namespace: 'default' } })
    expect(await written()).toEqual([])
    leisure.change(-1)
    await expect.poll(written).toEqual(['with tea'])
    leisure.change(1)
    tell('with milk')
    await flush()
    expect(await written()).toEqual(['with milk', 'with tea'])
  })

  test('of an object that goes with its namespace nothing is told, and the log has no warning', async () => {
    const { flush, lines, events } = await recorder()
    const { client } = world()
    await client.of(namespaceType).create({ metadata: { name: 'shop' } })
    const regarding = await client.of(configMapType).create({
      metadata: { name: 'going', namespace: 'shop', finalizers: ['example.com/held'] },
    })
    await client.of(namespaceType).delete('shop')
    events.record({ regarding, type: 'Normal', reason: 'Broken', action: 'Break', note: 'on the floor' })
    await flush()
    expect((await client.of(eventType).list({ namespace: 'shop' })).items).toEqual([])
    expect(lines).toEqual([])
    await client.of(configMapType).patch('going', { metadata: { finalizers: null } }, { namespace: 'shop' })
  })

  test('more than can wait is left out, and the log says how much', async () => {
    const { tell, told, flush, lines } = await recorder()
    for (let i = 0; i < 5100; i++) tell(`with tea ${i}`)
    await flush()
    expect(await told()).toHaveLength(5000)
    expect(lines.map((line) => JSON.parse(line) as { leftOut?: number }).map(({ leftOut }) => leftOut)).toEqual([100])
    tell('with milk')
    await flush()
    expect((await told()).some(({ note }) => note === 'with milk')).toBe(true)
  })
})
