/** Files in memory, by their path: nothing that is fetched touches the disk of the hub, unless a program must read it. */

/** Paths have no `.` or `..` in them and do not begin with a slash. */
export type Files = ReadonlyMap<string, string>

/** Of what is fetched at once: packages are texts, and all of them stand in memory for a moment. */
export const MOST_BYTES = 16 * 1024 * 1024
export const MOST_FILES = 10_000

/** Undefined for a path that leads out of its folder. */
export function normalPath(path: string): string | undefined {
  const parts: string[] = []
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') return undefined
    parts.push(part)
  }
  return parts.join('/')
}

export function below(files: Files, folder: string | undefined): Files {
  const prefix = folder === undefined ? '' : normalPath(folder)
  if (prefix === undefined || prefix === '') return files
  const found = [...files].filter(([path]) => path.startsWith(`${prefix}/`))
  return new Map(found.map(([path, content]) => [path.slice(prefix.length + 1), content]))
}

export function moved(files: Files, folder: string | undefined): Files {
  const prefix = folder === undefined ? '' : normalPath(folder)
  if (prefix === undefined || prefix === '') return files
  return new Map([...files].map(([path, content]) => [`${prefix}/${path}`, content]))
}

/** Those that a list of files and folders names, in the order of that list; all of them, by path, for no list. */
export function chosen(files: Files, paths: readonly string[] | undefined): Files {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  if (paths === undefined || paths.length === 0) return new Map(sorted)
  const wanted = paths.flatMap((path) => {
    const name = normalPath(path)
    return sorted.filter(([file]) => name === '' || file === name || file.startsWith(`${name}/`))
  })
  return new Map(wanted)
}

export const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path)
