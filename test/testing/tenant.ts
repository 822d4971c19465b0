import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hub } from './hub.ts'
import { eventually } from './processes.ts'

/** A kubeconfig with nothing but the token of a new ServiceAccount, which has a ClusterRole in its one namespace. */
export async function tenantKubeconfig(hub: Hub, namespace: string, clusterRole: string): Promise<string> {
  const name = `dev-${clusterRole}`
  await hub.ok(['create', 'serviceaccount', name, '-n', namespace])
  await hub.ok([
    'create',
    'rolebinding',
    name,
    `--clusterrole=${clusterRole}`,
    `--serviceaccount=${namespace}:${name}`,
    '-n',
    namespace,
  ])
  const user = `--as=system:serviceaccount:${namespace}:${name}`
  await eventually('the role to hold', async () => {
    const { stdout } = await hub.kubectl(['auth', 'can-i', 'get', 'claims.larder.dev', '-n', namespace, user])
    return stdout.trim() === 'yes' || undefined
  })
  const token = (await hub.ok(['create', 'token', name, '-n', namespace])).trim()
  const config = JSON.parse(await hub.ok(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
    users: { user: object }[]
  }
  config.users[0]!.user = { token }
  const file = join(hub.dir, `${namespace}-${name}.kubeconfig`)
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
