/** `tanzu package install` and `installed`. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { secretType, serviceAccountType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isForbidden, isNotFound } from '@larder/engine/machinery/status'
import { CommandFailed, EXIT } from '../../../failure.ts'
import { isNotServed, whereServed } from '../../../not-served.ts'
import { readTextFile } from '../../../read-file.ts'
import type { Terminal } from '../../../terminal.ts'
import { checkOutput, printList, printObject } from '../layout.ts'
import { withCluster, type TanzuRun, type TanzuValues } from '../options.ts'
import { askToContinue } from './ask.ts'
import { DOOR, installType, SERVED_AS, type Install } from './kinds.ts'
import { printTitled, printTransposed } from './layout.ts'
import { annotationsOf, deleteOwned, findOwned, keepAccount, keepValues, type Place } from './owned.ts'
import { conditionLines } from './repository.ts'
import { waitForEnd, waitForPause, waitForReconcile, within } from './wait.ts'

const INSTALL_MS = 30 * 60_000
const DELETE_MS = 5 * 60_000
const ANY_VERSION = '>= 0.0.0'

const served = <T>(work: () => Promise<T>): Promise<T> => whereServed(SERVED_AS, DOOR, work)

async function findInstall(client: Client, { name, namespace }: Place): Promise<Install | undefined> {
  return served(() => client.of(installType).get(name, namespace)).catch((error: unknown) => {
    if (!isNotFound(error) || isNotServed(error)) throw error
    return undefined
  })
}

export const installPackage: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const place = { name: args[0]!, namespace }
    const current = await findInstall(client, place)
    if (current) return update(client, place, current, options, terminal)
    const refName = options['package-name']
    if (refName === undefined)
      throw new CommandFailed(EXIT.usage, 'required: --package-name', { next: 'tanzu package install --help' })
    const values = await readValuesFile(options, terminal)
    const account = options['service-account-name']
    if (account !== undefined) await checkAccount(client, account, namespace)
    const serviceAccountName = account ?? (await keepAccount(client, place, terminal))
    const secret = values === undefined ? undefined : await keepValues(client, place, values, terminal)
    terminal.out('Creating package install resource\n')
    const wanted = {
      metadata: {
        ...place,
        ...((account === undefined || secret !== undefined) && { annotations: annotationsOf(place) }),
      },
      spec: {
        serviceAccountName,
        packageRef: { refName, versionSelection: selection(options.version ?? ANY_VERSION) },
        ...(secret !== undefined && { values: [{ secretRef: { name: secret } }] }),
      },
    }
    await client.of(installType).create(wanted)
    await settled(client, place, options, terminal)
  })

/** With pre-releases, as upstream: a version that is asked for by its name may be one. */
const selection = (constraints: string) => ({ constraints, prereleases: {} })

async function readValuesFile(options: TanzuValues, terminal: Terminal): Promise<string | undefined> {
  const file = options['values-file']
  return file === undefined ? undefined : readTextFile(file, terminal)
}

/** Who may not look at accounts may install all the same: the install says it then. */
async function checkAccount(client: Client, name: string, namespace: string): Promise<void> {
  try {
    await client.of(serviceAccountType).get(name, namespace)
  } catch (error) {
    if (isForbidden(error)) return
    if (!isNotFound(error)) throw error
    throw new CommandFailed(EXIT.notFound, `ServiceAccount '${name}' is not there in namespace '${namespace}'`, {
      next: `kubectl create serviceaccount ${name} -n ${namespace}, or leave out --service-account-name`,
      cause: error,
    })
  }
}

async function settled(client: Client, place: Place, options: TanzuValues, terminal: Terminal): Promise<void> {
  if (options.wait === false) return
  terminal.out(`Waiting for PackageInstall reconciliation for '${place.name}'\n`)
  const tell = (condition: string) => terminal.out(`'PackageInstall' resource install status: ${condition}\n`)
  await waitForReconcile(client, installType, { ...place, timeoutMs: within(options, INSTALL_MS), tell }, terminal)
  terminal.out(`'PackageInstall' resource successfully reconciled\n`)
}

export const updateInstalled: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const place = { name: args[0]!, namespace }
    const current = await findInstall(client, place)
    if (!current) throw notInstalled(place)
    await update(client, place, current, options, terminal)
  })

/** For tests, which bring a client of their own. */
export async function update(
  client: Client,
  place: Place,
  current: Install,
  options: TanzuValues,
  terminal: Terminal,
): Promise<void> {
  const { name, namespace } = place
  terminal.out(`Updating package install for '${name}' in namespace '${namespace}'\n`)
  const values = await readValuesFile(options, terminal)
  const isStopped = current.spec.paused === true || current.spec.canceled === true
  const pauses = values !== undefined && options.wait !== false && !isStopped
  const packageRef = {
    ...(options['package-name'] !== undefined && { refName: options['package-name'] }),
    ...(options.version !== undefined && { versionSelection: selection(options.version) }),
  }
  const account = options['service-account-name']
  const patch = (body: object) => client.of(installType).patch(name, body, { namespace })
  try {
    if (pauses) await pause(client, place, options, terminal)
    const secret = values === undefined ? undefined : await keepValues(client, place, values, terminal)
    const spec = {
      ...(Object.keys(packageRef).length > 0 && { packageRef: { ...current.spec.packageRef, ...packageRef } }),
      ...(account !== undefined && { serviceAccountName: account }),
      ...(secret !== undefined && { values: [{ secretRef: { name: secret } }] }),
      ...(pauses && { paused: null }),
    }
    const metadata = secret === undefined ? {} : { metadata: { annotations: annotationsOf(place) } }
    if (pauses) terminal.out(`Resuming reconciliation for package install '${name}' in namespace '${namespace}'\n`)
    if (Object.keys(spec).length > 0) await patch({ ...metadata, spec })
  } catch (error) {
    if (pauses) await patch({ spec: { paused: null } }).catch(() => terminal.note(stillPaused(place)))
    throw error
  }
  if (isStopped) return terminal.out(stillPaused(place))
  await settled(client, place, options, terminal)
}

