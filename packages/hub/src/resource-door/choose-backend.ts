/**
 * The Backend of an object that names none: one of the driver that is open to the object's namespace. People's come first. Where there are several
 * and nobody says which, nothing is made: a guess would put a service into somebody's other account. Where there is none, the door keeps one for the
 * hub's own environment: open to everybody where the API is the hub's own, and to nobody on a cluster until the platform says to whom.
 */
import { isObject, type JsonObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import type { New } from '@larder/engine/client/client'
import { isAlreadyExists } from '@larder/engine/machinery/status'
import type { KubeObject } from '@larder/engine/machinery/object'
import type { Pass } from '@larder/engine/runtime/pass'
import { backendKind, type Backend } from '../model/backend.ts'
import type { Instance } from '../model/instance.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../model/names.ts'
import { isUntouched } from '../model/reclaim.ts'
import { isConsumer } from '../model/visibility.ts'
import type { Blocked, Place, WantedService } from './resource-door.ts'

/** On an object or its namespace: the name of the Backend. */
const BACKEND_ANNOTATION = 'larder.dev/backend'

export interface BackendChoice {
  readonly driver: string
  readonly place: Place
  /** The Backend's choice is made once: `backendRef` of an Instance cannot be changed. */
  readonly instance: Instance | undefined
  /** Whether the API is the hub's own. */
  readonly isEmbedded: boolean
}

type Reader = Pick<Pass<KubeObject>, 'cache' | 'client' | 'object'>

export async function chooseBackend(pass: Reader, choice: BackendChoice): Promise<string | Blocked> {
  const { driver, place, instance, isEmbedded } = choice
  if (instance?.spec.backendRef) return stayAt(pass, instance, instance.spec.backendRef.name, place)
  const open = openBackends(pass, driver).filter((backend) => isAt(backend, place))
  const named = annotationOf(pass)
  if (named !== undefined) {
    return open.some(({ metadata }) => metadata.name === named)
      ? named
      : blocked(
          `annotation ${BACKEND_ANNOTATION}: there is no Backend ${JSON.stringify(named)}${whereTo(pass, choice)}`,
        )
  }
  const own = ownName(driver, place, pass.object.metadata.namespace)
  const theirs = open.filter((backend) => !isKept(backend)).map(({ metadata }) => metadata.name)
  if (theirs.length === 1) return theirs[0]!
  if (theirs.length > 1) {
    const names = theirs.sort().join(', ')
    return blocked(`several Backends${whereTo(pass, choice)}: ${names}; annotation ${BACKEND_ANNOTATION} says which`)
  }
  if (open.some(({ metadata }) => metadata.name === own)) return own
  const kept = pass.cache(backendKind).get(own)
  if (!kept && mayKeep(choice)) {
    await keepBackend(pass, choice, own)
    if (isEmbedded) return own
  }
  return blocked(`there is no Backend${whereTo(pass, choice)}; its spec.consumers say for which namespaces it is`)
}

/** Who writes what is made uses the rights of the Backend, whoever asks for it. */
export function contentProblem(
  { cache }: Pick<Reader, 'cache'>,
  name: string,
  { contentFrom }: Pick<WantedService, 'contentFrom'>,
): Blocked | undefined {
  const backend = cache(backendKind).get(name)
  if (!contentFrom) return undefined
  const { what, namespace } = contentFrom
  const { labels } = cache(namespaceType).get(namespace)?.metadata ?? {}
  if (isConsumer(backend?.spec.consumers, { name: namespace, labels }, false)) return undefined
  const message = `${what} is not used: Backend ${name} is not open to namespace ${namespace}; its spec.consumers say for which namespaces it is`
  return { blocked: { reason: 'ContentNotAllowed', message } }
}

/** Another account only by its role; and on a cluster nobody's but that of the hub's environment, which the platform then opens. */
const mayKeep = ({ place: { region, accountID, roleARN }, isEmbedded }: BackendChoice): boolean =>
  isEmbedded ? accountID === undefined || roleARN !== undefined : accountID === undefined && region === undefined

const blocked = (message: string): Blocked => ({ blocked: { reason: 'BackendNotFound', message } })

function stayAt({ cache }: Reader, instance: Instance, name: string, place: Place): string | Blocked {
  const backend = cache(backendKind).get(name)
  if (!backend || isAt(backend, place)) return name
  const at = placeOf(backend)
  const where = `in region ${at.region ?? 'unknown'} of account ${at.accountID ?? 'unknown'}`
  const message = isUntouched(instance)
    ? `the service was to be made ${where} and nothing of it is there yet; for another place delete the object and apply it again`
    : `the service was made ${where}, and stays there`
  return { blocked: { reason: 'PlaceFixed', message } }
}

const whereTo = ({ object }: Reader, { driver, place }: BackendChoice): string =>
  ` of driver ${driver} for namespace ${object.metadata.namespace}${place.region === undefined ? '' : ` in region ${place.region}`}${
    place.accountID === undefined ? '' : ` of account ${place.accountID}`
  }`

function annotationOf({ cache, object }: Reader): string | undefined {
  const namespace = cache(namespaceType).get(object.metadata.namespace ?? '')
  return object.metadata.annotations?.[BACKEND_ANNOTATION] ?? namespace?.metadata.annotations?.[BACKEND_ANNOTATION]
}

function openBackends({ cache, object }: Reader, driver: string): readonly Backend[] {
  const name = object.metadata.namespace ?? ''
  const { labels } = cache(namespaceType).get(name)?.metadata ?? {}
  return cache(backendKind)
    .list()
    .filter(({ spec, metadata }) => spec.driver === driver && metadata.deletionTimestamp === undefined)
    .filter(({ spec }) => isConsumer(spec.consumers, { name, labels }, false))
}

const fits = (wanted: string | undefined, has: string | undefined): boolean => wanted === undefined || has === wanted

function isAt(backend: Backend, place: Place): boolean {
  const { region, accountID } = placeOf(backend)
  return fits(place.region, region) && fits(place.accountID, accountID)
}

/** Where a Backend makes what it makes: as it is told, else as it was found. */
function placeOf({ spec, status }: Backend): Place {
  const said = (field: 'region' | 'accountID') => textOf(spec.config, field) ?? textOf(status?.info, field)
  const region = said('region')
  const accountID = said('accountID')
  return { ...(region !== undefined && { region }), ...(accountID !== undefined && { accountID }) }
}

function textOf(of: JsonObject | undefined, field: string): string | undefined {
  const value = isObject(of) ? of[field] : undefined
  return typeof value === 'string' ? value : undefined
}

/** That of another account is for its namespace alone: others may not be of that account. */
const ownName = (driver: string, { region, accountID }: Place, namespace = ''): string =>
  [`aws-${driver}`, accountID, region, accountID && namespace].filter((part) => part !== undefined).join('-')

/** Of people's, none has that label. */
const isKept = ({ metadata }: Backend): boolean => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY

/** Made once and then the platform's: edits of it stay. */
async function keepBackend({ client, object }: Reader, { driver, place, isEmbedded }: BackendChoice, name: string) {
  const { region, accountID, roleARN } = place
  const config = {
    ...(region !== undefined && { region }),
    ...(accountID !== undefined && { accountID, assumeRole: { roleARN: roleARN ?? '' } }),
  }
  const { namespace = '' } = object.metadata
  const backend: New<Backend> = {
    metadata: { name, labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
    spec: {
      driver,
      ...(Object.keys(config).length > 0 && { config }),
      ...(isEmbedded && { consumers: accountID === undefined ? { selector: {} } : { namespaces: [namespace] } }),
    },
  }
  await client
    .of(backendKind)
    .create(backend)
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
}
