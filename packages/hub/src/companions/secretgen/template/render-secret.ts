/** The Secret that a template makes of its inputs. */
import type { JsonObject } from '@larder/engine/base/json'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { SecretTemplate } from '../kinds.ts'
import { render, TemplateError } from './expression.ts'

type Template = NonNullable<NonNullable<SecretTemplate['spec']>['template']>
type Texts = Readonly<Record<string, string>>

export interface RenderedSecret {
  readonly type: string
  /** Base64. */
  readonly data: Texts
  readonly labels: Texts
  readonly annotations: Texts
}

/** Throws `Stalled`, naming the field. */
export function renderSecret(template: Template = {}, inputs: JsonObject): RenderedSecret {
  const within = (field: string, texts: Texts = {}) =>
    mapTexts(texts, (text) => templating(field, () => render(text, inputs)))
  const data = mapTexts(within('data', template.data), requireBase64)
  const stringData = mapTexts(within('stringData', template.stringData), (text) => Buffer.from(text).toString('base64'))
  const { annotations, labels } = template.metadata ?? {}
  return {
    data: { ...data, ...stringData },
    annotations: within('annotations', annotations),
    labels: within('labels', labels),
    type: templating('type', () => render(template.type ?? '', inputs)) || 'Opaque',
  }
}

const mapTexts = (texts: Texts, change: (text: string, key: string) => string): Texts =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, change(text, key)]))

function templating(field: string, work: () => string): string {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new Stalled('ReconcileFailed', `templating ${field}: ${error.message}`, { cause: error })
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function requireBase64(text: string, key: string): string {
  const joined = text.replaceAll(/[\r\n]/g, '')
  if (BASE64.test(joined)) return joined
  throw new Stalled(
    'ReconcileFailed',
    `failed decoding base64 from a Secret: spec.template.data.${key} is no base64; texts go to stringData`,
  )
}
