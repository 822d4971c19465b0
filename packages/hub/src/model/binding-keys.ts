/** The keys of a binding that every consumer may rely on; servicebinding.io has most of them. */
export const WELL_KNOWN_KEYS = ['type', 'provider', 'host', 'port', 'username', 'password', 'uri', 'database'] as const

/** `servicebinding.io/redis`: the type of a binding's Secret. */
export const bindingSecretType = (type: string): string => `servicebinding.io/${type}`
