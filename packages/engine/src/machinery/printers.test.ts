import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../base/json.ts'
import { printerOf } from './printers.ts'
import { builtinResources } from './types/builtin.ts'

const now = Date.UTC(2026, 5, 1, 12, 0, 0)
const created = '2026-06-01T11:00:00Z'
const metadata = { name: 'it', namespace: 'ns', creationTimestamp: created }

/** Cells by column, those of `-o wide` with a star. */
function table(group: string, kind: string, object: JsonObject): Record<string, Json> {
  const printer = printerOf(group, 'v1', kind)
  const cells = printer.row({ metadata, ...object }, now)
  expect(cells).toHaveLength(printer.columns.length)
  return Object.fromEntries(printer.columns.map((c, i) => [`${c.name}${c.priority ? '*' : ''}`, cells[i]!]))
}

const template = {
  spec: {
    containers: [
      { name: 'web', image: 'nginx:1' },
      { name: 'log', image: 'fluent:2' },
    ],
  },
}
const containers = { 'Containers*': 'web,log', 'Images*': 'nginx:1,fluent:2' }
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['y', 'x'] }],
}

const waitingFor = (reason: string, restartCount = 0) => ({ state: { waiting: { reason } }, restartCount })

describe('columns of built-in kinds', () => {
  test('every kind prints an object that has nothing but a name', () => {
    const resources = builtinResources().filter((resource) => resource.verbs.includes('list'))
    expect(resources.length).toBeGreaterThan(40)
    for (const { group, version, kind } of resources) {
      const printer = printerOf(group, version, kind)
      const cells = printer.row({ metadata: { name: 'it' } }, now)
      expect(cells, kind).toHaveLength(printer.columns.length)
      expect(cells, kind).toContain('it')
      expect(
        cells.some((cell) => cell === undefined),
        kind,
      ).toBe(false)
    }
  })

  test('kinds without columns of their own show when they were created', () => {
    expect(table('rbac.authorization.k8s.io', 'ClusterRole', {})).toEqual({ Name: 'it', 'Created At': created })
    expect(printerOf('', 'v1', 'LimitRange').columns[1]).toMatchObject({ name: 'Created At', type: 'date' })
  })

  test.each<[string, string, JsonObject, Record<string, Json>]>([
    ['', 'Namespace', { status: { phase: 'Active' } }, { Name: 'it', Status: 'Active', Age: '60m' }],
    ['', 'Secret', { type: 'Opaque', data: { a: '', b: '' } }, { Name: 'it', Type: 'Opaque', Data: 2, Age: '60m' }],
    ['', 'ConfigMap', { data: { a: '' }, binaryData: { b: '' } }, { Name: 'it', Data: 2, Age: '60m' }],
    ['', 'ServiceAccount', {}, { Name: 'it', Secrets: 0, Age: '60m' }],
    [
      'apps',
      'Deployment',
      {
        spec: { replicas: 3, selector, template },
        status: { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
      },
      {
        Name: 'it',
        Ready: '2/3',
        'Up-to-date': 3,
        Available: 1,
        Age: '60m',
        ...containers,
        'Selector*': 'a notin (x,y),app=web',
      },
    ],
    [
      'apps',
      'StatefulSet',
      { spec: { replicas: 0, template } },
      { Name: 'it', Ready: '0/0', Age: '60m', ...containers },
    ],
    [
      'batch',
      'Job',
      {
        spec: { completions: 5, template, selector: {} },
        status: {
          succeeded: 5,
          startTime: '2026-06-01T11:00:00Z',
          completionTime: '2026-06-01T11:01:30Z',
          conditions: [{ type: 'Complete', status: 'True' }],
        },
      },
      {
        Name: 'it',
        Status: 'Complete',
        Completions: '5/5',
        Duration: '90s',
        Age: '60m',
        ...containers,
        'Selector*': '<none>',
      },
    ],
    [
      'batch',
      'CronJob',
      {
        spec: { schedule: '@daily', suspend: false, jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: '2026-06-01T11:59:00Z' },
      },
      {
        Name: 'it',
        Schedule: '@daily',
        Timezone: '<none>',
        Suspend: 'False',
        Active: 1,
        'Last Schedule': '60s',
        Age: '60m',
        ...containers,
        'Selector*': '<none>',
      },
    ],
    [
      '',
      'Service',
      {
        spec: {
          type: 'LoadBalancer',
          clusterIP: '10.0.0.1',
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { b: '2', a: '1' },
        },
      },
      {
        Name: 'it',
        Type: 'LoadBalancer',
        'Cluster-IP': '10.0.0.1',
        'External-IP': '<pending>',
        'Port(s)': '80:30080/TCP,53/UDP',
        Age: '60m',
        'Selector*': 'a=1,b=2',
      },
    ],
    [
      'networking.k8s.io',
      'Ingress',
      { spec: { rules: ['a', 'b', 'c', 'd'].map((host) => ({ host })), tls: [{}] } },
      { Name: 'it', Class: '<none>', Hosts: 'a,b,c + 1 more...', Address: '', Ports: '80, 443', Age: '60m' },
    ],
    [
      '',
      'PersistentVolumeClaim',
      {
        spec: { volumeName: 'pv', storageClassName: 'fast', volumeMode: 'Block' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
      },
      {
        Name: 'it',
        Status: 'Bound',
        Volume: 'pv',
        Capacity: '1Gi',
        'Access Modes': 'RWO,RWX',
        StorageClass: 'fast',
        VolumeAttributesClass: '<unset>',
        Age: '60m',
        'VolumeMode*': 'Block',
      },
    ],
    [
      'rbac.authorization.k8s.io',
      'RoleBinding',
      {
        roleRef: { kind: 'ClusterRole', name: 'edit' },
        subjects: [
          { kind: 'User', name: 'ann' },
          { kind: 'User', name: 'bob' },
          { kind: 'ServiceAccount', namespace: 'x', name: 'bot' },
        ],
      },
      {
        Name: 'it',
        Role: 'ClusterRole/edit',
        Age: '60m',
        'Users*': 'ann, bob',
        'Groups*': '',
        'ServiceAccounts*': 'x/bot',
      },
    ],
    ['coordination.k8s.io', 'Lease', { spec: { holderIdentity: 'me' } }, { Name: 'it', Holder: 'me', Age: '60m' }],
    [
      'apps',
      'ControllerRevision',
      {
        revision: 7,
        metadata: {
          ...metadata,
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', controller: true }],
        },
      },
      { Name: 'it', Controller: 'daemonset.apps/d', Revision: 7, Age: '60m' },
    ],
  ])('%s %s', (group, kind, object, cells) => {
    expect(table(group, kind, object)).toEqual(cells)
  })

  test('an Event reads the same in both groups', () => {
    const told = {
      'Last Seen': '5s',
      Type: 'Warning',
      Reason: 'Failed',
      Object: 'pod/web',
      'Subobject*': '',
      'Source*': 'kubelet, node-1',
      Message: 'it broke',
      'First Seen*': '10m',
      'Count*': 3,
      'Name*': 'it',
    }
    const times = ['2026-06-01T11:50:00Z', '2026-06-01T11:59:55Z'] as const
    const both = { type: 'Warning', reason: 'Failed' }
    const reference = { kind: 'Pod', name: 'web' }
    const source = { component: 'kubelet', host: 'node-1' }
    const core = {
      ...both,
      involvedObject: reference,
      message: ' it broke\n',
      source,
      count: 3,
      firstTimestamp: times[0],
      lastTimestamp: times[1],
    }
    expect(table('', 'Event', core)).toEqual(told)
    const series = { count: 3, lastObservedTime: '2026-06-01T11:59:55.000000Z' }
    const events = {
      ...both,
      regarding: reference,
      note: 'it broke',
      reportingController: 'kubelet',
      reportingInstance: 'node-1',
      eventTime: '2026-06-01T11:50:00.000000Z',
      series,
    }
    expect(table('events.k8s.io', 'Event', events)).toEqual(told)
  })

  const running = { state: { running: {} }, ready: true, restartCount: 0 }
  const twoContainers = { containers: [{ name: 'a' }, { name: 'b' }] }

  test.each<[string, JsonObject, string, string, string]>([
    ['no status', { spec: twoContainers, status: { phase: 'Pending' } }, '0/2', 'Pending', '0'],
    [
      'all run',
      { spec: twoContainers, status: { phase: 'Running', containerStatuses: [running, running] } },
      '2/2',
      'Running',
      '0',
    ],
    [
      'one crashes',
      {
        spec: twoContainers,
        status: {
          phase: 'Running',
          containerStatuses: [
            running,
            { ...waitingFor('CrashLoopBackOff', 4), lastState: { terminated: { finishedAt: '2026-06-01T11:55:00Z' } } },
          ],
        },
      },
      '1/2',
      'CrashLoopBackOff',
      '4 (5m ago)',
    ],
    [
      'an init container waits',
      {
        spec: { ...twoContainers, initContainers: [{ name: 'i' }, { name: 'j' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', state: { terminated: { exitCode: 0 } } },
            { name: 'j', state: { running: {} } },
          ],
        },
      },
      '0/2',
      'Init:1/2',
      '0',
    ],
    [
      'a sidecar runs',
      {
        spec: { containers: [{ name: 'a' }], initContainers: [{ name: 's', restartPolicy: 'Always' }] },
        status: {
          phase: 'Running',
          initContainerStatuses: [{ name: 's', started: true, ready: true }],
          containerStatuses: [running],
        },
      },
      '2/2',
      'Running',
      '0',
    ],
    [
      'it is being deleted',
      {
        metadata: { ...metadata, deletionTimestamp: created },
        spec: twoContainers,
        status: { phase: 'Running', containerStatuses: [running, running] },
      },
      '2/2',
      'Terminating',
      '0',
    ],
    [
      'it ended by a signal',
      {
        spec: { containers: [{ name: 'a' }] },
        status: { phase: 'Failed', containerStatuses: [{ state: { terminated: { signal: 9, exitCode: 137 } } }] },
      },
      '0/1',
      'Signal:9',
      '0',
    ],
  ])('a pod of which %s', (_, pod, ready, status, restarts) => {
    expect(table('', 'Pod', pod)).toMatchObject({ Ready: ready, Status: status, Restarts: restarts })
  })
})
