import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { configMapType } from '../client/builtin.ts'
import { createClient } from '../client/client.ts'
import { createInformers } from '../client/informers.ts'
import type { Transport } from '../machinery/call.ts'
import { createOwnWrites } from './own-writes.ts'
import { onBothTransports } from './testing/worlds.ts'

onBothTransports('own writes', (world) => {
  test('are waited for until the cache shows them, however many keys write behind the first', async () => {
    const { client } = world()
    const { transport } = client
    let open!: () => void
    const opened = new Promise<void>((resolve) => (open = resolve))
    const late: Transport = {
      call: (call, signal) => transport.call(call, signal),
      raw: (path, signal) => transport.raw(path, signal),
      close: () => transport.close(),
      async *watch(target, options, signal) {
        for await (const event of transport.watch(target, options, signal)) {
          await opened
          yield event
        }
      },
    }
    const informers = createInformers(createClient(late), { clock: systemClock, log: silentLog })
    const informer = informers.of(configMapType)
    informers.start()
    await informers.synced()
    const writes = createOwnWrites(transport, informers, new AbortController().signal)
    const write = (key: string) =>
      writes
        .clientOf(key)
        .of(configMapType)
        .create({ metadata: { name: key, namespace: 'default' } })
    await write('first')
    for (let i = 0; i < 1200; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => write(`other-${i + j}`)))
    }
    expect(informer.get('first', 'default')).toBeUndefined()
    const shown = writes.pending('first')
    expect(shown).toBeDefined()
    open()
    await shown
    expect(informer.get('first', 'default')).toBeDefined()
    expect(writes.pending('first')).toBeUndefined()
    await informers.stop()
  })
})
