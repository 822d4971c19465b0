/** Which of several versions is meant: the highest that satisfies a constraint. */
import { compare, maxSatisfying, prerelease, valid, validRange } from 'semver'
import { Failed } from './report.ts'

export interface VersionSelection {
  readonly constraints?: string
  readonly prereleases?: { readonly identifiers?: readonly string[] }
}

/**
 * Undefined where none satisfies. A constraint that is exactly one pre-release means that one, also without `prereleases`. Throws `Failed`
 * where the constraint is none; `field` is its place.
 */
export function selectVersion(
  versions: readonly string[],
  { constraints, prereleases }: VersionSelection,
  field: string,
): string | undefined {
  const range = validRange(constraints === undefined || constraints.trim() === '' ? '*' : constraints)
  if (range === null) throw new Failed(`${field}.constraints: ${JSON.stringify(constraints)} is no range of versions`)
  const allowed = versions.filter((version) => valid(version) !== null && isAllowed(version, prereleases?.identifiers))
  return maxSatisfying(allowed, range, { includePrerelease: prereleases !== undefined }) ?? undefined
}

function isAllowed(version: string, identifiers: readonly string[] | undefined): boolean {
  const parts = prerelease(version)
  if (parts === null || identifiers === undefined || identifiers.length === 0) return true
  return parts.some((part) => typeof part === 'string' && identifiers.includes(part))
}

/** Negative where `a` is the lower; what is no version is lower than all. */
export function compareVersions(a: string, b: string): number {
  const [known, other] = [valid(a), valid(b)]
  if (known === null || other === null) return Number(known !== null) - Number(other !== null)
  return compare(known, other)
}
