/**
 * Namespaces full of Secrets, policies and claims, a hub over them, and people who change all of it at the same time. The store is the one
 * on disk: its commits let people and hub take turns, where one in memory would answer the hub until nothing is left to do.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterRoleType, namespaceType, secretType } from '@larder/engine/client/builtin'
import type { Client } from '@larder/engine/client/client'
import { isApiError } from '@larder/engine/machinery/status'
import { openLibsqlStore } from '@larder/engine/storage/libsql/store'
import { servicesToolkit } from '../../../packages/hub/src/dialects/services-toolkit/door.ts'
import {
  resourceClaimPolicyType,
  resourceClaimType,
  type ResourceClaimPolicy,
} from '../../../packages/hub/src/dialects/services-toolkit/kinds.ts'
import { testHub, type TestHub } from '../../../packages/hub/src/controllers/testing/hub.ts'
import { poolDriver } from '../../../packages/hub/src/drivers/pool/driver.ts'
import { claimKind } from '../../../packages/hub/src/model/claim.ts'
import { instanceKind, type Instance } from '../../../packages/hub/src/model/instance.ts'
import { createDice, type Dice } from '../hub/dice.ts'
import { isPermitted, readyOf, type Sight } from './mistakes.ts'

export interface Town {
  /** So many claims, each in some namespace and for some Secret. */
  claim(count: number): Promise<void>
  /** So many attempts to change policies, Secrets and claims; those that came to something. */
  unrest(count: number): Promise<number>
  /** What was taken away meanwhile is there again. */
  calm(): Promise<void>
  look(): Promise<Sight>
  census(): Promise<{ readonly ready: number; readonly waiting: number; readonly forbidden: number }>
  /** Over the whole history: records that changed hands. */
  heldByTwo(): readonly string[]
  stop(): Promise<void>
}

interface Place {
  readonly namespace: string
  readonly name: string
}

const TIERS = ['gold', 'silver', 'lead']
/** At the same time. */
const HANDS = 8
/** Of a hand, after each change: so that what changes does so for as long as the hub is at work. */
const REST_MS = 40

export async function startTown(size: { seed: number; namespaces: number; secrets: number }): Promise<Town> {
  const dice = createDice(size.seed)
  const dir = mkdtempSync(join(tmpdir(), 'larder-town-'))
  const store = await openLibsqlStore({ dir })
  const hub = await testHub({ drivers: [poolDriver()], doors: [servicesToolkit], store })
  await hub.start()
  const namespaces = Array.from({ length: size.namespaces }, (_, i) => `team-${i}`)
  const secrets = Array.from({ length: size.secrets }, (_, i) => ({
    namespace: namespaces[i % namespaces.length]!,
    name: `creds-${i}`,
  }))
  await hub.admin.of(clusterRoleType).create(READER)
  for (const name of namespaces) await hub.admin.of(namespaceType).create({ metadata: { name } })
  const people = new People(hub.admin, dice.fork(), namespaces, secrets)
  await spread(secrets, (place) => people.bring(place))
  await spread(namespaces, (namespace) => people.permit(namespace, 'first'))
  const town = townOf(hub, people, dice)
  return {
    ...town,
    async stop() {
      await hub.stop()
      await store.close()
      rmSync(dir, { recursive: true })
    },
  }
}

const READER = {
  metadata: { name: 'stk-secret-reader', labels: { 'servicebinding.io/controller': 'true' } },
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
}

