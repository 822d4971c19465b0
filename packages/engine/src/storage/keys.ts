/** The form of keys: `/<group>/<resource>/...`, in ASCII. */

/** The first string that no longer starts with the prefix: '0' follows '/'. */
export function pastPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}0`
}

/** Where the name of the collection ends: behind the third slash of `/<group>/<resource>/...`; 0 when there is none. */
export function collectionEnd(key: string): number {
  const second = key.indexOf('/', 1)
  return second < 0 ? 0 : key.indexOf('/', second + 1) + 1
}

export function collectionOf(key: string): string {
  return key.slice(0, collectionEnd(key))
}

/** A key is put together from parts or cut out of a URL; either would keep more alive than its characters. */
export function flatString(text: string): string {
  return Buffer.from(text).toString()
}

/** Throws for a key that no list could find. */
export function checkKey(key: string): void {
  const end = collectionEnd(key)
  if (key[0] !== '/' || end === 0 || end === key.length) {
    throw new TypeError(`key ${JSON.stringify(key)} is not of the form /<group>/<resource>/<name>`)
  }
}
