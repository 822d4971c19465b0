/**
 * As whom a hub speaks to a cluster.
 *
 * What it does of its own accord it does as its ServiceAccount: a pod has that account's token; whoever starts a hub with a kubeconfig
 * of their own, and may, has it act as that account (`Impersonate-User`), so that it can do no more here than in production. What
 * a driver reads in the cluster it reads as the ServiceAccount of its Backend, in the same way. docs/adr/0005 says why not by tokens.
 */
import { resolve } from 'node:path'
import { createClient, type Client } from '@larder/engine/client/client'
import { httpsTransport } from '@larder/engine/client/https'
import { KubeconfigError, loadKubeconfig, type LoadedKubeconfig } from '@larder/engine/client/kubeconfig'
import type { JsonObject } from '@larder/engine/base/json'
import type { Transport } from '@larder/engine/machinery/call'
import { isNotFound } from '@larder/engine/machinery/status'
import type { OptionValues } from '../../cli/command.ts'
import { CommandFailed, EXIT } from '../../cli/failure.ts'
import type { Terminal } from '../../cli/terminal.ts'
import type { HubOptions } from '../../controllers/hub.ts'
import { accountUser, hubAccount, hubUser } from '../../samples/rbac.ts'

export interface ClusterAccess {
  readonly url: string
  /** With all rights of the kubeconfig. */
  readonly own: Client
  /** Whose those are, `kubernetes-admin`; undefined on a cluster too old to say. */
  readonly ownName: string | undefined
  /** With the rights of the hub. */
  readonly hub: Client
  /** Whose those are. */
  readonly hubName: string | undefined
  readonly transportOf: HubOptions['transportOf']
  close(): Promise<void>
}

/** `--kubeconfig`, else `KUBECONFIG`, else `~/.kube/config`, else the pod's ServiceAccount. */
export async function clusterConfiguration(
  options: Pick<OptionValues, 'kubeconfig'>,
  terminal: Pick<Terminal, 'env' | 'cwd'>,
): Promise<LoadedKubeconfig> {
  const { kubeconfig } = options
  const path = kubeconfig === undefined ? {} : { path: resolve(terminal.cwd, kubeconfig) }
  try {
    return await loadKubeconfig({ ...path, env: terminal.env })
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error
    throw new CommandFailed(EXIT.failed, error.message, {
      next: 'say which cluster with --kubeconfig FILE',
      cause: error,
    })
  }
}

export async function openClusterAccess(config: LoadedKubeconfig): Promise<ClusterAccess> {
  const opened = new Map<string, Transport>()
  const transportAs = (impersonate: string | undefined): Transport => {
    const known = opened.get(impersonate ?? '')
    if (known) return known
    const fresh = httpsTransport({ ...config, userAgent: 'larder-hub', impersonate })
    opened.set(impersonate ?? '', fresh)
    return fresh
  }
  const close = async () => {
    await Promise.all([...opened.values()].map((transport) => transport.close()))
  }
  try {
    const own = createClient(transportAs(undefined))
    const ownName = await whoAmI(own)
    const actsAsHub = ownName !== hubUser.name && (await may(own, 'impersonate', HUB_ACCOUNT))
    return {
      url: config.url,
      own,
      ownName,
      hub: actsAsHub ? createClient(transportAs(hubUser.name)) : own,
      hubName: actsAsHub ? hubUser.name : ownName,
      transportOf: (account) => transportAs(accountUser(account).name),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const HUB_ACCOUNT = { resource: 'serviceaccounts', ...hubAccount }

export interface Asked {
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

/** Whether the user of that client may. */
export async function may(client: Client, verb: string, asked: Asked): Promise<boolean> {
  const review = await ask(
    client,
    { group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' },
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, ...asked } },
    },
  )
  return (review['status'] as { allowed?: boolean } | undefined)?.allowed === true
}

async function whoAmI(client: Client): Promise<string | undefined> {
  try {
    const review = await ask(
      client,
      { group: 'authentication.k8s.io', resource: 'selfsubjectreviews' },
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      },
    )
    return (review['status'] as { userInfo?: { username?: string } } | undefined)?.userInfo?.username
  } catch (error) {
    // Kubernetes before 1.28 does not tell.
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function ask(client: Client, target: { group: string; resource: string }, body: JsonObject): Promise<JsonObject> {
  const answer = await client.transport.call({ verb: 'create', target: { ...target, version: 'v1' }, body })
  return answer as unknown as JsonObject
}
