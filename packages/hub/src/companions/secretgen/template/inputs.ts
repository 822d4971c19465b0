/**
 * What a SecretTemplate reads. With `serviceAccountName` everything is read as that ServiceAccount, so that a template shows nobody what the
 * account may not see. Without it only Secrets of the namespace can be inputs, which whoever writes templates there may read.
 */
import type { Json, JsonObject } from '@larder/engine/base/json'
import { secretType } from '@larder/engine/client/builtin'
import { createServedKinds, type ServedKinds } from '@larder/engine/client/served-kinds'
import type { Target } from '@larder/engine/machinery/call'
import { asJson, parseApiVersion, type KubeObject } from '@larder/engine/machinery/object'
import { isApiError, isNotFound } from '@larder/engine/machinery/status'
import { Stalled } from '@larder/engine/runtime/outcome'
import type { Pass } from '@larder/engine/runtime/pass'
import type { DoorContext } from '../../../door.ts'
import { SYSTEM_NAMESPACE } from '../../../model/names.ts'
import { ACCOUNTS_ROLE } from '../fields.ts'
import type { SecretTemplate } from '../kinds.ts'
import { mentions, render, TemplateError } from './expression.ts'

/** Nothing tells of a kind that comes, or of a right that is given. */
const LOOK_AGAIN_MS = 3000

type Input = NonNullable<NonNullable<SecretTemplate['spec']>['inputResources']>[number]

interface Account {
  readonly namespace: string
  readonly name: string
}

/** One object that was read, or looked for, as the account. */
export interface Sought {
  readonly account: Account
  readonly target: Target & { readonly name: string }
}

type Seek = (sought: Sought) => void
type Context = Pick<DoorContext, 'transportOf'>

export function createInputReader({ transportOf }: Context) {
  let kinds: ServedKinds | undefined

  /** Throws `Stalled`; whatever is looked for is told to `seek` first. */
  return async function readInputs(pass: Pass<SecretTemplate>, seek: Seek): Promise<JsonObject> {
    kinds ??= createServedKinds(pass.client.transport)
    const { inputResources = [] } = pass.object.spec ?? {}
    const values: Record<string, Json> = {}
    const secrets: string[] = []
    for (const input of inputResources) {
      const name = nameOf(input, values)
      // A name made from a Secret is as secret as that.
      const shown = mentions(input.ref.name, secrets) ? input.ref.name : name
      values[input.name] = await readInput({ pass, input, name, shown, kinds, seek, transportOf })
      if (isSecret(input)) secrets.push(input.name)
    }
    return values
  }
}

interface Reading extends Context {
  readonly pass: Pass<SecretTemplate>
  readonly input: Input
  readonly name: string
  readonly shown: string
  readonly kinds: ServedKinds
  readonly seek: Seek
}

async function readInput(reading: Reading): Promise<Json> {
  const { pass, input, name, shown } = reading
  const { namespace = '' } = pass.object.metadata
  const { serviceAccountName } = pass.object.spec ?? {}
  if (serviceAccountName !== undefined) return readAs({ namespace, name: serviceAccountName }, reading)
  if (!isSecret(input)) throw cannotFetch(input, 'unable to load non-secrets without a specified serviceaccount')
  const secret = pass.cache(secretType).get(name, namespace)
  if (!secret) throw cannotFetch(input, `secrets ${JSON.stringify(shown)} not found`)
  return asJson(secret)
}

async function readAs(
  account: Account,
  { pass, input, name, shown, kinds, seek, transportOf }: Reading,
): Promise<Json> {
  const { apiVersion, kind } = input.ref
  const served = await kinds.find(apiVersion, kind, pass.signal)
  if (!served)
    throw cannotFetch(input, `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`)
  const { namespace = '' } = pass.object.metadata
  const { resource } = served
  const target = { ...parseApiVersion(apiVersion), resource, name, ...(served.namespaced && { namespace }) }
  seek({ account, target })
  try {
    return asJson((await transportOf(account).call({ verb: 'get', target }, pass.signal)) as KubeObject)
  } catch (error) {
    if (!isApiError(error)) throw error
    if (isNotFound(error)) {
      kinds.forget(apiVersion, kind)
      throw cannotFetch(input, `${resource} ${JSON.stringify(shown)} not found`)
    }
    if (error.code !== 401 && error.code !== 403)
      throw cannotFetch(input, `the API answers ${error.code} ${error.reason}`)
    throw cannotFetch(input, whyForbidden(error.message, account, `${resource} ${JSON.stringify(shown)}`))
  }
}

function whyForbidden(message: string, { namespace, name }: Account, what: string): string {
  // Not the account lacks a right then: the hub may not be taken for it.
  return message.includes(' cannot impersonate resource ')
    ? `the hub may not act as ServiceAccount ${namespace}/${name}, to get ${what}: bind ClusterRole ${ACCOUNTS_ROLE} to ServiceAccount ${SYSTEM_NAMESPACE}/larder in this namespace`
    : `ServiceAccount ${namespace}/${name} may not get ${what}`
}

function nameOf(input: Input, values: JsonObject): string {
  try {
    return render(input.ref.name, values)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new Stalled('ReconcileFailed', `unable to resolve input resource ${input.name}: ${error.message}`, {
      cause: error,
    })
  }
}

const isSecret = ({ ref }: Input) => ref.apiVersion === 'v1' && ref.kind === 'Secret'

const cannotFetch = ({ name }: Input, why: string) =>
  new Stalled('ReconcileFailed', `cannot fetch input resource ${name}: ${why}`, { lookAgainMs: LOOK_AGAIN_MS })
