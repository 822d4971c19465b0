/**
 * Controllers of kinds whose Secret is generated once. What is in a Secret of that name is left alone, whoever made it and however the
 * object changes: what consumers were given must not change under them. A Secret that is gone is made anew. Labels and annotations of
 * the object's own Secret follow the object, since Secrets are found by them; those that the object loses stay, because nobody remembers
 * whose they are.
 *
 * It is only ever created, never written over: two hubs at once, or a cache that is behind, cannot change what was given.
 */
import { secretType } from '@larder/engine/client/builtin'
import type { New } from '@larder/engine/client/client'
import type { Secret } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import { watching, type ControllerDefinition, type Watch } from '@larder/engine/runtime/controller'
import { done, type Outcome } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import { isOwned, isStillThere, LAST_APPLIED, ownerOf, sameName } from '../owned-secret.ts'
import { reportOne } from '../report.ts'
import { TWIN_ANNOTATION } from './twin.ts'
import { expandVariables } from './variables.ts'

interface Generating extends KubeObject {
  readonly spec?: {
    readonly secretTemplate?: {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>
        readonly annotations?: Readonly<Record<string, string>>
      }
      readonly type?: string
      readonly stringData?: Readonly<Record<string, string>>
    }
  }
}

export interface Generator<T extends Generating> {
  readonly name: string
  readonly type: ResourceType<T>
  readonly secretType: string
  /** The keys of the Secret, where no template says otherwise. */
  readonly stringData: Readonly<Record<string, string>>
  readonly watches?: readonly Watch[]
  readonly indexes?: ControllerDefinition<T>['indexes']
  /** The values of the variables. */
  generate(pass: Pass<T>): Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>
}

export function generatingController<T extends Generating>(generator: Generator<T>): ControllerDefinition<T> {
  const { name, type, watches = [], indexes = {} } = generator
  return {
    name,
    type,
    conditions: false,
    indexes,
    watches: [watching(secretType, sameName(type)), ...watches],
    reconcile: (pass) => ensureSecret(pass, generator),
    summarize: reportOne,
  }
}

export async function ensureSecret<T extends Generating>(pass: Pass<T>, generator: Generator<T>): Promise<Outcome> {
  const { object, client } = pass
  const { name, namespace } = object.metadata
  const existing = pass.cache(secretType).get(name, namespace)
  if (existing) {
    if (isOwned(existing, object)) await label(pass, existing)
    return done
  }
  if (!(await isStillThere(pass, generator.type))) return done
  const values = await generator.generate(pass)
  try {
    await client.of(secretType).create(secretOf(object, generator, values))
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  return done
}

type Labelling = Record<'labels' | 'annotations', Readonly<Record<string, string>>>

function labellingOf({ spec, metadata }: Generating): Labelling {
  const template = spec?.secretTemplate?.metadata
  const { [LAST_APPLIED]: _, [TWIN_ANNOTATION]: __, ...annotations } = metadata.annotations ?? {}
  return {
    labels: { ...metadata.labels, ...template?.labels },
    annotations: { ...annotations, ...template?.annotations },
  }
}

async function label<T extends Generating>({ object, client }: Pass<T>, { metadata }: Secret): Promise<void> {
  const wanted = labellingOf(object)
  const lacks = (field: keyof Labelling) =>
    Object.entries(wanted[field]).some(([key, value]) => metadata[field]?.[key] !== value)
  if (!lacks('labels') && !lacks('annotations')) return
  const { name, namespace } = metadata
  await client.of(secretType).patch(name, { metadata: wanted }, { namespace })
}

function secretOf<T extends Generating>(
  object: T,
  defaults: Pick<Generator<T>, 'secretType' | 'stringData'>,
  values: Readonly<Record<string, string>>,
): New<Secret> {
  const { type, stringData } = object.spec?.secretTemplate ?? {}
  const texts = stringData && Object.keys(stringData).length > 0 ? stringData : defaults.stringData
  const data = Object.entries(texts).map(([key, text]) => [key, base64(expandVariables(text, values))])
  return {
    metadata: {
      name: object.metadata.name,
      namespace: object.metadata.namespace ?? '',
      ...labellingOf(object),
      ownerReferences: [ownerOf(object)],
    },
    type: type ?? defaults.secretType,
    data: Object.fromEntries(data) as Record<string, string>,
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
