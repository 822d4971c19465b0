import { configMapType, secretType } from '@larder/engine/client/builtin'
import type { Informers } from '@larder/engine/client/informers'
import { watching, type Controller, type Watch } from '@larder/engine/runtime/controller'
import { keyOf, type Key } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../door.ts'
import { resourceController } from '../../resource-door/controller.ts'
import { deletionPolicyOf } from './annotations.ts'
import { fieldExportController } from './field-export/controller.ts'
import { ACK_DOOR, ELASTICACHE_GROUP } from './kinds/fields.ts'
import { ACK_KINDS, type AckKind, type AckObject } from './kinds/kinds.ts'
import { concerns, typeOf } from './references.ts'
import { reportOf } from './report.ts'
import { namedSecrets } from './secrets.ts'
import { isRoleMap, wantOf } from './want.ts'

export const ackControllers = (context: DoorContext): readonly Controller[] => [
  ...ACK_KINDS.map((kind) => controllerOf(context, kind)),
  fieldExportController(),
]

const controllerOf = (context: DoorContext, kind: AckKind): Controller =>
  resourceController<AckObject>(context, {
    door: ACK_DOOR,
    driver: 'elasticache',
    type: typeOf(kind),
    finalizer: `finalizers.${ELASTICACHE_GROUP}/${kind.type.kind}`,
    watches: [...secretWatches(kind), ...siblingWatches(kind), roleMapWatch(kind)],
    want: (object, neighbours) => wantOf(kind, object, neighbours),
    reclaimPolicy: deletionPolicyOf,
    report: (object, state) => reportOf(kind, object, state),
  })

const all = (kind: AckKind, informers: Informers, namespace?: string): readonly AckObject[] =>
  informers.of(typeOf(kind)).list(namespace)

const keysOf = (objects: readonly AckObject[]): readonly Key[] => objects.map(keyOf)

/** Passwords come and change. */
const secretWatches = (kind: AckKind): readonly Watch[] =>
  kind.secrets.length === 0
    ? []
    : [
        watching(secretType, ({ metadata }, informers) =>
          keysOf(
            all(kind, informers, metadata.namespace).filter((object) =>
              namedSecrets(kind, object).some(({ name }) => name === metadata.name),
            ),
          ),
        ),
      ]

const siblingWatches = (kind: AckKind): readonly Watch[] =>
  ACK_KINDS.filter(({ type }) => kind.references.some((reference) => reference.kind === type.kind)).map((target) =>
    watching(typeOf(target), (other, informers) =>
      keysOf(all(kind, informers).filter((object) => concerns(kind, object, target, other))),
    ),
  )

const roleMapWatch = (kind: AckKind): Watch =>
  watching(configMapType, (map, informers) => (isRoleMap(map) ? keysOf(all(kind, informers)) : []))
