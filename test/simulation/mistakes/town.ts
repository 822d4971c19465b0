/**
 * Mistakes that somebody could make where ResourceClaims become claims, or where what they have is kept right. The oracle of the town must find every one.
 */
import type { Mistake } from './mistakes.ts'

export const townMistakes: readonly Mistake[] = [
  {
    name: 'forgets-the-labels',
    does: 'makes of a ResourceClaimPolicy one that permits the same whatever its labels say',
    breaks: 'A tenant reaches only what policies allow.',
    file: 'dialects/services-toolkit/policies/controller.ts',
    found: /says (Ready|ResourceAlreadyClaimed), and NoMatchingResourceClaimPolicy is true/,
    replaces: '...(selector && { selector })',
    by: '...(selector && {})',
  },
  {
    name: 'keeps-the-former',
    does: 'leaves a ResourceClaim whose reference was edited with what it had',
    breaks: 'At rest, a claim has what it asks.',
    file: 'dialects/services-toolkit/resource-claims/reconcile.ts',
    found: /says Ready, and (Ready, because nobody holds it|ResourceAlreadyClaimed) is true/,
    replaces: 'if (!isSame(core, pass)) {',
    by: 'if (!isSame(core, pass) && core.status === undefined) {',
  },
  {
    name: 'misses-rotations',
    does: 'takes a copy that nobody has touched for one that is right',
    breaks: 'At rest, a copy is what its source is.',
    file: 'controllers/claim/publish-binding.ts',
    found: /is not what its source is/,
    replaces: 'if (intact && !instance.spec.resourceRef) {',
    by: 'if (intact) {',
  },
]
