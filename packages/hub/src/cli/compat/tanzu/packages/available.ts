/** `tanzu package available`: what can be installed in a namespace. */
import type { Client } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { isForbidden } from '@larder/engine/machinery/status'
import { CommandFailed, EXIT } from '../../../failure.ts'
import { whereServed } from '../../../not-served.ts'
import type { Terminal } from '../../../terminal.ts'
import { checkOutput, printList } from '../layout.ts'
import { withCluster, type TanzuRun } from '../options.ts'
import { DOOR, homesFor, metadataType, packageType, SERVED_AS, type Package } from './kinds.ts'
import { printTitled, printTransposed } from './layout.ts'
import { schemaRows } from './schema-table.ts'

/** Of the namespace, and of those whose packages are for all; of two of a name the one of the namespace. */
async function allFor<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
  terminal: Terminal,
) {
  const found = new Map<string, T>()
  for (const home of homesFor(namespace)) {
    const list = whereServed(SERVED_AS, DOOR, () => client.of(type).list({ namespace: home }))
    const { items } = await list.catch((error: unknown) => {
      if (home === namespace || !isForbidden(error)) throw error
      terminal.note(`packages of namespace '${home}' are not shown: you may not list them\n`)
      return { items: [] }
    })
    for (const one of items) if (!found.has(one.metadata.name)) found.set(one.metadata.name, one)
  }
  return [...found.values()]
}

export const listAvailable: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'json')
    const everywhere = options['all-namespaces'] === true
    const read = async <T extends KubeObject>(type: ResourceType<T>): Promise<readonly T[]> =>
      everywhere
        ? (await whereServed(SERVED_AS, DOOR, () => client.of(type).list())).items
        : allFor(client, type, namespace, terminal)
    const where = everywhere ? 'all namespaces' : `namespace '${namespace}'`
    const home = ({ metadata }: KubeObject) => (everywhere ? [metadata.namespace ?? ''] : [])
    const first = everywhere ? ['Namespace'] : []
    const refName = args[0]
    if (refName === undefined) {
      const all = await read(metadataType)
      if (options.output === 'json') return printList(all, terminal)
      const rows = all.map((one) => [
        ...home(one),
        one.metadata.name,
        one.spec?.displayName ?? '',
        ...(options.wide ? [one.spec?.shortDescription ?? ''] : []),
      ])
      const headings = [...first, 'Name', 'Display name', ...(options.wide ? ['Short description'] : [])]
      return printTitled(terminal, `Available summarized packages in ${where}`, headings, rows)
    }
    const versions = (await read(packageType)).filter(({ spec }) => spec.refName === refName)
    if (options.output === 'json') return printList(versions, terminal)
    const rows = versions.map((one) => [...home(one), one.spec.refName, one.spec.version, released(one)])
    printTitled(terminal, `Available packages in ${where}`, [...first, 'Name', 'Version', 'Released at'], rows)
  })

/** As Go prints a time. */
const released = ({ spec }: Package): string =>
  spec.releasedAt === undefined ? '' : spec.releasedAt.replace('T', ' ').replace(/Z$/, ' +0000 UTC')

export const getAvailable: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const [refName = '', version, ...more] = args[0]!.split('/')
    if (more.length > 0) throw new CommandFailed(EXIT.usage, `${args[0]}: a package is NAME, or NAME/VERSION`)
    if (options['values-schema']) return showSchema(client, { refName, version, namespace }, terminal)
    const packages = (await allFor(client, packageType, namespace, terminal)).filter(
      ({ spec }) => spec.refName === refName,
    )
    const words = (await allFor(client, metadataType, namespace, terminal)).find(
      ({ metadata }) => metadata.name === refName,
    )?.spec
    const one = version === undefined ? undefined : packages.find(({ spec }) => spec.version === version)
    if ((version !== undefined && !one) || (!words && packages.length === 0))
      throw new CommandFailed(EXIT.notFound, `Package '${args[0]}' not found in namespace '${namespace}'`)
    printTransposed(terminal, [
      ['Name', refName],
      ...(words
        ? ([
            ['Display name', words.displayName ?? ''],
            ['Categories', (words.categories ?? []).map((word) => `- ${word}`).join('\n')],
            ['Short description', words.shortDescription ?? ''],
            ['Long description', words.longDescription ?? ''],
            ['Provider', words.providerName ?? ''],
            ['Maintainers', (words.maintainers ?? []).map(({ name = '' }) => `- name: ${name}`).join('\n')],
            ['Support description', words.supportDescription ?? ''],
          ] as const)
        : []),
      ...(one
        ? ([
            ['Version', one.spec.version],
            ['Released at', released(one)],
            ['Min capacity requirements', one.spec.capactiyRequirementsDescription ?? ''],
            ['Release notes', one.spec.releaseNotes ?? ''],
            ['Licenses', (one.spec.licenses ?? []).join('\n')],
          ] as const)
        : []),
    ])
    if (version !== undefined) return
    const rows = packages.map((each) => [each.spec.version, released(each)])
    terminal.out('\n')
    printTitled(terminal, `Versions of '${refName}'`, ['Version', 'Released at'], rows)
  })

async function showSchema(
  client: Client,
  { refName, version, namespace }: { refName: string; version: string | undefined; namespace: string },
  terminal: Terminal,
): Promise<void> {
  if (version === undefined)
    throw new CommandFailed(EXIT.usage, 'Package version is required when --values-schema flag is declared', {
      next: `tanzu package available get ${refName}/VERSION --values-schema`,
    })
  const found = (await allFor(client, packageType, namespace, terminal)).find(
    ({ spec }) => spec.refName === refName && spec.version === version,
  )
  if (!found)
    throw new CommandFailed(EXIT.notFound, `Package '${refName}/${version}' not found in namespace '${namespace}'`)
  const rows = await schemaRows(found.spec.valuesSchema?.openAPIv3)
  if (rows.length === 0)
    return terminal.out(
      `Package '${refName}/${version}' does not have any user configurable values in the '${namespace}' namespace\n`,
    )
  printTitled(terminal, `Values schema for '${refName}/${version}'`, ['Key', 'Default', 'Type', 'Description'], rows)
}
