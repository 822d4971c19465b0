/** Makes one mistake in the source of one module as it is loaded; nothing on disk and nothing that ships knows of it. */
import { mistakes } from './mistakes.ts'
import { townMistakes } from './town.ts'

const MISTAKE = /\?mistake=([\w-]+)$/

/** For vitest: `some/module.ts?mistake=NAME` is the module with that mistake. Throws when its place is not there, or not alone. */
export const plantMistakes = () => ({
  name: 'plant-mistakes',
  enforce: 'pre' as const,
  transform(source: string, id: string): { code: string; map: null } | undefined {
    const [, name] = MISTAKE.exec(id) ?? []
    const mistake = [...mistakes, ...townMistakes].find((each) => each.name === name)
    if (!mistake) return undefined
    const parts = source.split(mistake.replaces)
    if (parts.length !== 2) {
      throw new Error(
        `${mistake.file} says ${parts.length - 1} times what mistake ${mistake.name} replaces: ${mistake.replaces}`,
      )
    }
    return { code: parts.join(mistake.by), map: null }
  },
})
