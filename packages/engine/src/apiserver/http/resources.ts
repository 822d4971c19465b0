/** Requests for resources: from the route and the body to a call, and from its result to an answer. */
import { randomInt } from 'node:crypto'
import type { JsonObject } from '../../base/json.ts'
import type { Call, Target } from '../../machinery/call.ts'
import { formatResource } from '../../machinery/object.ts'
import type { Resource } from '../../machinery/shape.ts'
import type { Api, CallContext, Result, User } from '../api.ts'
import { type Answering, headersOf, sendJson, sendYaml } from './answer.ts'
import { type DecodedBody, decodeBody, decodeDeleteOptions, decodePatch, MAX_BODY_BYTES } from './body.ts'
import { encodeList, encodeObject, includeObjectOf, type View } from './encoding.ts'
import type { FrameCache } from './frame-cache.ts'
import type { ApiMetrics } from './metrics.ts'
import { type Form, negotiate, type Purpose } from './negotiate.ts'
import { deleteOptions, listOptions, type Query, watchOptions, writeOptions } from './query.ts'
import { isTrue, type Route, type Verb } from './request.ts'
import { WatchStream } from './watch-stream.ts'

/** A request whose sender is known. */
export interface Request extends Answering {
  readonly user: User
  readonly path: string
  readonly query: Query
  readonly userAgent: string
  warn(text: string): void
}

export interface ResourceHandlerOptions {
  readonly api: Api
  readonly metrics: ApiMetrics
  readonly frames: FrameCache
  readonly watchBacklogBytes: number
  /** Watches that must end before the server can close. */
  readonly openWatches: Set<WatchStream>
}

type ResourceRoute = Extract<Route, { type: 'resource' }>
type CallVerb = Exclude<Verb, 'watch'>

/** Answers with what the API says. Throws ApiError, before anything was sent. */
export type HandleResource = (request: Request, route: ResourceRoute) => Promise<void>

export function createResourceHandler(options: ResourceHandlerOptions): HandleResource {
  const { api } = options
  return async (request, route) => {
    // Before anything of the request is read that could be wrong: who may not call learns only that.
    api.authorize(request.user, route.verb, route.target, selectorOf(request, route))
    const form = negotiate(request.exchange.headers.accept, purposeOf(request, route))
    if (route.verb === 'watch') return startWatch(options, request, route, form)
    const view = viewOf(request, form)
    const { call, context } = await READ_CALL[route.verb](request, route.target, api)
    await sendResult(request, await api.call(request.user, call, context), view)
  }
}

/** What may narrow the request down to one name. */
function selectorOf({ query }: Request, { watchedName }: ResourceRoute): string | undefined {
  return watchedName === undefined ? (query?.get('fieldSelector') ?? undefined) : `metadata.name=${watchedName}`
}

function viewOf(request: Request, form: Form): View {
  const includeObject = form.as === 'Table' ? includeObjectOf(request.query?.get('includeObject')) : 'Metadata'
  return { form, includeObject, nowMs: request.clock.now() }
}

interface ReadCall {
  readonly call: Call
  readonly context: CallContext
}

/** From the request to the call, for each verb. Throws ApiError for a body or a parameter that cannot be read. */
const READ_CALL: Record<CallVerb, (request: Request, target: Target, api: Api) => ReadCall | Promise<ReadCall>> = {
  get(request, target) {
    const resourceVersion = request.query?.get('resourceVersion')
    const call: Call = { verb: 'get', target, ...(resourceVersion && { options: { resourceVersion } }) }
    return { call, context: request }
  },

  list(request, target) {
    const options = listOptions(request.query)
    return { call: { verb: 'list', target, ...(options && { options }) }, context: request }
  },

  async create(request, target, api) {
    const options = writeOptions(request.query, 'CreateOptions')
    const { value: body, duplicates } = await readObject(request, api)
    return {
      call: { verb: 'create', target, body, ...(options && { options }) },
      context: writing(request, duplicates),
    }
  },

  async update(request, target, api) {
    const options = writeOptions(request.query, 'UpdateOptions')
    const { value: body, duplicates } = await readObject(request, api)
    return {
      call: { verb: 'update', target, body, ...(options && { options }) },
      context: writing(request, duplicates),
    }
  },

  async patch(request, target) {
    const { exchange, query } = request
    const bytes = await exchange.body(MAX_BODY_BYTES)
    const { value: body, duplicates, patchType } = await decodePatch(exchange.headers['content-type'], bytes)
    const options = writeOptions(query, 'PatchOptions', patchType)
    return {
      call: { verb: 'patch', target, patchType, body, ...(options && { options }) },
      context: writing(request, duplicates),
    }
  },

  async delete(request, target) {
    const options = deleteOptions(request.query, await readDeleteOptions(request))
    return { call: { verb: 'delete', target, ...(options && { options }) }, context: request }
  },

  async deletecollection(request, target) {
    const body = await readDeleteOptions(request)
    const options = { ...listOptions(request.query), ...deleteOptions(request.query, body) }
    return { call: { verb: 'deletecollection', target, options }, context: request }
  },
}

