/** Volumes, claims on them, and what provisions them. */
import type { JsonObject } from '../../base/json.ts'
import { AGE, at, column, integer, listAt, NAME, textAt, textsAt, UNSET, wide } from './column.ts'

const SHORT_MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

function accessModes(object: JsonObject, path: string): string {
  const modes = textsAt(object, path)
  return SHORT_MODES.filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',')
}

function phase(object: JsonObject): string {
  return at(object, 'metadata.deletionTimestamp') === undefined ? textAt(object, 'status.phase') : 'Terminating'
}

/** The annotation is from before there was a field, and still wins. */
function storageClass(object: JsonObject): string {
  const annotations = at(object, 'metadata.annotations') as JsonObject | undefined
  const annotated = annotations?.['volume.beta.kubernetes.io/storage-class']
  return typeof annotated === 'string' ? annotated : textAt(object, 'spec.storageClassName')
}

const VOLUME_MODE = wide('VolumeMode', (o) => textAt(o, 'spec.volumeMode', UNSET), 'Filesystem or block device.')
const ATTRIBUTES_CLASS = column('VolumeAttributesClass', (o) => textAt(o, 'spec.volumeAttributesClassName', UNSET))

export const PERSISTENT_VOLUME_COLUMNS = [
  NAME,
  column('Capacity', (o) => textAt(o, 'spec.capacity.storage', '0')),
  column('Access Modes', (o) => accessModes(o, 'spec.accessModes')),
  column('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'),
  column('Status', phase, { says: 'Phase, or Terminating.' }),
  column('Claim', volumeClaim, { says: 'The claim that holds it.' }),
  column('StorageClass', storageClass, { says: 'The class that it belongs to.' }),
  ATTRIBUTES_CLASS,
  column('Reason', 'status.reason'),
  AGE,
  VOLUME_MODE,
]

function volumeClaim(volume: JsonObject): string {
  const claim = at(volume, 'spec.claimRef')
  return claim === undefined ? '' : `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}`
}

const bound = (claim: JsonObject) => textAt(claim, 'spec.volumeName') !== ''

export const PERSISTENT_VOLUME_CLAIM_COLUMNS = [
  NAME,
  column('Status', phase, { says: 'Phase, or Terminating.' }),
  column('Volume', 'spec.volumeName'),
  column('Capacity', (o) => (bound(o) ? textAt(o, 'status.capacity.storage', '0') : '')),
  column('Access Modes', (o) => (bound(o) ? accessModes(o, 'status.accessModes') : '')),
  column('StorageClass', storageClass, { says: 'The class that it asks for.' }),
  ATTRIBUTES_CLASS,
  AGE,
  VOLUME_MODE,
]

function className(object: JsonObject): string {
  const annotations = at(object, 'metadata.annotations') as JsonObject | undefined
  const isDefault = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  ].some((name) => annotations?.[name] === 'true')
  return `${textAt(object, 'metadata.name')}${isDefault ? ' (default)' : ''}`
}

export const STORAGE_CLASS_COLUMNS = [
  { ...NAME, cell: className },
  column('Provisioner', 'provisioner'),
  column('ReclaimPolicy', (o) => textAt(o, 'reclaimPolicy', 'Delete')),
  column('VolumeBindingMode', (o) => textAt(o, 'volumeBindingMode', 'Immediate')),
  column('AllowVolumeExpansion', 'allowVolumeExpansion', { type: 'boolean' }),
  AGE,
]

export const CSI_DRIVER_COLUMNS = [
  NAME,
  column('AttachRequired', (o) => at(o, 'spec.attachRequired') !== false, { type: 'boolean' }),
  column('PodInfoOnMount', 'spec.podInfoOnMount', { type: 'boolean' }),
  column('StorageCapacity', 'spec.storageCapacity', { type: 'boolean' }),
  column('TokenRequests', tokenAudiences, { says: 'Audiences of the tokens that it asks for.' }),
  column('RequiresRepublish', 'spec.requiresRepublish', { type: 'boolean' }),
  column('Modes', (o) => textsAt(o, 'spec.volumeLifecycleModes').join(',') || '<none>'),
  AGE,
]

function tokenAudiences(driver: JsonObject): string {
  const audiences = listAt(driver, 'spec.tokenRequests').map((request) => textAt(request, 'audience'))
  return audiences.length === 0 ? UNSET : audiences.join(',')
}

export const CSI_NODE_COLUMNS = [NAME, integer('Drivers', (o) => listAt(o, 'spec.drivers').length), AGE]

export const CSI_STORAGE_CAPACITY_COLUMNS = [
  NAME,
  column('StorageClassName', 'storageClassName'),
  column('Capacity', (o) => textAt(o, 'capacity', UNSET)),
]

export const VOLUME_ATTACHMENT_COLUMNS = [
  NAME,
  column('Attacher', 'spec.attacher'),
  column('PV', 'spec.source.persistentVolumeName'),
  column('Node', 'spec.nodeName'),
  column('Attached', 'status.attached', { type: 'boolean' }),
  AGE,
]
