import { configMapType, namespaceType } from '@larder/engine/client/builtin'
import type { Lister } from '@larder/engine/client/informer'
import { watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../door.ts'
import { resourceController } from '../../resource-door/controller.ts'
import type { ResourceDialect } from '../../resource-door/resource-door.ts'
import { resourceTypeOf, templateType } from './kinds.ts'
import { ASO_DOOR, ASO_GROUP, type AsoObject, type ResourceModel } from './model.ts'
import { models } from './models/models.ts'
import { besideOf, reportOf, serviceType } from './say.ts'
import { isSettings } from './settings.ts'
import { deletionPolicyOf, STACK_NAME, stackKey, TEMPLATE, templateKeys, wantedStack } from './stack.ts'
import { templateController } from './template-controller.ts'

/** What it names: `SNSTopic shop/news`. */
const REFERENCE = 'reference'

export function asoControllers(context: DoorContext): readonly Controller[] {
  return [...models.map((model) => resourceController(context, dialectOf(model))), templateController(context)]
}

function dialectOf(model: ResourceModel): ResourceDialect<AsoObject> {
  const type = resourceTypeOf(model)
  const indexes = {
    [STACK_NAME]: (object: AsoObject) => [stackKey(object)],
    [TEMPLATE]: (object: AsoObject) => templateKeys(model.kind, object),
    [REFERENCE]: (object: AsoObject) =>
      (model.names?.(object) ?? []).map((name) => name.replace(' ', ` ${object.metadata.namespace}/`)),
  }
  return {
    door: ASO_DOOR,
    driver: 'cloudformation',
    type,
    finalizer: `${ASO_GROUP}/larder`,
    sides: [configMapType, serviceType],
    watches: [
      // Of two whose stacks would have one name the second waits for the first to go.
      watching(type, (object, informers) => rivalsOf(object, informers.of(type)).map(keyOf), indexes),
      watching(templateType, ({ metadata }, informers) => {
        const objects = informers.of(type)
        const places = [`${metadata.namespace}/${metadata.name}`, `/${metadata.name}`]
        return places.flatMap((place) => objects.byIndex(TEMPLATE, place)).map(keyOf)
      }),
      // Its labels may open a Backend to the templates in it.
      watching(namespaceType, ({ metadata }, informers) =>
        informers
          .of(type)
          .list()
          .filter(({ spec }) => spec?.['cloudFormationTemplateNamespace'] === metadata.name)
          .map(keyOf),
      ),
      // The settings of the door.
      watching(configMapType, (map, informers) => (isSettings(map) ? informers.of(type).list().map(keyOf) : [])),
      ...(model.names
        ? models.map((other) =>
            watching(resourceTypeOf(other), ({ kind, metadata }, informers) =>
              informers.of(type).byIndex(REFERENCE, `${kind} ${metadata.namespace}/${metadata.name}`).map(keyOf),
            ),
          )
        : []),
    ],
    want: (object, neighbours) => wantedStack(model, object, neighbours),
    reclaimPolicy: (object) => (deletionPolicyOf(object) === 'retain' ? 'Retain' : 'Delete'),
    beside: (object, state) => besideOf(model, object, state),
    report: (object, state) => reportOf(model, object, state),
  }
}

const rivalsOf = (object: AsoObject, objects: Lister<AsoObject>): readonly AsoObject[] =>
  objects.byIndex(STACK_NAME, stackKey(object)).filter(({ metadata }) => metadata.uid !== object.metadata.uid)
