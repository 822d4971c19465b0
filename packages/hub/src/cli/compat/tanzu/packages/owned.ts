/** What `package install` makes beside a PackageInstall, so that `installed delete` finds it again: by name, and by an annotation that says whose. */
import { clusterRoleBindingType, clusterRoleType, secretType, serviceAccountType } from '@larder/engine/client/builtin'
import { ensure, type Client, type New } from '@larder/engine/client/client'
import type { ResourceType } from '@larder/engine/client/types'
import type { KubeObject } from '@larder/engine/machinery/object'
import { CommandFailed, EXIT } from '../../../failure.ts'
import type { Terminal } from '../../../terminal.ts'

const ANNOTATION = 'packaging.carvel.dev/package'
/** Of older releases of that command, which still look for it. */
const LEGACY_ANNOTATION = 'tkg.tanzu.vmware.com/tanzu-package'

/** On what lives in no namespace: `a-b` in `c` and `a` in `b-c` have the same names there, and the same annotations. */
const NAMESPACE_ANNOTATION = 'larder.dev/package-namespace'

export interface Place {
  readonly name: string
  readonly namespace: string
}

const ownerOf = ({ name, namespace }: Place): string => `${name}-${namespace}`
const accountName = (place: Place): string => `${ownerOf(place)}-sa`
const valuesName = (place: Place): string => `${ownerOf(place)}-values`
const roleName = (place: Place): string => `${ownerOf(place)}-cluster-role`
const bindingName = (place: Place): string => `${ownerOf(place)}-cluster-rolebinding`

export const annotationsOf = (place: Place) => ({ [ANNOTATION]: ownerOf(place), [LEGACY_ANNOTATION]: ownerOf(place) })

/** What was made by upstream's command does not say its namespace. */
function isOwned({ metadata: { namespace, annotations = {} } }: KubeObject, place: Place): boolean {
  const home = namespace ?? annotations[NAMESPACE_ANNOTATION] ?? place.namespace
  return annotations[ANNOTATION] === ownerOf(place) && home === place.namespace
}

/** Leaves alone what is somebody else's: throws. */
async function keep<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  place: Place,
  { name, content }: { readonly name: string; readonly content: object },
): Promise<void> {
  const home = type.namespaced ? { namespace: place.namespace } : {}
  const annotations = {
    ...annotationsOf(place),
    ...(!type.namespaced && { [NAMESPACE_ANNOTATION]: place.namespace }),
  }
  await ensure(client, type, { name, ...home }, (current) => {
    if (current && !isOwned(current, place))
      throw new CommandFailed(
        EXIT.conflict,
        `${type.kind} ${name} is there already, and was not made for this install`,
        {
          next: 'delete or rename it',
        },
      )
    const metadata = {
      ...current?.metadata,
      name,
      ...home,
      annotations: { ...current?.metadata.annotations, ...annotations },
    }
    return { ...current, ...content, metadata } as unknown as New<T>
  })
}

/** An account that may do everything, as upstream: who installs without one of their own must be an administrator. */
export async function keepAccount(client: Client, place: Place, terminal: Terminal): Promise<string> {
  const name = accountName(place)
  terminal.out(`Creating service account '${name}'\n`)
  await keep(client, serviceAccountType, place, { name, content: {} })
  terminal.out(`Creating cluster admin role '${roleName(place)}'\n`)
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  await keep(client, clusterRoleType, place, { name: roleName(place), content: { rules } })
  terminal.out(`Creating cluster role binding '${bindingName(place)}'\n`)
  const content = {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName(place) },
    subjects: [{ kind: 'ServiceAccount', name, namespace: place.namespace }],
  }
  await keep(client, clusterRoleBindingType, place, { name: bindingName(place), content })
  return name
}

export async function keepValues(client: Client, place: Place, text: string, terminal: Terminal): Promise<string> {
  const name = valuesName(place)
  terminal.out(`Creating secret '${name}'\n`)
  const data = { 'values.yaml': Buffer.from(text).toString('base64') }
  await keep(client, secretType, place, { name, content: { data } })
  return name
}

interface Owned {
  readonly type: ResourceType
  readonly name: string
  readonly namespace: string | undefined
  readonly uid: string
}

/** What bears the annotation of that install, and no more. */
export async function findOwned(client: Client, place: Place): Promise<readonly Owned[]> {
  const names: readonly (readonly [ResourceType, string])[] = [
    [secretType, valuesName(place)],
    [serviceAccountType, accountName(place)],
    [clusterRoleType, roleName(place)],
    [clusterRoleBindingType, bindingName(place)],
  ]
  const owned: Owned[] = []
  for (const [type, name] of names) {
    const namespace = type.namespaced ? place.namespace : undefined
    const found = await client.of(type).find(name, namespace)
    if (found && isOwned(found, place)) owned.push({ type, name, namespace, uid: found.metadata.uid! })
  }
  return owned
}

export async function deleteOwned(client: Client, place: Place, terminal: Terminal): Promise<void> {
  for (const { type, name, namespace, uid } of await findOwned(client, place)) {
    terminal.out(`Deleting '${type.kind}': ${name}\n`)
    await client.of(type).delete(name, { namespace, preconditions: { uid } })
  }
}
