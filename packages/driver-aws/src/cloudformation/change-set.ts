/**
 * A change before it happens. CloudFormation works out, resource by resource, what an update would do; that is what `plan` reports, and what `update` then
 * executes: the very change set that was looked at, found by a name that derives from the stack's last change and from what is wanted. When it is not
 * there any more, the stack is updated as it would be by hand.
 */
import {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation'
import type { Change, DescribeChangeSetCommandOutput, ResourceChange, Stack } from '@aws-sdk/client-cloudformation'
import { setTimeout as pause } from 'node:timers/promises'
import { unavailable } from '@larder/kit'
import type { Effect, FieldError } from '@larder/kit'
import { call, isRefusal } from '../account/call.ts'
import { digestOf } from '../naming.ts'
import { changedAtOf } from './memory.ts'
import { idOf, requestOf, withPath, type Stacks } from './stacks.ts'
import type { StackRecipe } from './recipe.ts'
import type { WantedStack } from './wanted.ts'

export interface Forecast {
  readonly effects: readonly Effect[]
  readonly errors: readonly FieldError[]
}

const NOTHING: Forecast = { effects: [], errors: [] }
const POLL_MS = 500
/** Change sets of large templates take their time; the plan of a change has 30 s. */
const PATIENCE_MS = 20_000

const nameOf = (stack: Stack, wanted: WantedStack): string =>
  `larder-${digestOf(idOf(stack), String(changedAtOf(stack)), wanted.digest).slice(0, 40)}`

export async function forecast(
  stacks: Stacks,
  stack: Stack,
  wanted: WantedStack,
  signal: AbortSignal,
): Promise<Forecast> {
  const name = nameOf(stack, wanted)
  if (!(await begin(stacks, stack, wanted, name, signal))) return NOTHING
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    const { last, changes } = await describe(stacks, stack, name, signal)
    if (last.Status === 'CREATE_COMPLETE') return { effects: changes.flatMap(effectOf), errors: [] }
    if (last.Status === 'FAILED') {
      await remove(stacks, stack, name, signal)
      return isNoChange(last.StatusReason) ? NOTHING : refused(last.StatusReason ?? 'it could not be planned')
    }
    await pause(POLL_MS, undefined, { signal })
  }
  throw unavailable(`CloudFormation still works out what the change of stack ${stack.StackName} would do`)
}

const isNoChange = (reason = ''): boolean => /didn't contain changes|No updates are to be performed/i.test(reason)

function refused(reason: string): Forecast {
  return { effects: [], errors: [{ path: 'recipe.template', reason: 'invalid', message: reason }] }
}

/** False: there is nothing to change. One that is there already is as good. */
async function begin(
  { client }: Stacks,
  stack: Stack,
  wanted: WantedStack,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const command = new CreateChangeSetCommand({
    StackName: stack.StackName,
    ChangeSetName: name,
    ChangeSetType: 'UPDATE',
    Description: 'what Larder was asked to change',
    ...requestOf(wanted),
  })
  try {
    await call('cloudformation:CreateChangeSet', () => client.send(command, { abortSignal: signal }))
    return true
  } catch (error) {
    if (isRefusal(error, 'AlreadyExists')) return true
    if (isRefusal(error, 'ValidationError') && isNoChange(error.said)) return false
    throw withPath(error, wanted)
  }
}

async function describe(
  { client }: Stacks,
  stack: Stack,
  name: string,
  signal: AbortSignal,
): Promise<{ last: DescribeChangeSetCommandOutput; changes: Change[] }> {
  const changes: Change[] = []
  let token: string | undefined
  for (;;) {
    const last: DescribeChangeSetCommandOutput = await call('cloudformation:DescribeChangeSet', () =>
      client.send(new DescribeChangeSetCommand({ StackName: stack.StackName, ChangeSetName: name, NextToken: token }), {
        abortSignal: signal,
      }),
    )
    changes.push(...(last.Changes ?? []))
    token = last.NextToken
    if (token === undefined) return { last, changes }
  }
}

async function remove({ client }: Stacks, stack: Stack, name: string, signal: AbortSignal): Promise<void> {
  await call('cloudformation:DeleteChangeSet', () =>
    client.send(new DeleteChangeSetCommand({ StackName: stack.StackName, ChangeSetName: name }), {
      abortSignal: signal,
    }),
  )
}

/** False: there is none that can be executed. */
export async function execute(
  stacks: Stacks,
  stack: Stack,
  wanted: WantedStack,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  const name = nameOf(stack, wanted)
  try {
    const { last } = await describe(stacks, stack, name, signal)
    if (last.ExecutionStatus !== 'AVAILABLE') return false
    const command = new ExecuteChangeSetCommand({
      StackName: stack.StackName,
      ChangeSetName: name,
      ClientRequestToken: token,
    })
    await call('cloudformation:ExecuteChangeSet', () => stacks.client.send(command, { abortSignal: signal }))
    return true
  } catch (error) {
    if (isRefusal(error, 'ChangeSetNotFound', 'InvalidChangeSetStatus')) return false
    if (isRefusal(error, 'ValidationError') && /does not exist/.test(error.said)) return false
    throw error
  } finally {
    stacks.changed(wanted.name)
  }
}

/** Whether a stack could be made of it at all. A template is read without its parameters. */
export async function validate({ client }: Stacks, recipe: StackRecipe, signal: AbortSignal): Promise<void> {
  const { template: TemplateBody, templateURL: TemplateURL } = recipe
  try {
    await call('cloudformation:ValidateTemplate', () =>
      client.send(new ValidateTemplateCommand({ TemplateBody, TemplateURL }), { abortSignal: signal }),
    )
  } catch (error) {
    throw withPath(error, { recipe })
  }
}

function effectOf({ ResourceChange: change }: Change): Effect[] {
  if (!change) return []
  const { LogicalResourceId: what = '' } = change
  return [{ kind: kindOf(change), what, message: messageOf(change) }]
}

function kindOf({ Action, Replacement, PolicyAction }: ResourceChange): Effect['kind'] {
  if (Action === 'Remove') return PolicyAction === 'Retain' ? 'inPlace' : 'destroy'
  // What only the real change will tell may be the worst of it.
  return Action === 'Modify' && (Replacement === 'True' || Replacement === 'Conditional') ? 'replace' : 'inPlace'
}

function messageOf({
  Action,
  Replacement,
  PolicyAction,
  ResourceType,
  PhysicalResourceId,
  Details,
}: ResourceChange): string {
  const thing =
    PhysicalResourceId === undefined || PhysicalResourceId === ''
      ? ResourceType
      : `${ResourceType} ${PhysicalResourceId}`
  if (Action === 'Add') return `${thing} is added`
  if (Action === 'Remove')
    return PolicyAction === 'Retain' ? `${thing} leaves the stack and is kept` : `${thing} is removed`
  const names = (Details ?? []).map(({ Target }) => Target?.Name ?? Target?.Attribute).filter((n) => n !== undefined)
  const because = names.length === 0 ? '' : ` because of ${[...new Set(names)].sort().join(', ')}`
  if (Replacement === 'True') return `${thing} is replaced${because}`
  if (Replacement === 'Conditional') return `${thing} may be replaced${because}`
  return `${thing} is changed${because}`
}