async function readObject({ exchange }: Request, api: Api): Promise<DecodedBody> {
  return decodeBody(exchange.headers['content-type'], await exchange.body(MAX_BODY_BYTES), api.resources)
}

async function readDeleteOptions({ exchange }: Request): Promise<JsonObject | undefined> {
  return decodeDeleteOptions(exchange.headers['content-type'], await exchange.body(MAX_BODY_BYTES))
}

function writing(request: Request, duplicates: readonly string[]): CallContext {
  if (duplicates.length === 0) return request
  return { duplicates, userAgent: request.userAgent, warn: (text) => request.warn(text) }
}

async function sendResult(request: Request, result: Result, view: View): Promise<void> {
  if (result.type === 'status') return sendJson(request, 200, JSON.stringify(result.status))
  if (result.resource.deprecated !== undefined) request.warn(result.resource.deprecated)
  const code = result.type === 'object' ? result.code : 200
  const body =
    result.type === 'object' ? encodeObject(result.resource, result.document, view) : encodeList(result, view)
  if (view.form.media === 'yaml') await sendYaml(request, code, body)
  else sendJson(request, code, body)
}

/** Upstream's default: spread out, so that clients do not all come back at once. */
const MIN_WATCH_SECONDS = 1800

async function startWatch(
  handler: ResourceHandlerOptions,
  request: Request,
  route: ResourceRoute,
  form: Form,
): Promise<void> {
  const { api, metrics, frames, openWatches } = handler
  const options = watchOptions(request.query, route.watchedName)
  const timeoutSeconds =
    options.timeoutSeconds !== undefined && options.timeoutSeconds > 0
      ? options.timeoutSeconds
      : MIN_WATCH_SECONDS + randomInt(MIN_WATCH_SECONDS)
  const stream = new WatchStream({
    clock: request.clock,
    frames,
    view: viewOf(request, form),
    bookmarks: options.allowWatchBookmarks === true,
    timeoutMs: timeoutSeconds * 1000,
    backlogBytes: handler.watchBacklogBytes,
    onEnd(why) {
      if (openWatches.delete(stream)) metrics.watches(-1)
      if (why === 'slow') metrics.slowWatch()
    },
  })
  let isGone = false
  request.exchange.onClose(() => (isGone = true))
  const watch = await api.watch(request.user, route.target, options, {
    events: (events) => stream.push(events),
    end: (error) => stream.end(error),
  })
  if (isGone) return watch.stop()
  openWatches.add(stream)
  metrics.watches(1)
  if (watch.resource.deprecated !== undefined) request.warn(watch.resource.deprecated)
  // Sent at once, also when there is nothing to tell yet: a client waits for the head before it trusts the watch.
  stream.start(watch, request.exchange.begin(200, headersOf(request, 'application/json')))
}

function purposeOf({ query }: Request, { verb }: ResourceRoute): Purpose {
  if (verb !== 'watch') return 'answer'
  return isTrue(query?.get('sendInitialEvents') ?? null) ? 'initial events' : 'watch'
}

/** How metrics name what was asked for; '' for what is not served, because names from URLs are unbounded. */
export function servedName(api: Api, target: Target): string {
  const resource: Resource | undefined = api.resources.find(target.group, target.version, target.resource)
  if (!resource) return ''
  const name = formatResource(resource.resource, resource.group)
  const isKnown = resource.subresources.some((sub) => sub.name === target.subresource)
  return isKnown ? `${name}/${target.subresource}` : name
}
