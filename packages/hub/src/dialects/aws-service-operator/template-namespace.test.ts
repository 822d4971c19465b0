/** A template of another namespace, whose labels are what opens the Backend to it. */
import { namespaceType } from '@larder/engine/client/builtin'
import { afterAll, afterEach, beforeAll, beforeEach, test } from 'vitest'
import { startAws, type Aws } from '../../../../../test/aws/endpoint.ts'
import { templateType } from './kinds.ts'
import { models } from './models/models.ts'
import { builtinTemplate } from './stack.ts'
import { asoHub, type AsoHub } from './testing/aso-hub.ts'

let aws: Aws
let hub: AsoHub
beforeAll(async () => {
  aws = await startAws({ creatingMs: 50 })
})
beforeEach(async () => {
  hub = await asoHub(aws)
  await hub.start()
})
afterEach(() => hub.stop())
afterAll(() => aws.stop())

test('is used once that namespace has the labels', async () => {
  const labels = { templates: 'trusted' }
  const selector = { matchExpressions: [{ key: 'templates', operator: 'Exists' as const }] }
  const driver = 'cloudformation'
  await hub.backend('ours', { driver, config: { region: aws.region }, consumers: { namespaces: ['shop'], selector } })
  await hub.admin.of(namespaceType).create({ metadata: { name: 'platform' } })
  const template = builtinTemplate(
    models.find(({ kind }) => kind === 'SNSTopic')!,
    undefined,
  )
  await hub.admin.of(templateType).create({ metadata: { name: 'ours', namespace: 'platform' }, data: { template } })
  const spec = { cloudFormationTemplateName: 'ours', cloudFormationTemplateNamespace: 'platform' }
  await hub.make('SNSTopic', 'news', spec)
  await hub.until('the topic to wait for the Backend', async () => {
    const { status } = await hub.reaches('SNSTopic', 'news', 'PENDING')
    return status?.resourceStatusReason?.includes('Backend ours is not open to namespace platform') || undefined
  })
  await hub.admin.of(namespaceType).patch('platform', { metadata: { labels } })
  await hub.reaches('SNSTopic', 'news', 'CREATE_COMPLETE')
})
