/** The calls of CloudFormation that a stack's life needs, each with what may go wrong in it said by the field of ours that caused it. */
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation'
import type {
  Capability,
  CloudFormationClient,
  Stack,
  StackEvent,
  StackResourceSummary,
} from '@aws-sdk/client-cloudformation'
import { blocked, invalid, isDriverError } from '@larder/kit'
import { call, isRefusal, type Refusal } from '../account/call.ts'
import { createLookup, type Lookup } from '../lookup.ts'
import { digestOf } from '../naming.ts'
import type { WantedStack } from './wanted.ts'

export interface Stacks extends Lookup<Stack> {
  readonly client: CloudFormationClient
  /** Answers the stack's id; undefined: the name is taken, perhaps by an earlier call of ours. `token`: makes two calls one. */
  create(wanted: WantedStack, token: string, signal: AbortSignal): Promise<string | undefined>
  /** False: there is nothing to change. */
  update(stack: Stack, wanted: WantedStack, token: string, signal: AbortSignal): Promise<boolean>
  delete(stack: Stack, signal: AbortSignal): Promise<void>
  template(stack: Stack, signal: AbortSignal): Promise<string>
  /** Newest first, as far as one answer goes. */
  events(stack: Stack, signal: AbortSignal): Promise<readonly StackEvent[]>
  /** Those that it has begun with, as far as one answer goes; none where we may not know. */
  resources(stack: Stack, signal: AbortSignal): Promise<readonly StackResourceSummary[]>
}

export function openStacks(client: CloudFormationClient, now: () => number): Stacks {
  const lookup = createLookup<Stack>(
    { one: (name, signal) => describe(client, name, signal), all: (signal) => describeAll(client, signal), nameOf },
    now,
  )
  /** What is looked at while the call is under way may be of before it. */
  const changing = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } finally {
      lookup.changed(name)
    }
  }
  return {
    client,
    find: (name, signal, maxAgeMs) => lookup.find(name, signal, maxAgeMs),
    changed: (name) => lookup.changed(name),
    list: (signal) => lookup.list(signal),
    create: (wanted, token, signal) => changing(wanted.name, () => create(client, wanted, token, signal)),
    update: (stack, wanted, token, signal) => changing(wanted.name, () => update(client, stack, wanted, token, signal)),
    delete: (stack, signal) =>
      changing(nameOf(stack), async () => {
        await call('cloudformation:DeleteStack', () =>
          client.send(new DeleteStackCommand({ StackName: idOf(stack) }), { abortSignal: signal }),
        )
      }),
    async template(stack, signal) {
      const { TemplateBody } = await call('cloudformation:GetTemplate', () =>
        client.send(new GetTemplateCommand({ StackName: idOf(stack) }), { abortSignal: signal }),
      )
      return TemplateBody ?? ''
    },
    async events(stack, signal) {
      const { StackEvents = [] } = await call('cloudformation:DescribeStackEvents', () =>
        client.send(new DescribeStackEventsCommand({ StackName: idOf(stack) }), { abortSignal: signal }),
      )
      return StackEvents
    },
    resources: (stack, signal) => resources(client, stack, signal),
  }
}

const nameOf = ({ StackName = '' }: Stack): string => StackName
/** Never another stack of the same name. */
export const idOf = ({ StackId, StackName }: Stack): string => StackId ?? StackName ?? ''

async function describe(client: CloudFormationClient, name: string, signal: AbortSignal): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await call('cloudformation:DescribeStacks', () =>
      client.send(new DescribeStacksCommand({ StackName: name }), { abortSignal: signal }),
    )
    return stack
  } catch (error) {
    if (isRefusal(error, 'ValidationError') && /does not exist/.test(error.said)) return undefined
    throw error
  }
}

