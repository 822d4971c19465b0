/**
 * SecretTemplate: a Secret out of fields of other objects.
 *
 * The Secret is the template's alone: its data, labels and annotations are what the template says, and nothing else. When an input cannot be read
 * any more the Secret stays as it was, because those who use it did nothing wrong.
 */
import { secretType, type Secret } from '@larder/engine/client/builtin'
import { ensure } from '@larder/engine/client/client'
import type { Informers } from '@larder/engine/client/informers'
import { isApiError, isConflict, type ApiError } from '@larder/engine/machinery/status'
import { defineController, watching, type Controller } from '@larder/engine/runtime/controller'
import { done, Stalled, type Outcome } from '@larder/engine/runtime/outcome'
import { keyOf, type Key, type Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { secretTemplateKind, type SecretTemplate } from '../kinds.ts'
import { isOwned, isStillThere, ownerOf, sameName, unlessEmpty } from '../owned-secret.ts'
import { reportOne } from '../report.ts'
import { createFollowing } from './following.ts'
import { createInputReader, type Sought } from './inputs.ts'
import { renderSecret, type RenderedSecret } from './render-secret.ts'

/** Its own Secret, of a type that the API knows better than we do. */
const REFUSED_AGAIN_MS = 10_000

const READS = 'reads'
const ANY = '*'

type Context = Pick<DoorContext, 'transportOf' | 'log' | 'clock'>

export function secretTemplateController(context: Context): Controller {
  const following = createFollowing(context)
  const readInputs = createInputReader(context)
  return defineController<SecretTemplate>({
    name: 'secretgen-template',
    type: secretTemplateKind,
    conditions: false,
    indexes: { [READS]: secretsReadBy },
    watches: [
      // An input, or what was made.
      watching(secretType, (secret, informers) => [
        ...templatesReading(secret, informers),
        ...sameName(secretTemplateKind)(secret, informers),
      ]),
    ],
    sources: [following.source],
    async reconcile(pass) {
      const sought: Sought[] = []
      let isWell = false
      try {
        const inputs = await readInputs(pass, (one) => sought.push(one))
        const rendered = renderSecret(pass.object.spec?.template, inputs)
        const outcome = await publish(pass, rendered)
        isWell = true
        return outcome
      } finally {
        following.follow(pass.key, sought, isWell)
      }
    },
    summarize: reportOne,
  })
}

/** Where a name is made of other inputs it may be that of any Secret of the namespace. */
function secretsReadBy({ metadata: { namespace = '' }, spec }: SecretTemplate): readonly string[] {
  const secrets = (spec?.inputResources ?? []).filter(({ ref }) => ref.kind === 'Secret')
  return secrets.map(({ ref: { name } }) => `${namespace}/${/[$({]/.test(name) ? ANY : name}`)
}

function templatesReading({ metadata: { namespace = '', name } }: Secret, informers: Informers): readonly Key[] {
  const templates = informers.of(secretTemplateKind)
  return [name, ANY]
    .flatMap((one) => templates.byIndex(READS, `${namespace}/${one}`))
    .map((template) => keyOf(template))
}

async function publish(pass: Pass<SecretTemplate>, { type, ...rendered }: RenderedSecret): Promise<Outcome> {
  const { object, client, status } = pass
  const { name, namespace = '' } = object.metadata
  const current = pass.cache(secretType).get(name, namespace)
  if (current) refuseForeign(object, current, type)
  else if (!(await isStillThere(pass, secretTemplateKind))) return done
  try {
    await ensure(client, secretType, { name, namespace }, (now) => secretOf(object, { type, ...rendered }, now), {
      cached: current,
    })
  } catch (error) {
    if (!isApiError(error) || isConflict(error)) throw error
    throw cannotWrite(inOurWords(error), error)
  }
  status.secret = { name }
  return done
}

function secretOf(
  object: SecretTemplate,
  { type, data, labels, annotations }: RenderedSecret,
  now: Secret | undefined,
) {
  if (now) refuseForeign(object, now, type)
  const { data: _, ...rest } = now ?? {}
  const { labels: __, annotations: ___, ...kept } = now?.metadata ?? {}
  return {
    ...rest,
    type,
    ...unlessEmpty({ data }),
    metadata: { ...kept, ...unlessEmpty({ labels, annotations }), ownerReferences: [ownerOf(object)] },
  }
}

/** Throws `Stalled` where the Secret of that name is somebody else's, or of a type that cannot become this one. */
function refuseForeign(object: SecretTemplate, secret: Secret, type: string): void {
  const name = JSON.stringify(secret.metadata.name)
  if (!isOwned(secret, object)) {
    throw cannotWrite(`Secret ${name} was not made by this SecretTemplate: delete or rename it`)
  }
  if (secret.type !== type) {
    throw cannotWrite(
      `the type of Secret ${name} cannot change: delete it, and it is made anew with the type of the template`,
    )
  }
}

const cannotWrite = (why: string, cause?: unknown) =>
  new Stalled(
    'ReconcileFailed',
    `creating/updating secret: ${why}`,
    cause === undefined ? {} : { cause, lookAgainMs: REFUSED_AGAIN_MS },
  )

/** What the API says of a value may quote it, and values of a template are secret. */
function inOurWords({ code, reason, message, details }: ApiError): string {
  if (code === 403) return message
  const fields = (details?.causes ?? []).flatMap(({ field }) => (field === undefined ? [] : [field]))
  return `the API refuses it (${reason})${fields.length === 0 ? '' : ` at ${[...new Set(fields)].sort().join(', ')}`}`
}
