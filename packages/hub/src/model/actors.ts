/** Whose move it is when something is not Ready. */
export const REASON_ACTORS = ['consumer', 'platform', 'provider'] as const
export type Actor = (typeof REASON_ACTORS)[number]
