/**
 * Mistakes that somebody could make in the hub, each a change of one place of its source. The simulation must find every one; what it would
 * not find it does not guard. The table of docs/explanation/simulation.md is made of this list.
 */
export interface Mistake {
  readonly name: string
  /** What the code then does. */
  readonly does: string
  /** The promise that is broken. */
  readonly breaks: string
  /** Under packages/hub/src/. */
  readonly file: string
  /** What the simulation says of it; something else would be another mistake. */
  readonly found: RegExp
  /** Stands there exactly once. */
  readonly replaces: string
  readonly by: string
}

export const mistakes: readonly Mistake[] = [
  {
    name: 'never-revokes',
    does: 'lets a claim go without revoking its credentials',
    breaks: 'With the claim go its credentials.',
    file: 'controllers/claim/finalize.ts',
    found: /still lets in/,
    replaces: 'const revoked = await revokeCredentials(pass, hub)',
    by: 'const revoked = done as Outcome | NotRevoked',
  },
  {
    name: 'leaves-the-secret',
    does: 'lets a claim go and leaves its Secret',
    breaks: 'With the claim goes its Secret.',
    file: 'controllers/claim/finalize.ts',
    found: /is gone and left Secret/,
    replaces: 'await removeSecrets(pass)',
    by: 'removeSecrets.toString()',
  },
  {
    name: 'revokes-the-new',
    does: 'revokes the new credentials in place of the old',
    breaks: 'What is published works.',
    file: 'controllers/claim/revoke.ts',
    found: /was revoked while Secret/,
    replaces: 'const outcome = await revoke(pass, hub, predecessor)',
    by: 'const outcome = await revoke(pass, hub, pass.status.credential as never)',
  },
  {
    name: 'holds-by-claim',
    does: 'names the record of a hold by the claim and not by the thing alone',
    breaks: 'No two claims hold one exclusive thing.',
    file: 'controllers/claim/hold-record.ts',
    found: /are of two claims and open the same member|hold one instance only/,
    replaces: 'const record = resourceInstanceName(resourceRef)',
    by: 'const record = `${resourceInstanceName(resourceRef)}-${claimRef.name}`',
  },
  {
    name: 'skips-the-wipe',
    does: 'gives a recycled service to the next claim as the last one left it',
    breaks: 'No tenant sees what another left.',
    file: 'controllers/instance/wipe.ts',
    found: /was not wiped of what|is not wiped/,
    replaces: 'const ack = await session.wipe(currentWant(pass), pass.signal)',
    by: 'const ack: { againMs?: number } = {}',
  },
  {
    name: 'asks-no-policy',
    does: 'takes a namespace without any ClaimPolicy for one that permits everything',
    breaks: 'A tenant reaches only what policies allow.',
    file: 'controllers/claim/permission.ts',
    found: /no ClaimPolicy let it|must say NotPermitted|must say PoolEmpty/,
    replaces: "if (policies.length === 0) return 'no'",
    by: "if (policies.length === 0) return 'yes'",
  },
  {
    name: 'overwrites-secrets',
    does: 'puts credentials into a Secret that somebody else made',
    breaks: 'What is not ours is not touched.',
    file: 'controllers/claim/publish-binding.ts',
    found: /somebody else's and was (overwritten|deleted)/,
    replaces:
      'if (existing && !isOurs(existing, pass.object)) throw nameTaken(name, pass.object.metadata.namespace)\n  return existing',
    by: 'return existing',
  },
  {
    name: 'names-the-foreign',
    does: 'goes on naming the Secret of a claim where somebody else has one in its place',
    breaks: 'Whom status names, the claim owns.',
    file: 'controllers/claim/secret-name.ts',
    found: /names Secret .* somebody else's/,
    replaces: 'if (pass.status.binding && isForeign(pass, pass.status.binding.name)) delete pass.status.binding',
    by: 'isForeign.toString()',
  },
  {
    name: 'deletes-in-use',
    does: 'removes the service of an instance that somebody deleted while a claim holds it',
    breaks: 'Nothing in use is removed.',
    file: 'controllers/instance/finalize.ts',
    found: /was removed outside while Claim/,
    replaces: 'if (held) return whileUsed(pass, hub, held)',
    by: 'whileUsed.toString()',
  },
  {
    name: 'hides-the-lost',
    does: 'goes on as if a service that is gone outside were there',
    breaks: 'No failure is without a status.',
    file: 'controllers/instance/settle-outside.ts',
    found: /must say ServiceLost/,
    replaces: 'function makeIt(pass: InstancePass): Promise<Next> {\n  if (wasMade(pass)) {',
    by: 'function makeIt(pass: InstancePass): Promise<Next> {\n  if (wasMade(pass) && pass.hash === undefined) {',
  },
  {
    name: 'deletes-the-weak',
    does: 'removes a service in use because its backend says for a moment that it failed',
    breaks: 'Nothing is removed because something flickered.',
    file: 'controllers/instance/settle-outside.ts',
    found: /was removed outside while Claim/,
    replaces: "if (wasMade(pass) || (pass.object.spec.existing ?? 'Refuse') !== 'Refuse')",
    by: "if ((pass.object.spec.existing ?? 'Refuse') !== 'Refuse')",
  },
  {
    name: 'logs-secrets',
    does: 'logs what a driver throws as it is',
    breaks: 'No secret value is in a log.',
    file: 'controllers/session/make-call.ts',
    found: /a secret value is in the log/,
    replaces: 'error: redact(errorChain(error))',
    by: 'error: errorChain(error)',
  },
  {
    name: 'says-no-cause',
    does: 'leaves the cause out of the status of what is not ready',
    breaks: 'No failure is without a status.',
    file: 'controllers/reporting.ts',
    found: /is not Ready and says no cause/,
    replaces: "if (settled.type === 'done') delete status.cause",
    by: "if (settled.type !== 'stalled') delete status.cause",
  },
  {
    name: 'ignores-edits',
    does: 'keeps an instance as its claim first asked',
    breaks: 'At rest, a claim has what it asks.',
    file: 'controllers/claim/hold-instance.ts',
    found: /has (plan|lid) .* and asks/,
    replaces: 'if (held.metadata.annotations?.[RESOLVED_FROM] === generation) return done',
    by: 'if (generation !== undefined) return done',
  },
  {
    name: 'writes-at-rest',
    does: 'writes the time of every probe',
    breaks: 'In sync, nothing is written.',
    file: 'controllers/backend/reconcile.ts',
    found: /writes on and on/,
    replaces:
      'if (equalJson(pass.object.status?.info, told) && pass.object.status?.lastProbeTime !== undefined) return done',
    by: 'if (!equalJson(told, told)) return done',
  },
]
