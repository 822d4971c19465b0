import { expect, test } from 'vitest'
import { onBothTransports } from '../runtime/testing/worlds.ts'
import { configMapType } from './builtin.ts'

onBothTransports('client without a name', (world) => {
  test('deletes, reads and changes nothing: over HTTPS the path of no name is that of the collection', async () => {
    const maps = world().client.of(configMapType)
    const in_ = { namespace: 'default' }
    const made = await maps.create({ metadata: { name: 'a', ...in_ }, data: { k: '1' } })
    const refusal = 'ConfigMap "" has no name'
    await expect(maps.delete('', in_)).rejects.toThrow(refusal)
    await expect(maps.get('', 'default')).rejects.toThrow(refusal)
    await expect(maps.patch('', { data: { k: '2' } }, in_)).rejects.toThrow(refusal)
    await expect(maps.update({ ...made, metadata: { name: '', ...in_ } })).rejects.toThrow(refusal)
    expect((await maps.get('a', 'default')).data).toEqual({ k: '1' })
  })
})
