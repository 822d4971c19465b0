/**
 * The rules of docs/contracts/driver.md as functions that any test runner can loop over:
 *
 * ```ts
 * for (const { rule, title, run } of conformance(harness)) test(`${rule} ${title}`, run)
 * ```
 *
 * What a driver does not support is no gap in the list: the harness says so with a reason, and the case then checks
 * that the driver indeed has no such verb.
 */
import assert from 'node:assert/strict'
import type { Log, Session } from '../driver.ts'
import { isDriverError } from '../errors.ts'
import type { Ability, Harness, Rule } from './harness.ts'
import { ATTACKS } from './attacks.ts'
import { FINDING } from './finding.ts'
import { CASES } from './rules.ts'
import type { Case } from './rules.ts'

export type { Ability, Harness, Rule, Stage } from './harness.ts'

const OPTIONAL_VERBS: readonly Ability[] = ['update', 'plan', 'discover', 'wipe', 'watch']

export function conformance(harness: Harness): readonly Rule[] {
  return [
    ...[...CASES, ...ATTACKS, ...FINDING].map((c) => ruleOf(harness, c)),
    ...OPTIONAL_VERBS.map((verb) => verbRule(harness, verb)),
    traitRule(harness),
  ]
}

function ruleOf(harness: Harness, { rule, title, needs, run }: Case): Rule {
  const needed = needs === undefined ? [] : [needs].flat()
  const support = needed.map((ability) => harness.supports[ability]).find((answer) => answer !== true)
  if (support !== undefined) {
    return { rule, title: `${title} (not supported: ${support})`, run: () => assertReasoned(support) }
  }
  return {
    rule,
    title,
    async run() {
      const said: string[] = []
      const stage = await harness.open(recordingLog(said))
      try {
        const session = checkedSession(stage.session, said)
        await run({ stage: { ...stage, session }, harness, said: () => said.join('\n') })
      } finally {
        await stage.close()
      }
    },
  }
}

/** The record of what is supported is true in both directions. */
function verbRule(harness: Harness, verb: Ability): Rule {
  const support = harness.supports[verb]
  return {
    rule: 'D19',
    title: support === true ? `has the verb ${verb}` : `has no verb ${verb}: ${support}`,
    async run() {
      const stage = await harness.open(recordingLog([]))
      try {
        assert.equal(verb in stage.session, support === true)
      } finally {
        await stage.close()
      }
    },
  }
}

/** Whether a driver makes or finds is what its traits say. */
function traitRule(harness: Harness): Rule {
  const { supports } = harness
  return {
    rule: 'D19',
    title: supports.provisions === true ? 'makes its services' : 'finds its services',
    async run() {
      assert.notEqual(
        supports.provisions === true,
        supports.finds === true,
        'a driver makes its services or finds them',
      )
      const stage = await harness.open(recordingLog([]))
      try {
        assert.equal(stage.driver.traits(stage.recipe).provisions, supports.provisions === true)
      } finally {
        await stage.close()
      }
    },
  }
}

async function assertReasoned(reason: string): Promise<void> {
  assert.notEqual(reason.trim(), '', 'what is not supported needs a reason')
}

function recordingLog(said: string[]): Log {
  const write = (message: string, fields?: object): void => {
    said.push(`${message} ${JSON.stringify(fields ?? {})}`)
  }
  return { debug: write, info: write, warn: write }
}

/** D14 and D20: what a verb throws is an error of the kit or the abort itself, and its text counts as said. */
function checkedSession(session: Session, said: string[]): Session {
  const checked = async <T>(verb: string, answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      said.push(chainOf(error))
      const isAbort = error instanceof Error && error.name === 'AbortError'
      assert.ok(isAbort || isDriverError(error), `D20: ${verb} threw no error of the kit: ${chainOf(error)}`)
      throw error
    }
  }
  // Each verb is called on the session itself: a driver may well write one as a class.
  const { plan, update, discover, wipe, watch } = optionalVerbs(session)
  return {
    probe: (s) => checked('probe', session.probe(s)),
    observe: (w, s) => checked('observe', session.observe(w, s)),
    create: (w, s) => checked('create', session.create(w, s)),
    delete: (w, s) => checked('delete', session.delete(w, s)),
    bind: (w, c, s) => checked('bind', session.bind(w, c, s)),
    unbind: (w, c, s) => checked('unbind', session.unbind(w, c, s)),
    ...(plan ? { plan: (w, s) => checked('plan', plan(w, s)) } : {}),
    ...(update ? { update: (w, s) => checked('update', update(w, s)) } : {}),
    ...(discover ? { discover } : {}),
    ...(wipe ? { wipe: (w, s) => checked('wipe', wipe(w, s)) } : {}),
    ...(watch ? { watch: (changed, s) => checked('watch', watch(changed, s)) } : {}),
  }
}

function optionalVerbs(session: Session): Pick<Session, 'plan' | 'update' | 'discover' | 'wipe' | 'watch'> {
  return {
    ...(session.plan ? { plan: session.plan.bind(session) } : {}),
    ...(session.update ? { update: session.update.bind(session) } : {}),
    ...(session.discover ? { discover: session.discover.bind(session) } : {}),
    ...(session.wipe ? { wipe: session.wipe.bind(session) } : {}),
    ...(session.watch ? { watch: session.watch.bind(session) } : {}),
  }
}

function chainOf(error: unknown): string {
  return error instanceof Error
    ? `${error.message} ${error.cause === undefined ? '' : chainOf(error.cause)}`
    : String(error)
}
