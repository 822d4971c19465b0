/** The hub is no administrator: what its ClusterRole does not list stops it, where people can see why. */
import { asJson } from '@larder/engine/machinery/object'
import type { PolicyRule } from '@larder/engine/client/builtin'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimKind } from '../model/claim.ts'
import { hubUser } from '../samples/rbac.ts'
import type { TestHub } from './testing/hub.ts'
import { shelfHub } from './testing/shelf-hub.ts'

interface ClusterRole extends KubeObject {
  readonly rules: readonly PolicyRule[]
}
const clusterRoleType: ResourceType<ClusterRole> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
}

let hub: TestHub
beforeEach(async () => {
  ;({ hub } = await shelfHub())
  await hub.service('jars')
})
afterEach(() => hub.stop())

const role = () => hub.admin.of(clusterRoleType)
const setRules = (rules: readonly PolicyRule[]) =>
  role().patch('larder:hub', { rules: rules.map((rule) => ({ ...rule })) })

/** Takes the verbs on the resource away; returns what was there. */
async function without(resource: string, verbs: readonly string[]): Promise<readonly PolicyRule[]> {
  const { rules } = await role().get('larder:hub')
  await setRules(
    rules.map((rule) =>
      rule.resources?.includes(resource)
        ? { ...rule, verbs: rule.verbs.filter((verb) => !verbs.includes(verb)) }
        : rule,
    ),
  )
  return rules
}

const findClaim = () => hub.admin.of(claimKind).find('jar', 'shop')
const refusedCause = () =>
  hub.until('the claim to say what the API refused', async () => {
    const cause = (await findClaim())?.status?.cause
    return cause?.reason === 'ApiRefused' ? cause : undefined
  })

describe('a right that is taken away', () => {
  test.each(['secrets', 'instances'])(
    'to create %s is the cause of the claim, which heals when it is given back',
    async (resource) => {
      const rules = await without(resource, ['create'])
      await hub.claim('jar', { className: 'jars' })
      const { message } = await refusedCause()
      expect(message).toMatch(
        ` is forbidden: User "${hubUser.name}" cannot create resource "${resource}" in API group `,
      )
      await setRules(rules)
      const claim = await hub.ready('jar')
      expect(asJson(claim)['status']).not.toHaveProperty('cause')
    },
  )

  test('to delete Secrets keeps the claim, marked, until it is given back', async () => {
    await hub.claim('jar', { className: 'jars' })
    await hub.ready('jar')
    const rules = await without('secrets', ['delete', 'update', 'patch'])
    await hub.admin.of(claimKind).delete('jar', { namespace: 'shop' })
    expect((await refusedCause()).message).toMatch(/^secrets "jar" is forbidden: /)
    await setRules(rules)
    await hub.until('the claim to go', async () => ((await findClaim()) ? undefined : true))
  })
})