function townOf(hub: TestHub, people: People, dice: Dice): Omit<Town, 'stop'> {
  const { admin } = hub
  const look = async (): Promise<Sight> => {
    const [claims, core, records, policies, secrets] = await Promise.all([
      admin.of(resourceClaimType).list(),
      admin.of(claimKind).list(),
      admin.of(instanceKind).list(),
      admin.of(resourceClaimPolicyType).list(),
      admin.of(secretType).list(),
    ])
    const teams = secrets.items.filter(({ metadata }) => metadata.namespace?.startsWith('team-'))
    return { claims: claims.items, core: core.items, records: records.items, policies: policies.items, secrets: teams }
  }
  return {
    claim: (count) => spread(numbers(count), (i) => people.claim(`claim-${i}`)),
    async unrest(count) {
      let changes = 0
      await spread(numbers(count), async () => {
        if (await people.change(dice)) changes++
        await new Promise((resolve) => setTimeout(resolve, REST_MS))
      })
      return changes
    },
    calm: () => people.calm(),
    look,
    async census() {
      const sight = await look()
      const ready = sight.claims.filter((claim) => readyOf(claim)?.status === 'True').length
      const forbidden = sight.claims.filter((claim) => !isPermitted(claim, sight)).length
      return { ready, forbidden, waiting: sight.claims.length - ready - forbidden }
    },
    heldByTwo: () => changedHands(hub),
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

async function spread<T>(work: readonly T[], doIt: (one: T) => Promise<unknown>): Promise<void> {
  const rest = work.values()
  const hand = async () => {
    for (const one of rest) await doIt(one)
  }
  await Promise.all(Array.from({ length: HANDS }, hand))
}

/** A record is one hold from its creation to its end: the name may come again, the uid not. */
function changedHands(hub: TestHub): readonly string[] {
  const holders = new Map<string, string>()
  const changed: string[] = []
  for (const object of hub.everything()) {
    if (object.kind !== 'Instance') continue
    const { metadata, spec } = object as Instance
    const now = spec.claimRef?.uid ?? ''
    const before = holders.get(metadata.uid ?? '') ?? now
    if (before !== now) changed.push(metadata.name)
    holders.set(metadata.uid ?? '', now)
  }
  return changed
}

class People {
  readonly #admin: Client
  readonly #dice: Dice
  readonly #namespaces: readonly string[]
  readonly #secrets: readonly Place[]
  readonly #claims: Place[] = []
  /** Secrets that somebody took away. */
  readonly #away = new Set<Place>()
  #passwords = 0

  constructor(admin: Client, dice: Dice, namespaces: readonly string[], secrets: readonly Place[]) {
    this.#admin = admin
    this.#dice = dice
    this.#namespaces = namespaces
    this.#secrets = secrets
  }

  async bring({ namespace, name }: Place): Promise<void> {
    const labels = { tier: this.#dice.pick(TIERS) }
    const stringData = { type: 'redis', password: `made-up-${++this.#passwords}` }
    await this.#admin
      .of(secretType)
      .create({ metadata: { name, namespace, labels }, type: 'servicebinding.io/redis', stringData })
  }

  async permit(namespace: string, name: string): Promise<void> {
    await this.#admin.of(resourceClaimPolicyType).create({ metadata: { name, namespace }, spec: this.#policy() })
  }

  async claim(name: string): Promise<void> {
    const namespace = this.#dice.pick(this.#namespaces)
    await this.#admin
      .of(resourceClaimType)
      .create({ metadata: { name, namespace }, spec: { ref: this.#ref(namespace) } })
    this.#claims.push({ namespace, name })
  }

  #ref(namespace: string) {
    const target = this.#dice.pick(this.#secrets)
    // In its own namespace it may leave that out.
    return { apiVersion: 'v1', kind: 'Secret', name: target.name, ...(target.namespace !== namespace && target) }
  }

  #policy(): ResourceClaimPolicy['spec'] {
    const all = this.#dice.chance(0.3)
    const some = this.#namespaces.filter(() => this.#dice.chance(0.6))
    const names = this.#secrets.filter(() => this.#dice.chance(0.5)).map(({ name }) => name)
    return {
      consumingNamespaces: all ? ['*'] : some,
      subject: {
        group: '',
        kind: 'Secret',
        ...(this.#dice.chance(0.5) && { selector: { matchLabels: { tier: this.#dice.pick(TIERS) } } }),
        ...(this.#dice.chance(0.2) && { resourceNames: names.slice(0, 1000) }),
      },
    }
  }

  /** False when another was quicker. */
  async change(dice: Dice): Promise<boolean> {
    const ways = [
      () => this.#changePolicy(dice),
      () => this.#changePolicy(dice),
      () => this.#relabel(dice),
      () => this.#rotate(dice),
      () => this.#takeAway(dice),
      () => this.#bringBack(),
      () => this.#editClaim(dice),
      () => this.#replaceClaim(dice),
    ]
    try {
      return await dice.pick(ways)()
    } catch (error) {
      if (isApiError(error, 'NotFound') || isApiError(error, 'AlreadyExists') || isApiError(error, 'Conflict'))
        return false
      throw error
    }
  }

  async #changePolicy(dice: Dice): Promise<boolean> {
    const policies = this.#admin.of(resourceClaimPolicyType)
    const [namespace, name] = [dice.pick(this.#namespaces), dice.pick(['first', 'second'])]
    const there = await policies.find(name, namespace)
    if (!there) await this.permit(namespace, name)
    else if (dice.chance(0.3)) await policies.delete(name, { namespace })
    else await policies.update({ ...there, spec: this.#policy() })
    return true
  }

  async #relabel(dice: Dice): Promise<boolean> {
    const { name, namespace } = dice.pick(this.#secrets)
    await this.#admin.of(secretType).patch(name, { metadata: { labels: { tier: dice.pick(TIERS) } } }, { namespace })
    return true
  }

  async #rotate(dice: Dice): Promise<boolean> {
    const { name, namespace } = dice.pick(this.#secrets)
    const stringData = { password: `made-up-${++this.#passwords}` }
    await this.#admin.of(secretType).patch(name, { stringData }, { namespace })
    return true
  }

  async #takeAway(dice: Dice): Promise<boolean> {
    const place = dice.pick(this.#secrets)
    if (this.#away.has(place)) return false
    await this.#admin.of(secretType).delete(place.name, { namespace: place.namespace })
    this.#away.add(place)
    return true
  }

  async #bringBack(): Promise<boolean> {
    const [place] = this.#away
    if (!place) return false
    this.#away.delete(place)
    await this.bring(place)
    return true
  }

  async #editClaim(dice: Dice): Promise<boolean> {
    if (this.#claims.length === 0) return false
    const { name, namespace } = dice.pick(this.#claims)
    const { name: target, namespace: home } = dice.pick(this.#secrets)
    await this.#admin
      .of(resourceClaimType)
      .patch(name, { spec: { ref: { name: target, namespace: home } } }, { namespace })
    return true
  }

  async #replaceClaim(dice: Dice): Promise<boolean> {
    if (this.#claims.length === 0) return false
    const { name, namespace } = dice.pick(this.#claims)
    const claims = this.#admin.of(resourceClaimType)
    const there = await claims.find(name, namespace)
    if (!there || there.metadata.deletionTimestamp !== undefined) return false
    await claims.delete(name, { namespace })
    for (let i = 0; i < 500 && (await claims.find(name, namespace)); i++)
      await new Promise((resolve) => setTimeout(resolve, 10))
    await claims.create({ metadata: { name, namespace }, spec: there.spec })
    return true
  }

  async calm(): Promise<void> {
    while (await this.#bringBack());
  }
}
