/** `/version`: the Kubernetes version whose API this is, with ours as build metadata, where semver readers leave it alone. */
import type { JsonObject } from '../../base/json.ts'

/** Of the type table: what clients may expect of the built-in kinds. */
const KUBERNETES = { major: '1', minor: '33' }
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** `version` is Larder's own: `0.1.0`. */
export function versionInfo(version: string): JsonObject {
  return {
    ...KUBERNETES,
    gitVersion: `v${KUBERNETES.major}.${KUBERNETES.minor}.0+larder-${version}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node-${process.version}`,
    compiler: 'node',
    platform: `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
  }
}