async function resources(
  client: CloudFormationClient,
  stack: Stack,
  signal: AbortSignal,
): Promise<readonly StackResourceSummary[]> {
  try {
    const { StackResourceSummaries = [] } = await call('cloudformation:ListStackResources', () =>
      client.send(new ListStackResourcesCommand({ StackName: idOf(stack) }), { abortSignal: signal }),
    )
    return StackResourceSummaries
  } catch (error) {
    // It only says more of what is known already.
    if (isRefusal(error) || (isDriverError(error) && error.code === 'denied')) return []
    throw error
  }
}

async function* describeAll(client: CloudFormationClient, signal: AbortSignal): AsyncIterable<readonly Stack[]> {
  let token: string | undefined
  do {
    const page = await call('cloudformation:DescribeStacks', () =>
      client.send(new DescribeStacksCommand({ NextToken: token }), { abortSignal: signal }),
    )
    yield page.Stacks ?? []
    token = page.NextToken
  } while (token !== undefined)
}

/** What creates and updates have in common. */
export function requestOf({ recipe, parameters, tags }: WantedStack) {
  return {
    ...(recipe.template === undefined ? { TemplateURL: recipe.templateURL } : { TemplateBody: recipe.template }),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    ...(recipe.capabilities && { Capabilities: [...recipe.capabilities] as Capability[] }),
    ...(recipe.roleARN !== undefined && { RoleARN: recipe.roleARN }),
    ...(recipe.notificationARNs && { NotificationARNs: [...recipe.notificationARNs] }),
  }
}

async function create(
  client: CloudFormationClient,
  wanted: WantedStack,
  token: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { timeoutMinutes } = wanted.recipe
  const command = new CreateStackCommand({
    StackName: wanted.name,
    ...requestOf(wanted),
    ...(timeoutMinutes !== undefined && { TimeoutInMinutes: timeoutMinutes }),
    ClientRequestToken: token,
  })
  try {
    const { StackId } = await call('cloudformation:CreateStack', () => client.send(command, { abortSignal: signal }), {
      mutates: true,
    })
    return StackId ?? wanted.name
  } catch (error) {
    if (isRefusal(error, 'AlreadyExists', 'TokenAlreadyExists')) return undefined
    throw withPath(error, wanted)
  }
}

async function update(
  client: CloudFormationClient,
  stack: Stack,
  wanted: WantedStack,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  const command = new UpdateStackCommand({ StackName: idOf(stack), ...requestOf(wanted), ClientRequestToken: token })
  try {
    await call('cloudformation:UpdateStack', () => client.send(command, { abortSignal: signal }))
    return true
  } catch (error) {
    if (isRefusal(error, 'ValidationError') && /No updates are to be performed/.test(error.said)) return false
    if (isRefusal(error, 'TokenAlreadyExists')) return true
    throw withPath(error, wanted)
  }
}

/** Which field of ours a refused request is about, as far as its words tell. */
export function withPath(error: unknown, { recipe }: Pick<WantedStack, 'recipe'>): unknown {
  if (isRefusal(error, 'InsufficientCapabilities')) return invalid('recipe.capabilities', error.message)
  if (!isRefusal(error, 'ValidationError')) return error
  if (/state and can ?not be updated/.test(error.said)) return blocked(error.message)
  return invalid(pathOf(error, recipe), error.message)
}

function pathOf({ said }: Refusal, { parameters, templateURL }: WantedStack['recipe']): string {
  const from = parameters === undefined ? 'parameters' : 'recipe.parameters'
  const named = /Parameters?:? '?\[?([A-Za-z0-9]+)\b.*(?:must|do not exist|constraint|values?)/.exec(said)?.[1]
  if (named !== undefined) return `${from}.${named}`
  if (/^Missing parameter|^Parameter/i.test(said)) return from
  return templateURL === undefined ? 'recipe.template' : 'recipe.templateURL'
}

const TOKEN_DIGEST_LENGTH = 40

/** The same for the same request to the same thing; of another stack of the name, or after a change, it is another one. */
export const tokenOf = (verb: string, generation: number, ...parts: readonly string[]): string =>
  `larder-${verb}-${generation}-${digestOf(...parts).slice(0, TOKEN_DIGEST_LENGTH)}`
