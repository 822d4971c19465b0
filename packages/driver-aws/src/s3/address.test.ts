import { expect, test } from 'vitest'
import { arnOf, urlOf } from './address.ts'

const place = { bucket: 'pages', key: 'a b/c' }

test.each([
  ['eu-central-1', undefined, 'arn:aws:s3:::pages/a b/c', 'https://s3.eu-central-1.amazonaws.com/pages/a%20b/c'],
  ['cn-north-1', undefined, 'arn:aws-cn:s3:::pages/a b/c', 'https://s3.cn-north-1.amazonaws.com.cn/pages/a%20b/c'],
  [
    'us-gov-west-1',
    undefined,
    'arn:aws-us-gov:s3:::pages/a b/c',
    'https://s3.us-gov-west-1.amazonaws.com/pages/a%20b/c',
  ],
  ['us-east-1', 'http://localhost:4566/', 'arn:aws:s3:::pages/a b/c', 'http://localhost:4566/pages/a%20b/c'],
])('an object in %s, endpoint %s', (region, endpoint, arn, url) => {
  expect([arnOf(place, { region }), urlOf(place, { region, endpoint })]).toEqual([arn, url])
})