/** By somebody, or by an update that was killed. */
const stillPaused = ({ name, namespace }: Place): string =>
  `Package install '${name}' is paused: this counts once it goes on\n` +
  `kubectl patch packageinstall ${name} -n ${namespace} --type merge -p '{"spec":{"paused":null,"canceled":null}}'\n`

/** New values have a Secret of the same name: nothing of the install changes with them, and what is told of it would be older than they are. */
async function pause(client: Client, place: Place, options: TanzuValues, terminal: Terminal): Promise<void> {
  const { name, namespace } = place
  terminal.out(`Pausing reconciliation for package install '${name}' in namespace '${namespace}'\n`)
  await client.of(installType).patch(name, { spec: { paused: true } }, { namespace })
  await waitForPause(client, installType, { ...place, timeoutMs: within(options, INSTALL_MS) }, terminal)
}

const notInstalled = ({ name, namespace }: Place): CommandFailed =>
  new CommandFailed(EXIT.notFound, `there is no package install '${name}' in namespace '${namespace}'`, {
    next: `tanzu package installed list -n ${namespace}`,
  })

export const listInstalled: TanzuRun = ({ options }, terminal) =>
  withCluster(options, terminal, async (connection) => {
    checkOutput(options.output, 'json')
    const everywhere = options['all-namespaces'] === true
    const namespace = everywhere ? undefined : connection.namespace
    const { items } = await served(() => connection.client.of(installType).list({ namespace }))
    if (options.output === 'json') return printList(items, terminal)
    const rows = items.map(({ metadata, spec, status }) => [
      ...(everywhere ? [metadata.namespace ?? ''] : []),
      metadata.name,
      spec.packageRef.refName,
      status?.version ?? '',
      status?.friendlyDescription ?? '',
    ])
    const where = everywhere ? 'all namespaces' : `namespace '${namespace}'`
    const headings = [...(everywhere ? ['Namespace'] : []), 'Name', 'Package Name', 'Package Version', 'Status']
    printTitled(terminal, `Installed packages in ${where}`, headings, rows)
  })

export const getInstalled: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    checkOutput(options.output, 'json')
    const place = { name: args[0]!, namespace }
    const found = await findInstall(client, place)
    if (!found) throw notInstalled(place)
    if (options['values-file-output'] !== undefined)
      return writeValues(client, found, options['values-file-output'], terminal)
    if (options.output === 'json') return printObject(found, terminal)
    printTransposed(terminal, [
      ['Namespace', namespace],
      ['Name', found.metadata.name],
      ['Package name', found.spec.packageRef.refName],
      ['Package version', found.status?.version ?? ''],
      ['Description', found.status?.friendlyDescription ?? ''],
      ['Conditions', conditionLines(found)],
      ['Useful error message', found.status?.usefulErrorMessage ?? ''],
    ])
  })

async function writeValues(
  client: Client,
  { metadata, spec }: Install,
  file: string,
  terminal: Terminal,
): Promise<void> {
  const [{ secretRef } = { secretRef: undefined }, ...more] = spec.values ?? []
  if (!secretRef || more.length > 0)
    throw new CommandFailed(EXIT.failed, `Expected 1 values reference, found ${(spec.values ?? []).length}`)
  const { data = {} } = await client.of(secretType).get(secretRef.name, metadata.namespace)
  const key = secretRef.key ?? 'values.yaml'
  if (data[key] === undefined) throw new CommandFailed(EXIT.failed, `Secret ${secretRef.name} has no key ${key}`)
  writeFileSync(resolve(terminal.cwd, file), Buffer.from(data[key], 'base64'), { mode: 0o600 })
}

export const deleteInstalled: TanzuRun = ({ args, options }, terminal) =>
  withCluster(options, terminal, async ({ client, namespace }) => {
    const place = { name: args[0]!, namespace }
    const where = `package install '${place.name}' from namespace '${namespace}'`
    terminal.out(`Delete ${where}\n\n`)
    if (!options.yes) await askToContinue(terminal)
    const found = await findInstall(client, place)
    if (!found) {
      terminal.out(
        `Could not find package install '${place.name}' in namespace '${namespace}'. Cleaning up created resources.\n`,
      )
      return deleteOwned(client, place, terminal)
    }
    const installs = client.of(installType)
    if (options.noop) await installs.patch(place.name, { spec: { noopDelete: true } }, { namespace })
    terminal.out(`Deleting ${where}\n`)
    await installs.delete(place.name, { namespace, preconditions: { uid: found.metadata.uid! } })
    if (options.wait === false) {
      const left = (await findOwned(client, place)).map(({ type, name }) => `${type.kind} ${name}`)
      if (left.length > 0)
        terminal.out(
          `Still there, because it is needed until then: ${left.join(', ')}. Run this again once it is gone.\n`,
        )
      return
    }
    terminal.out(`Waiting for deletion of ${where}\n`)
    const tell = (condition: string) => terminal.out(`'PackageInstall' resource deletion status: ${condition}\n`)
    const timeoutMs = within(options, DELETE_MS)
    await waitForEnd(client, installType, { ...place, timeoutMs, tell, uid: found.metadata.uid }, terminal)
    await deleteOwned(client, place, terminal)
  })
