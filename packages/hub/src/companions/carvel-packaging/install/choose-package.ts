/** Which Package a PackageInstall means: of its namespace, or of one whose packages are for all. */
import type { Pass } from '@larder/engine/runtime/pass'
import { DOWNGRADABLE_ANNOTATION, GLOBAL_NAMESPACES } from '../fields.ts'
import { packageKind, type Package, type PackageInstall } from '../kinds.ts'
import { Failed } from '../report.ts'
import { compareVersions, selectVersion } from '../versions.ts'

/** Throws `Failed`. */
export async function choosePackage(pass: Pass<PackageInstall>): Promise<Package> {
  const { metadata, spec } = pass.object
  const { refName, versionSelection = {} } = spec!.packageRef
  const candidates = packagesFor(pass, refName)
  if (candidates.size === 0) throw new Failed(`Package ${refName} not found`)
  const version = selectVersion([...candidates.keys()], versionSelection, 'spec.packageRef.versionSelection')
  if (version === undefined) {
    const there = [...candidates.keys()].sort(compareVersions).join(', ')
    const wanted = JSON.stringify(versionSelection.constraints ?? '*')
    throw new Failed(`Package ${refName} has no version that satisfies ${wanted}: there are ${there}`)
  }
  const installed = pass.object.status?.version
  const mayGoBack = metadata.annotations?.[DOWNGRADABLE_ANNOTATION] !== undefined
  if (installed !== undefined && installed !== '' && compareVersions(version, installed) < 0 && !mayGoBack)
    throw new Failed(
      `Package ${refName}: version ${version} is lower than ${installed}, which is installed: annotate with ${DOWNGRADABLE_ANNOTATION}="" to go back`,
    )
  const chosen = candidates.get(version)!
  await checkKubernetes(pass, chosen)
  return chosen
}

/** By version; of two the one nearer to the install. */
function packagesFor(pass: Pass<PackageInstall>, refName: string): ReadonlyMap<string, Package> {
  const { namespace = '' } = pass.object.metadata
  const homes = [...GLOBAL_NAMESPACES.filter((home) => home !== namespace), namespace]
  const found = homes.flatMap((home) => pass.cache(packageKind).list(home))
  return new Map(
    found.flatMap((one) =>
      one.spec?.refName === refName && one.metadata.deletionTimestamp === undefined
        ? [[one.spec.version, one] as const]
        : [],
    ),
  )
}

async function checkKubernetes(pass: Pass<PackageInstall>, { metadata, spec }: Package): Promise<void> {
  const wanted = spec?.kubernetesVersionSelection
  if (wanted === undefined) return
  const { gitVersion = '' } = (await pass.client.transport.raw('/version', pass.signal)) as { gitVersion?: string }
  const plain = /\d+\.\d+\.\d+/.exec(gitVersion)?.[0] ?? ''
  if (selectVersion([plain], wanted, 'spec.kubernetesVersionSelection') === undefined)
    throw new Failed(
      `Package ${metadata.name} is for Kubernetes ${JSON.stringify(wanted.constraints ?? '*')}, and this one is ${plain}`,
    )
}
