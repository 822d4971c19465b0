import { expect, test } from 'vitest'
import { createServedKinds } from './served-kinds.ts'

/** Notes what is asked, and serves one kind everywhere. */
function asked() {
  const seen: { readonly path: string; readonly signal: AbortSignal | undefined }[] = []
  const kinds = createServedKinds({
    raw: (path, signal) => {
      seen.push({ path, signal })
      return Promise.resolve({ resources: [{ name: 'things', kind: 'Thing', namespaced: true }] })
    },
  })
  return { kinds, seen }
}

test.each([
  ['v1', '/api/v1'],
  ['apps/v1', '/apis/apps/v1'],
  ['kappctrl.k14s.io/v1alpha1', '/apis/kappctrl.k14s.io/v1alpha1'],
  ['example.com/v1-beta', '/apis/example.com/v1-beta'],
])('%s is asked for at %s, once, and with the signal of whoever asks', async (apiVersion, path) => {
  const { kinds, seen } = asked()
  const { signal } = new AbortController()
  for (let i = 0; i < 2; i++)
    expect(await kinds.find(apiVersion, 'Thing', signal)).toEqual({ resource: 'things', namespaced: true })
  expect(seen).toEqual([{ path, signal }])
})

test.each([
  'kappctrl.k14s.io/v1alpha1/apps?watch=true&timeoutSeconds=999999',
  'v1?watch=true',
  'v1/namespaces/shop/secrets',
  '../metrics',
  '../../v1',
  'v1%2fsecrets',
  'v1#',
  'v1\n',
  '',
])('%j is no version of an API, and nobody is asked', async (apiVersion) => {
  const { kinds, seen } = asked()
  expect(await kinds.find(apiVersion, 'Thing')).toBeUndefined()
  expect(seen).toEqual([])
})
