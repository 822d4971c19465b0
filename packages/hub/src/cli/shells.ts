/** Shells that we have a completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
