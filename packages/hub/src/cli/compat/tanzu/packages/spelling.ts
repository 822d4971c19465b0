/**
 * Flags of `tanzu package` that are spelled otherwise elsewhere in this table of commands, or in other releases of that one: a letter means one
 * thing in a table, and `-p` is a parameter of a claim.
 */
const SHORT: Readonly<Record<string, string>> = {
  '-p': '--package-name',
  '-v': '--version',
  '-f': '--values-file',
  '-s': '--service-account-name',
}
const LONG: Readonly<Record<string, string>> = {
  '--package': '--package-name',
  '--wait-timeout': '--timeout',
  '--poll-timeout': '--timeout',
}
const SWITCHES: Readonly<Record<string, string>> = { '--wait=true': '--wait', '--wait=false': '--no-wait' }

/** The words of a command line, as the table has them. Lines of other commands stay as they are. */
export function spelled(args: readonly string[]): readonly string[] {
  if (args.find((arg) => !arg.startsWith('-')) !== 'package') return args
  return args.map((arg) => {
    const [name = '', ...value] = arg.split('=')
    const long = SWITCHES[arg] ?? SHORT[arg]
    if (long !== undefined) return long
    return LONG[name] === undefined ? arg : [LONG[name], ...value].join('=')
  })
}
