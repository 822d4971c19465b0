/** The App that a PackageInstall and its Package come to: pure. */
import type { Json } from '@larder/engine/base/json'
import type { New } from '@larder/engine/client/client'
import { PACKAGE_VERSION_ANNOTATION, REF_NAME_ANNOTATION } from '../fields.ts'
import type { App, AppSpec, Package, PackageInstall, TemplateStep, ValuesSource } from '../kinds.ts'

/** Upstream's, of an App that a PackageInstall has made. */
const SYNC_PERIOD = '10m'

export function appOf(install: PackageInstall, chosen: Package, current: App | undefined): New<App> {
  const { apiVersion, kind, metadata } = install
  const annotations = {
    ...current?.metadata.annotations,
    [REF_NAME_ANNOTATION]: chosen.spec?.refName ?? '',
    [PACKAGE_VERSION_ANNOTATION]: chosen.spec?.version ?? '',
  }
  const owner = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
  return {
    ...current,
    metadata: { ...current?.metadata, annotations, ownerReferences: [owner] },
    spec: specOf(install, chosen),
  }
}

function specOf(install: PackageInstall, chosen: Package): AppSpec {
  const {
    serviceAccountName,
    cluster,
    noopDelete,
    syncPeriod = SYNC_PERIOD,
    defaultNamespace,
    values = [],
  } = install.spec ?? {}
  const { fetch = [], template = [], deploy = [] } = chosen.spec?.template?.spec ?? {}
  return {
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(cluster !== undefined && { cluster }),
    ...(noopDelete && { noopDelete }),
    ...(defaultNamespace !== undefined && { defaultNamespace }),
    syncPeriod,
    fetch,
    template: withValues(template, values, chosen.spec?.valuesSchema?.openAPIv3),
    ...(deploy.length > 0 && { deploy }),
  }
}

/** The first step that takes values takes those of the install, over its own, and checks them: a Secret may change at any time. */
function withValues(
  steps: readonly TemplateStep[],
  values: readonly ValuesSource[],
  schema: Json | undefined,
): readonly TemplateStep[] {
  const first = steps.findIndex((step) => step.values !== undefined || step.ytt !== undefined)
  return steps.map((step, i) => {
    if (i !== first) return step
    if (step.ytt) return { ...step, ytt: { ...step.ytt, ...valuesFromOf(step.ytt.valuesFrom, values) } }
    const own = step.values ?? {}
    return {
      ...step,
      values: {
        ...own,
        ...valuesFromOf(own.valuesFrom, values),
        ...(schema !== undefined && { schema }),
      },
    }
  })
}

function valuesFromOf(
  own: readonly ValuesSource[] | undefined,
  values: readonly ValuesSource[],
): { valuesFrom?: readonly ValuesSource[] } {
  const valuesFrom = [...(own ?? []), ...values]
  return valuesFrom.length === 0 ? {} : { valuesFrom }
}
