/** Who else may claim what lives in a namespace: `larder policy list|get|create|check`. */
import { namespaceType, secretType } from '@larder/engine/client/builtin'
import { formatApiVersion } from '@larder/engine/machinery/object'
import { claimPolicyKind, type ClaimPolicy } from '../../model/claim-policy.ts'
import { instanceKind } from '../../model/instance.ts'
import type { Kind } from '../../model/kind.ts'
import { API_VERSION, GROUP } from '../../model/kind.ts'
import type { OptionValues, Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { explainPolicy, type PolicyAnswer } from '../policy-check.ts'
import { columnsOf, isTable, printObjects, serialize } from '../print.ts'
import { createReader, type Reader } from '../reading.ts'
import { labelsOf, selectorOf } from '../selector.ts'
import { renderTable } from '../table.ts'
import { getOf, listOf } from './get.ts'

const kind = claimPolicyKind as Kind<unknown, unknown>

export const list = listOf(kind)
export const get = getOf(kind)

export const create: Run = async ({ args, options }, terminal) => {
  const name = args[0]!
  const spec = policySpec(options)
  await withApi(options, terminal, async ({ client, namespace }) => {
    const policy = await client
      .of(claimPolicyKind)
      .create({ metadata: { name, namespace }, spec }, { fieldManager: 'larder' })
    if (options.output === undefined) terminal.out(`claimpolicy.larder.dev/${name} created\n`)
    else {
      const printing = {
        type: kind,
        columns: columnsOf(kind),
        output: options.output,
        withNamespace: false,
        list: false,
      }
      await printObjects([policy], printing, terminal)
    }
  })
}

function policySpec(options: OptionValues): ClaimPolicy['spec'] {
  const { to = [], subject = [], selector, role } = options
  const toLabels = options['to-selector']
  if (to.length === 0 && toLabels === undefined)
    throw new CommandFailed(EXIT.usage, 'for whom? --to is missing', {
      next: "--to shop, or --to '*' for every namespace",
    })
  if (subject.length === 0)
    throw new CommandFailed(EXIT.usage, 'what may be claimed? --subject is missing', { next: '--subject Secret/creds' })
  const everybody = to.includes('*') ? {} : undefined
  const selected = toLabels === undefined ? everybody : selectorOf(toLabels, 'to-selector')
  const namespaces = to.filter((name) => name !== '*')
  return {
    consumers: { ...(namespaces.length > 0 && { namespaces }), ...(selected && { selector: selected }) },
    subjects: subject.map((text) => {
      const { group, kind: of, name } = subjectOf(text)
      return {
        ...(group !== '' && { group }),
        kind: of,
        ...(name !== undefined && { names: name.split(',') }),
        ...(selector !== undefined && { selector: selectorOf(selector, 'selector') }),
        ...(role !== undefined && { roles: role.split(',') }),
      }
    }),
  }
}

/** `Secret`, `Secret/creds`, `RedisCluster.cache.example.com/a,b`; `Instance` is ours. */
function subjectOf(text: string): { group: string; kind: string; name: string | undefined } {
  const [resource = '', name] = text.split('/', 2)
  const dot = resource.indexOf('.')
  const of = dot < 0 ? resource : resource.slice(0, dot)
  if (!/^[A-Z]/.test(of))
    throw new CommandFailed(EXIT.usage, `--subject ${text}: a kind is written as in a manifest`, {
      next: '--subject Secret/creds, --subject Instance, --subject RedisCluster.cache.example.com',
    })
  const group = dot >= 0 ? resource.slice(dot + 1) : of === instanceKind.kind ? GROUP : ''
  return { group, kind: of, name: name === '' ? undefined : name }
}

/** Ends with 1 when it may not, so that scripts can ask. */
export const check: Run = async ({ options }, terminal) => {
  const { to = [], subject = [], output, selector, role } = options
  const [consumer, ...others] = to
  const [text, ...more] = subject
  if (consumer === undefined || others.length > 0 || text === undefined || more.length > 0)
    throw new CommandFailed(EXIT.usage, 'one --to and one --subject are needed', {
      next: 'larder policy check --to shop --subject Secret/creds -n services',
    })
  const { group, kind: of, name } = subjectOf(text)
  if (name === undefined)
    throw new CommandFailed(EXIT.usage, `--subject ${text}: which ${of}?`, { next: `--subject ${text}/NAME` })
  return await withApi(options, terminal, async ({ client, namespace }) => {
    const reader = createReader(client)
    const apiVersion = group === GROUP ? API_VERSION : group === '' ? 'v1' : formatApiVersion(group, 'v1')
    const said = selector === undefined ? undefined : labelsOf(selector, 'selector')
    const labels = said ?? (await labelsThere(reader, { group, kind: of, name, namespace }))
    const home = await reader.find(namespaceType, consumer)
    const neighbour = { name: consumer, labels: home.state === 'found' ? home.object.metadata.labels : undefined }
    const question = { subject: { apiVersion, kind: of, name, labels }, consumer: neighbour, role }
    const { items } = await client.of(claimPolicyKind).list({ namespace })
    const answers = consumer === namespace ? [] : items.map((policy) => explainPolicy(policy, question))
    const may = consumer === namespace ? 'yes' : verdictOf(answers)
    const what = `${of} ${namespace}/${name}`
    if (isTable(output)) terminal.out(answerText({ may, what, consumer, namespace, answers }))
    else
      terminal.out(await serialize({ may, consumer, subject: what, policies: answers.map((a) => ({ ...a })) }, output))
    return may === 'yes' ? EXIT.ok : EXIT.failed
  })
}

/** Of Secrets and Instances, where the asker may read them. */
async function labelsThere(
  reader: Reader,
  { group, kind: of, name, namespace }: { group: string; kind: string; name: string; namespace: string },
): Promise<Readonly<Record<string, string>> | undefined> {
  const type =
    group === '' && of === 'Secret' ? secretType : group === GROUP && of === 'Instance' ? instanceKind : undefined
  if (!type) return undefined
  const found = await reader.find(type, name, namespace)
  return found.state === 'found' ? (found.object.metadata.labels ?? {}) : undefined
}

function verdictOf(answers: readonly PolicyAnswer[]): PolicyAnswer['permits'] {
  if (answers.some(({ permits }) => permits === 'yes')) return 'yes'
  return answers.some(({ permits }) => permits === 'unknown') ? 'unknown' : 'no'
}

interface Checked {
  readonly may: PolicyAnswer['permits']
  readonly what: string
  readonly consumer: string
  readonly namespace: string
  readonly answers: readonly PolicyAnswer[]
}

function answerText({ may, what, consumer, namespace, answers }: Checked): string {
  if (consumer === namespace) return `yes: ${what} lives in namespace ${consumer} itself, which needs no policy\n`
  const none = `no: there is no ClaimPolicy in namespace ${namespace}\n`
  if (answers.length === 0) return none
  const rows = answers.map(({ policy, permits, why }) => [policy, permits, why])
  const word = { yes: 'may', no: 'may not', unknown: 'may perhaps' }[may]
  return `${may}: namespace ${consumer} ${word} claim ${what}\n${renderTable(['POLICY', 'PERMITS', 'WHY'], rows)}`
}
