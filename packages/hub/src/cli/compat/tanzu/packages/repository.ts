/** `tanzu package repository`. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { JsonObject } from '@larder/engine/base/json'
import { namespaceType } from '@larder/engine/client/builtin'
import { ensure, type Client, type New } from '@larder/engine/client/client'
import { isNotFound } from '@larder/engine/machinery/status'
import { CommandFailed, EXIT } from '../../../failure.ts'
import { whereServed } from '../../../not-served.ts'
import type { Terminal } from '../../../terminal.ts'
import { checkOutput, printList, printObject } from '../layout.ts'
import { withCluster, type TanzuRun, type TanzuValues } from '../options.ts'
import { askToContinue } from './ask.ts'
import { DOOR, repositoryType, SERVED_AS, type Repository } from './kinds.ts'
import { cut, printTitled, printTransposed } from './layout.ts'
import { waitForEnd, waitForReconcile, within } from './wait.ts'

const ADD_MS = 300_000
const DELETE_MS = 300_000
/** An object of Kubernetes holds little more. */
const MOST_BYTES = 1_000_000

export const addRepository: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const name = args[0]!
    const fetch = sourceOf(options, terminal)
    const wanted = { metadata: { name, namespace }, spec: { fetch } } as unknown as New<Repository>
    const { group, version, kind } = repositoryType
    if (options['dry-run'])
      return printObject({ apiVersion: `${group}/${version}`, kind, ...wanted } as unknown as Repository, terminal)
    if (options['create-namespace'])
      await ensure(client, namespaceType, { name: namespace }, (now) => now ?? { metadata: { name: namespace } })
    const exists = await keepRepository(client, name, namespace, wanted)
    if (options.wait === false) return
    terminal.out(`Waiting for package repository to be ${exists ? 'updated' : 'added'}\n`)
    const tell = (condition: string) =>
      terminal.out(`packagerepository/${name} (${group}/${version}) namespace: ${namespace}: ${condition}\n`)
    await waitForReconcile(
      client,
      repositoryType,
      { name, namespace, timeoutMs: within(options, ADD_MS), tell },
      terminal,
    )
  })

/** True where it was there already: then it gets the source, whole. */
async function keepRepository(
  client: Client,
  name: string,
  namespace: string,
  wanted: New<Repository>,
): Promise<boolean> {
  const repositories = client.of(repositoryType)
  const current = await whereServed(SERVED_AS, DOOR, () => repositories.get(name, namespace)).catch(unlessMissing)
  if (!current) await repositories.create(wanted)
  else await repositories.update({ ...current, spec: wanted.spec })
  return current !== undefined
}

function unlessMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

/** A folder is read here and now, and its files stand in the object: the hub reads none of its own. */
function sourceOf(options: TanzuValues, terminal: Terminal): JsonObject {
  const url = options.url!
  const folder = resolve(terminal.cwd, url)
  if (/^\.{0,2}\//.test(url) || url === '.' || url === '..') return { inline: { paths: filesIn(folder) } }
  if (/^https?:\/\//.test(url))
    throw new CommandFailed(EXIT.usage, `--url ${url}: a repository is a folder, or an image of a registry`, {
      next: '--url registry.example.com/team/packages:1.0, --url ./packages',
    })
  const hasVersion = /@sha256:|:[\w][\w.-]*$/.test(url.slice(url.lastIndexOf('/') + 1))
  const constraints = options['semver-tag-constraints']
  const secret = options['secret-ref']
  return {
    imgpkgBundle: {
      image: url,
      ...(secret !== undefined && { secretRef: { name: secret } }),
      ...((constraints !== undefined || !hasVersion) && {
        tagSelection: { semver: constraints === undefined ? {} : { constraints } },
      }),
    },
  }
}

function filesIn(folder: string): JsonObject {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CommandFailed(EXIT.usage, `--url ${folder}: there is no such folder`)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const paths = Object.fromEntries(files.map((file) => [relative(folder, file), readFileSync(file, 'utf8')]))
  const bytes = Object.values(paths).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (files.length === 0) throw new CommandFailed(EXIT.usage, `--url ${folder}: there is no YAML in that folder`)
  if (bytes > MOST_BYTES)
    throw new CommandFailed(
      EXIT.usage,
      `--url ${folder}: ${bytes} bytes of YAML are more than an object holds (${MOST_BYTES})`,
      {
        next: 'push it to a registry as a bundle, and name that',
      },
    )
  return paths
}

function sourceText({ spec: { fetch } }: Repository): string {
  const { imgpkgBundle, image, inline } = fetch
  if (imgpkgBundle) {
    const constraints = imgpkgBundle.tagSelection?.semver?.constraints
    return `(imgpkg) ${imgpkgBundle.image}${constraints === undefined ? '' : ` (${constraints})`}`
  }
  if (image) return `(image) ${image.url}`
  return inline === undefined ? '(unknown)' : '(inline)'
}

export const listRepositories: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async (connection) => {
    checkOutput(options.output, 'json')
    const everywhere = options['all-namespaces'] === true
    const namespace = everywhere ? undefined : connection.namespace
    const { items } = await whereServed(SERVED_AS, DOOR, () => connection.client.of(repositoryType).list({ namespace }))
    if (options.output === 'json') return printList(items, terminal)
    const rows = items.map((one) => [
      ...(everywhere ? [one.metadata.namespace ?? ''] : []),
      one.metadata.name,
      cut(sourceText(one), 60),
      cut(one.status?.friendlyDescription ?? '', 40),
    ])
    const where = everywhere ? 'all namespaces' : `namespace '${namespace}'`
    printTitled(
      terminal,
      `Repositories in ${where}`,
      [...(everywhere ? ['Namespace'] : []), 'Name', 'Source', 'Status'],
      rows,
    )
  })

export const getRepository: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'json')
    const found = await whereServed(SERVED_AS, DOOR, () => client.of(repositoryType).get(args[0]!, namespace))
    if (options.output === 'json') return printObject(found, terminal)
    printTransposed(terminal, [
      ['Namespace', namespace],
      ['Name', found.metadata.name],
      ['Source', sourceText(found)],
      ['Description', found.status?.friendlyDescription ?? ''],
      ['Conditions', conditionLines(found)],
      ['Useful error message', found.status?.usefulErrorMessage ?? ''],
    ])
  })

export const conditionLines = ({ status }: { readonly status?: Repository['status'] }): string =>
  (status?.conditions ?? [])
    .map(
      ({ type, status: is, message }) =>
        `- type: ${type}\n  status: "${is}"${message === undefined ? '' : `\n  message: ${JSON.stringify(message)}`}`,
    )
    .join('\n')

export const deleteRepository: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const name = args[0]!
    const { metadata } = await whereServed(SERVED_AS, DOOR, () => client.of(repositoryType).get(name, namespace))
    terminal.out(`Delete package repository '${name}' in namespace '${namespace}'\n\n`)
    if (!options.yes) await askToContinue(terminal)
    await client.of(repositoryType).delete(name, { namespace, preconditions: { uid: metadata.uid! } })
    if (options.wait === false) return
    terminal.out(`Waiting for deletion to be completed...\n`)
    await waitForEnd(
      client,
      repositoryType,
      { name, namespace, timeoutMs: within(options, DELETE_MS), uid: metadata.uid },
      terminal,
    )
  })
