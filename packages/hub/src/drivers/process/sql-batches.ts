import type { SqlBatches } from './recipe.ts'
import type { SqlBatch } from './sql.ts'
import { render } from './template.ts'
import type { Place, TemplateValues } from './template.ts'

/** The statements of a recipe with their values, none of which can end the literal or the name that it stands in. */
export function renderBatches(batches: SqlBatches, values: TemplateValues, path: string): SqlBatch[] {
  return batches.map(({ database, statements }, i) => {
    const place: Place = { path: `${path}[${i}]`, readable: false, statement: true }
    return {
      database: render(database, values, place),
      statements: statements.map(({ when, run }) => ({
        ...(when === undefined ? {} : { when: render(when, values, place) }),
        run: render(run, values, place),
      })),
    }
  })
}
