/** Doors by name, and a hub on a cluster that serves one with the rights of its installation and no more. */
import {
  clusterRoleType,
  namespaceType,
  roleBindingType,
  secretType,
  serviceAccountType,
} from '@larder/engine/client/builtin'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { loadKubeconfig } from '@larder/engine/client/kubeconfig'
import type { Transport } from '@larder/engine/machinery/call'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CommandFailed } from '../cli/failure.ts'
import { carvelPasswordKind, passwordKind, secretTemplateKind } from '../companions/secretgen/kinds.ts'
import { applyAll, clusterManifests } from '../samples/install.ts'
import { hubAccount, hubUser } from '../samples/rbac.ts'
import { doorNames, openDoors } from './doors.ts'
import { bareCluster, type BareCluster, type RunningClusterHub } from './testing/cluster.ts'

describe('--doors', () => {
  const all = doorNames({}, 'all')

  test('names doors, each once; none is nothing, and without it an embedded hub serves all and another none', () => {
    expect(all).toContain('secretgen')
    expect(doorNames({}, 'none')).toEqual([])
    expect(doorNames({ doors: 'none' }, 'all')).toEqual([])
    expect(doorNames({ doors: 'secretgen, secretgen' }, 'none')).toEqual(['secretgen'])
  })

  test.each(['cellar', 'secretgen,cellar', 'secretgen,none', ''])('%s is refused, and told what there is', (doors) => {
    expect(() => doorNames({ doors }, 'all')).toThrow(CommandFailed)
    expect(() => doorNames({ doors }, 'all')).toThrow(/^--doors: there is no door "(cellar|none|)"$/)
  })

  test('each opens as a door of that name, whose roles and kinds are its own', async () => {
    const doors = await openDoors(all)
    expect(doors.map(({ name }) => name)).toEqual(all)
    const names = doors.flatMap((door) => [
      ...door.definitions().map(({ metadata }) => metadata.name),
      ...door.roles.map(({ name }) => name),
    ])
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('on a cluster', () => {
  let cluster: BareCluster
  let hub: RunningClusterHub
  beforeAll(async () => {
    cluster = await bareCluster()
    await applyAll(cluster.admin, clusterManifests())
    await cluster.admin.of(namespaceType).create({ metadata: { name: 'shop' } })
  })
  const opened: Transport[] = []
  afterAll(async () => {
    for (const transport of opened) await transport.close()
    await cluster.close()
  })

  const until = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`waited for ${what}\n${hub.log.join('')}`)
  }
  const secret = (name: string) => until(`Secret ${name}`, () => cluster.admin.of(secretType).find(name, 'shop'))
  /** By the role of Kubernetes that administers a namespace, and no more. */
  async function administratorOf(namespace: string): Promise<Client> {
    const boss = { name: 'boss', namespace }
    await cluster.admin.of(serviceAccountType).create({ metadata: boss })
    await cluster.admin.of(roleBindingType).create({
      metadata: boss,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
      subjects: [{ kind: 'ServiceAccount', ...boss }],
    })
    const transport = httpsTransport(await loadKubeconfig({ path: await cluster.kubeconfigOf(boss), env: {} }))
    opened.push(transport)
    return createClient(transport)
  }
  const hubRules = async () => (await cluster.admin.of(clusterRoleType).get('larder:hub')).rules ?? []

  test('that was installed without it, a door is refused by the kinds that it lacks', async () => {
    const kubeconfig = await cluster.kubeconfigOf(hubAccount)
    const refused = await cluster.hub(kubeconfig, { doors: 'secretgen' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      why: expect.stringContaining('CustomResourceDefinition passwords.secretgen.carvel.dev') as string,
      next: expect.stringContaining('larder install --doors secretgen --kubeconfig FILE') as string,
    })
    expect(JSON.stringify(await hubRules())).not.toContain('secretgen')
  })

  test('with its part of the installation it works, over the token of the hub alone', async () => {
    await applyAll(cluster.admin, clusterManifests(await openDoors(['secretgen'])))
    hub = await cluster.hub(await cluster.kubeconfigOf(hubAccount), { doors: 'secretgen' })
    const { admin } = cluster
    await admin.of(carvelPasswordKind).create({ metadata: { name: 'creds', namespace: 'shop' } })
    await secret('creds')
    await admin.of(roleBindingType).create({
      metadata: { name: 'reader', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'shop' }],
    })
    const template = await admin.of(secretTemplateKind).create({
      metadata: { name: 'copy', namespace: 'shop' },
      spec: {
        serviceAccountName: 'reader',
        inputResources: [{ name: 'creds', ref: { apiVersion: 'v1', kind: 'Secret', name: 'creds' } }],
        template: { data: { password: '$(.creds.data.password)' } },
      },
    })
    const asked = 'bind ClusterRole larder:secretgen:accounts to ServiceAccount larder-system/larder in this namespace'
    await until('the template to say what it lacks', async () => {
      const { status } = await admin.of(secretTemplateKind).get(template.metadata.name, 'shop')
      return status?.conditions?.[0]?.message?.endsWith(asked) ? true : undefined
    })
    await (await administratorOf('shop')).of(roleBindingType).create({
      metadata: { name: 'larder-secretgen', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'larder:secretgen:accounts' },
      subjects: [{ kind: 'ServiceAccount', ...hubAccount }],
    })
    expect((await secret('copy')).data).toEqual((await secret('creds')).data)
    await admin.of(passwordKind).delete('creds', { namespace: 'shop' })
    await until('the password to go', async () =>
      (await admin.of(carvelPasswordKind).find('creds', 'shop')) ? undefined : true,
    )
    const refused = cluster.asked.filter(({ user, isAllowed }) => user === hubUser.name && !isAllowed)
    expect([...new Set(refused.map(({ verb, namespace, name }) => `${verb} ${namespace}/${name}`))]).toEqual([
      'impersonate shop/reader',
    ])
  })

  test('that is installed without it again, its rights are gone', async () => {
    await hub.stop()
    await applyAll(cluster.admin, clusterManifests())
    expect(JSON.stringify(await hubRules())).not.toContain('secretgen')
  })
})
