import { expect, test } from 'vitest'
import type { ApiError } from '../../machinery/status.ts'
import { deleteOptions, listOptions, watchOptions, writeOptions } from './query.ts'

const query = (text: string) => new URLSearchParams(text)

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return `${(error as ApiError).code} ${(error as Error).message}`
  }
  return 'accepted'
}

test('options of writes are read as they are spelled in the URL', () => {
  expect(writeOptions(undefined, 'CreateOptions')).toBeUndefined()
  expect(writeOptions(query('dryRun=All&fieldManager=me&fieldValidation=Strict'), 'CreateOptions')).toEqual({
    dryRun: true,
    fieldManager: 'me',
    fieldValidation: 'Strict',
  })
  expect(writeOptions(query('force=true'), 'PatchOptions', 'application/apply-patch+yaml')).toEqual({ force: true })
})

test.each([
  ['dryRun=Some', 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
  [
    'fieldValidation=Loose',
    'fieldValidation: Unsupported value: "Loose": supported values: "Ignore", "Warn", "Strict"',
  ],
  [`fieldManager=${'m'.repeat(129)}`, 'fieldManager: Too long: may not be more than 128 bytes'],
  ['fieldManager=a%00', 'fieldManager: Invalid value: "a\\u0000": should only contain printable characters'],
  ['force=true', 'force: Forbidden: may not be specified for non-apply patch'],
])('%s is refused by name', (text, problem) => {
  expect(refusal(() => writeOptions(query(text), 'PatchOptions', 'application/merge-patch+json'))).toBe(
    `422 PatchOptions.meta.k8s.io "" is invalid: ${problem}`,
  )
})

test('options of lists and watches', () => {
  expect(listOptions(query('labelSelector=a%3Db&limit=500&continue=abc&resourceVersion=0'))).toEqual({
    labelSelector: 'a=b',
    limit: 500,
    continue: 'abc',
    resourceVersion: '0',
  })
  expect(refusal(() => listOptions(query('limit=few')))).toBe(
    '400 the query parameter limit must be a whole number, not "few"',
  )
  expect(watchOptions(query('allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7'), undefined)).toEqual({
    allowWatchBookmarks: true,
    timeoutSeconds: 300,
    resourceVersion: '7',
  })
  expect(watchOptions(query('fieldSelector=spec.x%3D1'), 'p')).toEqual({ fieldSelector: 'spec.x=1,metadata.name=p' })
})

test('initial events are for watches', () => {
  expect(watchOptions(query('sendInitialEvents=true&resourceVersionMatch=NotOlderThan'), undefined)).toEqual({
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
  })
  expect(watchOptions(query('sendInitialEvents=false'), undefined)).toEqual({ sendInitialEvents: false })
  expect(refusal(() => listOptions(query('sendInitialEvents=true')))).toContain(
    'sendInitialEvents is forbidden for list',
  )
})

test('options of a delete come from the body, else from the query', () => {
  expect(deleteOptions(undefined, undefined)).toBeUndefined()
  expect(deleteOptions(query('propagationPolicy=Foreground&gracePeriodSeconds=0&dryRun=All'), undefined)).toEqual({
    propagationPolicy: 'Foreground',
    gracePeriodSeconds: 0,
    dryRun: true,
  })
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'u' }, dryRun: ['All'] }
  expect(deleteOptions(undefined, body)).toEqual({ preconditions: { uid: 'u' }, dryRun: true })
  expect(deleteOptions(undefined, { orphanDependents: true })).toEqual({ propagationPolicy: 'Orphan' })
  expect(deleteOptions(undefined, { orphanDependents: false })).toEqual({ propagationPolicy: 'Background' })
})

test.each([
  [
    { propagationPolicy: 'Later' },
    '422 DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Later": supported values: "Background", "Foreground", "Orphan"',
  ],
  [
    { propagationPolicy: 'Orphan', orphanDependents: true },
    '422 DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  ],
  [{ kind: 'Pod' }, '400 the body of a delete must be of kind DeleteOptions, not "Pod"'],
  [{ gracePeriodSeconds: 'x' }, '400 gracePeriodSeconds must be a whole number'],
  [{ preconditions: { uid: 5 } }, '400 preconditions.uid and preconditions.resourceVersion must be strings'],
])('DeleteOptions %j are refused', (body, message) => {
  expect(refusal(() => deleteOptions(undefined, body))).toBe(message)
})
