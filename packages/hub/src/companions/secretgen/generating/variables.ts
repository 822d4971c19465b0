/**
 * `$(name)` in a text: the value of that name. What is not known stays as it is, and `$$` is one dollar, so that `$$(name)` can be
 * written; the rules are those of environment variables in a Pod.
 */
const REFERENCE = /\$\$|\$\(([^)]*)\)/g

export function expandVariables(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(REFERENCE, (whole, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(values, name) ? values[name]! : whole
  })
}
