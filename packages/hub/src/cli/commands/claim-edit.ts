/** Changes a claim that exists. The claim can be used all the time: what is refused changes nothing. */
import type { JsonObject } from '@larder/engine/base/json'
import { claimKind, type Claim } from '../../model/claim.ts'
import { causeOf } from '../../model/cause.ts'
import type { OptionValues, Run } from '../command.ts'
import { withApi } from '../connect.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { printObjects } from '../print.ts'
import { watchUntil } from '../watch-until.ts'
import { parseParameters, printing, waitMs } from './claim.ts'

export const run: Run = async ({ args, options }, terminal) => {
  const name = args[0]!
  const spec = await changesOf(options)
  await withApi(options, terminal, async ({ client, namespace }) => {
    const claim = await client.of(claimKind).patch(name, { spec }, { namespace, fieldManager: 'larder' })
    if (options.output === undefined) terminal.out(`claim.larder.dev/${name} edited\n`)
    else await printObjects([claim], printing(options), terminal)
    if (!options.wait) return terminal.note(`Next  larder why claim/${name} -n ${namespace}\n`)
    await watchUntil<Claim, true>(client, terminal, {
      type: claimKind,
      name,
      namespace,
      timeoutMs: waitMs(options),
      what: `claim ${namespace}/${name} to be as asked`,
      look: (now) => lookAt(now, claim.metadata.generation ?? 0),
    })
    terminal.note(`claim ${namespace}/${name} is as asked\n`)
  })
}

async function changesOf({ plan, role, param = [] }: OptionValues): Promise<JsonObject> {
  const parameters = await parseParameters(param)
  const spec = {
    ...(plan !== undefined && { plan }),
    ...(role !== undefined && { role }),
    ...(param.length > 0 && { parameters }),
  }
  if (Object.keys(spec).length > 0) return spec
  throw new CommandFailed(EXIT.usage, 'nothing to change', { next: '--plan PLAN, --role ROLE or -p KEY=VALUE' })
}

/** Done when a status of this generation says nothing of work or refusal. A claim that is Ready may still refuse its change. */
function lookAt(claim: Claim | undefined, generation: number): true | undefined {
  if (!claim) throw new CommandFailed(EXIT.notFound, 'the claim was deleted meanwhile')
  const { status, metadata } = claim
  if ((status?.observedGeneration ?? 0) < generation) return undefined
  const open = (type: string) => status?.conditions?.find((c) => c.type === type && c.status === 'True')
  const stalled = open('Stalled')
  if (stalled) {
    const { next } = causeOf(stalled.reason, stalled.message, { kind: 'Claim', ...metadata })
    throw new CommandFailed(EXIT.failedWhileWaiting, `the change was refused: ${stalled.reason}`, {
      why: stalled.message,
      next,
    })
  }
  return open('Reconciling') || !open('Ready') ? undefined : true
}
