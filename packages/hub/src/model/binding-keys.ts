/**
 * The keys of a binding that every consumer may rely on, where the service has them: these, and `password` and `uri`, which
 * are secret. servicebinding.io has most of them.
 */
export const OPEN_KEYS: readonly string[] = ['type', 'provider', 'host', 'port', 'username', 'database']

/** `servicebinding.io/redis`: the type of a binding's Secret. */
export const bindingSecretType = (type: string): string => `servicebinding.io/${type}`
