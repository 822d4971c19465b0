/** GET of a collection: a snapshot, whole or in pages that all show the same revision. */
import type { Call, ListOptions } from '../../../machinery/call.ts'
import { badRequest, expired, invalid } from '../../../machinery/status.ts'
import { Compacted, type Entry } from '../../../storage/store.ts'
import type { Result } from '../../api.ts'
import { forbiddenField, unsupportedValue } from '../../../machinery/problems.ts'
import { formatContinuation, parseContinuation, type Continuation } from '../continuation.ts'
import type { Core, Request } from '../core.ts'
import { prefixOf } from '../keys.ts'
import { parseRevision, waitForRevision } from '../revisions.ts'
import { rangeOf, selectionOf, type Selection } from '../selection.ts'

export interface Page {
  readonly revision: number
  readonly entries: readonly Entry[]
  readonly continue?: string
  readonly remaining?: number
}

export async function list(core: Core, request: Request, call: Call & { verb: 'list' }): Promise<Result> {
  const page = await readPage(core, request, call.options ?? {})
  return {
    type: 'list',
    resource: request.resource,
    resourceVersion: String(page.revision),
    ...(page.continue !== undefined && { continue: page.continue }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
    documents: page.entries.map((entry) => core.versions.view(request.served, entry)),
  }
}

/** Throws ApiError 400, 410, 422 or 504. */
export async function readPage(core: Core, request: Request, options: ListOptions): Promise<Page> {
  const prefix = prefixOf(request.resource, request.target.namespace)
  const start = await startOf(core, prefix, options)
  const selection = selectionOf(core, request, options)
  const limit = options.limit === undefined || options.limit <= 0 ? undefined : options.limit
  try {
    return pageOf(core, prefix, start, selection, limit)
  } catch (error) {
    if (error instanceof Compacted) throw tooOld(prefix, start, options)
    throw error
  }
}

/** Where the page starts, and which revision it shows (undefined: the newest). */
async function startOf(
  core: Core,
  prefix: string,
  options: ListOptions,
): Promise<{ readonly after: string | undefined; readonly revision: number | undefined }> {
  checkMatch(options)
  const revision = parseRevision(options.resourceVersion)
  if (options.continue !== undefined && options.continue !== '') {
    if (revision !== undefined && revision !== 0) {
      throw badRequest('specifying resource version is not allowed when using continue')
    }
    return parseContinuation(prefix, options.continue)
  }
  if (revision === undefined || revision === 0) return { after: undefined, revision: undefined }
  await waitForRevision(core.store, core.clock, revision)
  const isExact =
    options.resourceVersionMatch === 'Exact' ||
    (options.resourceVersionMatch === undefined && options.limit !== undefined && options.limit > 0)
  return { after: undefined, revision: isExact ? revision : undefined }
}

function checkMatch({ resourceVersion, resourceVersionMatch, continue: token }: ListOptions): void {
  if (resourceVersionMatch === undefined || resourceVersionMatch === '') return
  const path = 'resourceVersionMatch'
  const fail = (why: string) => invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [forbiddenField(path, why)])
  if (token !== undefined && token !== '') throw fail(`${path} is forbidden when continue is provided`)
  if (resourceVersion === undefined || resourceVersion === '') {
    throw fail(`${path} is forbidden unless resourceVersion is provided`)
  }
  if (resourceVersionMatch !== 'Exact' && resourceVersionMatch !== 'NotOlderThan') {
    const supported = ['Exact', 'NotOlderThan', '']
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      unsupportedValue(path, resourceVersionMatch, supported),
    ])
  }
  if (resourceVersionMatch === 'Exact' && resourceVersion === '0') {
    throw fail(`${path} "exact" is forbidden for resourceVersion "0"`)
  }
}

function pageOf(
  core: Core,
  prefix: string,
  start: { readonly after: string | undefined; readonly revision: number | undefined },
  selection: Selection,
  limit: number | undefined,
): Page {
  const { everything, matchesDocument } = selection
  const range = {
    prefix,
    ...(start.after !== undefined && { after: start.after }),
    ...(start.revision !== undefined && { at: start.revision }),
    ...rangeOf(selection),
  }
  if (matchesDocument) {
    const found = core.store.list(range)
    return cut(prefix, found.revision, filterUpTo(found.entries, matchesDocument, limit), limit)
  }
  const found = core.store.list(limit === undefined ? range : { ...range, limit })
  if (found.remaining === 0) return { revision: found.revision, entries: found.entries }
  const page = {
    revision: found.revision,
    entries: found.entries,
    continue: token(prefix, found.revision, found.entries),
  }
  // Upstream leaves the count out where a selector would make it costly; clients may take its absence for "unknown".
  return everything ? { ...page, remaining: found.remaining } : page
}

/** One more than the limit, if there is one: it tells that there is a next page. */
function filterUpTo(
  entries: readonly Entry[],
  matches: (entry: Entry) => boolean,
  limit: number | undefined,
): readonly Entry[] {
  const kept: Entry[] = []
  for (const entry of entries) {
    if (!matches(entry)) continue
    kept.push(entry)
    if (limit !== undefined && kept.length > limit) break
  }
  return kept
}

function cut(prefix: string, revision: number, entries: readonly Entry[], limit: number | undefined): Page {
  if (limit === undefined || entries.length <= limit) return { revision, entries }
  const kept = entries.slice(0, limit)
  return { revision, entries: kept, continue: token(prefix, revision, kept) }
}

function token(prefix: string, revision: number, entries: readonly Entry[]): string {
  return formatContinuation(prefix, { revision, after: entries[entries.length - 1]!.key })
}

function tooOld(prefix: string, start: { readonly after: string | undefined }, options: ListOptions): Error {
  if (options.continue === undefined || start.after === undefined) {
    return expired('The resourceVersion for the provided list is too old.')
  }
  const fresh: Continuation = { revision: undefined, after: start.after }
  return expired(
    'The provided continue parameter is too old to display a consistent list result: list anew, ' +
      'or go on with the token in metadata.continue and accept a list that mixes revisions.',
    formatContinuation(prefix, fresh),
  )
}
