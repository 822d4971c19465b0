/**
 * CloudFormationTemplates. Objects of the other kinds use what stands in one at once (stack.ts); beside that it is put into the bucket that the settings
 * name, for whoever wants its address. Unlike the operator's it is not for everybody to read.
 */
import { isObject } from '@larder/engine/base/json'
import { configMapType } from '@larder/engine/client/builtin'
import { watching, type Controller } from '@larder/engine/runtime/controller'
import { keyOf } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../door.ts'
import { resourceController } from '../../resource-door/controller.ts'
import type { Blocked, Neighbours, Report, ServiceState, WantedService } from '../../resource-door/resource-door.ts'
import { templateType, type CloudFormationTemplate } from './kinds.ts'
import { ASO_DOOR, ASO_GROUP } from './model.ts'
import { eventOf, troubleOf } from './say.ts'
import { isSettings, settingsAt, settingsOf } from './settings.ts'

export const templateController = (context: DoorContext): Controller =>
  resourceController<CloudFormationTemplate>(context, {
    door: ASO_DOOR,
    driver: 's3',
    type: templateType,
    finalizer: `${ASO_GROUP}/larder`,
    watches: [
      watching(configMapType, (map, informers) =>
        isSettings(map) ? informers.of(templateType).list().map(keyOf) : [],
      ),
    ],
    want,
    report,
  })

function want({ metadata, data = {} }: CloudFormationTemplate, neighbours: Neighbours): WantedService | Blocked {
  const { bucket } = settingsOf(neighbours)
  const { template, key } = data
  if (template === undefined) return blocked('InvalidTemplate', 'data.template: is required')
  if (bucket === undefined) {
    const where = `ConfigMap ${settingsAt.namespace}/${settingsAt.name}`
    return blocked('NoBucket', `it can be used; it is uploaded when key bucket of ${where} names a bucket`)
  }
  return {
    type: 'template',
    // By parameters, in which nothing is replaced.
    recipe: { object: { bucket: '${parameter.bucket}', key: '${parameter.key}', content: '${parameter.template}' } },
    parameters: { bucket, key: `${metadata.namespace}/${key || metadata.name}`, template },
  }
}

const blocked = (reason: string, message: string): Blocked => ({ blocked: { reason, message } })

function report(object: CloudFormationTemplate, state: ServiceState): Report {
  const outputs = state.instance?.status?.outputs
  const url = isObject(outputs) && typeof outputs['url'] === 'string' ? outputs['url'] : ''
  const [resourceStatus, resourceStatusReason] = wordsOf(state)
  return {
    fields: { output: { url } },
    status: { resourceStatus, resourceStatusReason },
    events: eventOf(object.status, { resourceStatus, resourceStatusReason, stackID: '' }),
  }
}

function wordsOf({ instance, blocked: why, isCurrent, isDeleting }: ServiceState): readonly [string, string] {
  const trouble = troubleOf(instance)
  if (isDeleting) return ['DELETE_IN_PROGRESS', trouble?.message ?? '']
  if (why) return [why.reason === 'InvalidTemplate' ? 'UPLOAD_FAILED' : 'PENDING', why.message]
  const isUpdate = instance?.status?.applied !== undefined
  if (trouble && isCurrent) return [trouble.isWaiting ? 'PENDING' : 'UPLOAD_FAILED', trouble.message]
  if (!isCurrent || !isUpdate) return [isUpdate ? 'UPDATE_IN_PROGRESS' : 'UPLOAD_IN_PROGRESS', '']
  return [instance.status?.steps?.some(({ name }) => name === 'update') ? 'UPDATE_COMPLETE' : 'UPLOAD_COMPLETE', '']
}
