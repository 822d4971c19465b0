/** The encoder of the tests says what upstream's says, byte for byte, so that what tests send is what clients send. */
import { expect, it } from 'vitest'
import { encodeProtobufOf } from './testing/encode.ts'
import { readFixtures } from './testing/fixtures.ts'

it.each(Object.entries(readFixtures().objects))('%s is encoded into upstream’s bytes', (type, { full }) => {
  expect(encodeProtobufOf(type, full.json).toString('hex')).toBe(Buffer.from(full.protobuf, 'base64').toString('hex'))
})
