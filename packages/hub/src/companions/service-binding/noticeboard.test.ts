import type { JsonObject } from '@larder/engine/base/json'
import type { KubeObject } from '@larder/engine/machinery/object'
import { expect, test } from 'vitest'
import { createNoticeboard } from './noticeboard.ts'
import { deploymentType } from './testing/binding-hub.ts'

const deployment = (metadata: JsonObject = {}, more: JsonObject = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', namespace: 'shop', uid: 'u1', generation: 1, resourceVersion: '1', ...metadata },
  ...more,
})

const running = (replicas: number) => ({ status: { replicas, conditions: [{ type: 'Progressing' }] } })

const heard = (...objects: readonly KubeObject[]) => {
  const isNews = createNoticeboard()
  return objects.map((object) => isNews(deploymentType, object, true))
}

test('what a rollout writes into the status is no news', () => {
  expect(heard(deployment({}, running(0)), deployment({ resourceVersion: '2' }, running(1)))).toEqual([true, false])
})

test.each([
  ['an edit', { generation: 2 }, {}],
  ['a label', { labels: { tier: 'web' } }, {}],
  ['an annotation', { annotations: { 'projector.servicebinding.io/mapping-x': '{}' } }, {}],
  ['another of that name', { uid: 'u2' }, {}],
  ['a Secret that a service names', {}, { status: { binding: { name: 'creds' } } }],
])('%s is', (_, metadata, more) => {
  expect(heard(deployment(), deployment(metadata, more), deployment(metadata, more))).toEqual([true, true, false])
})

test('of a kind that counts no generations each write is', () => {
  const { generation: _, ...metadata } = deployment().metadata
  const at = (resourceVersion: string) => ({ ...deployment(), metadata: { ...metadata, resourceVersion } })
  expect(heard(at('1'), at('2'), at('2'))).toEqual([true, true, false])
})

test('what nobody wanted to be kept is news again', () => {
  const isNews = createNoticeboard()
  expect([1, 2].map(() => isNews(deploymentType, deployment(), false))).toEqual([true, true])
})
