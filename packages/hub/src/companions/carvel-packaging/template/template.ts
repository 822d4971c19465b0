/** From files to manifests, step by step as an App says. Without a step the YAML documents are taken as they are. */
import type { JsonObject } from '@larder/engine/base/json'
import { inlineFiles, type Neighbours } from '../fetch/source.ts'
import { chosen, type Files } from '../fetch/files.ts'
import type { Budget } from '../budget.ts'
import type { TemplateStep } from '../kinds.ts'
import { Failed } from '../report.ts'
import { manifestsOf, parseDocuments, type ParsedDocument } from './documents.ts'
import { fillIn } from './fill-in.ts'
import { lockImages } from './images-lock.ts'
import { checkAgainst, linesOf, mergeValues, readValues, textsIn, wordsOf } from './values.ts'
import { runYtt } from './ytt.ts'

interface Templating {
  readonly files: Files
  readonly neighbours: Neighbours
  /** What of the files comes from Secrets, and what steps add to it. */
  readonly secrets: string[]
  readonly signal: AbortSignal
  readonly budget: Budget
}

const UNSUPPORTED = ['helmTemplate', 'cue', 'sops'] as const
/** What imgpkg keeps for itself. */
const OWN_FOLDER = '.imgpkg/'

export async function templateAll(steps: readonly TemplateStep[], work: Templating): Promise<readonly JsonObject[]> {
  let documents: readonly ParsedDocument[] | undefined
  for (const [i, step] of steps.entries()) documents = await templateOnce(step, `spec.template[${i}]`, documents, work)
  return manifestsOf(documents ?? (await parseDocuments(plain(work.files, undefined), work.budget)))
}

const plain = (files: Files, paths: readonly string[] | undefined): Files =>
  new Map([...chosen(files, paths)].filter(([path]) => !path.startsWith(OWN_FOLDER)))

async function templateOnce(
  step: TemplateStep,
  field: string,
  before: readonly ParsedDocument[] | undefined,
  { files, neighbours, secrets, signal, budget }: Templating,
): Promise<readonly ParsedDocument[]> {
  const refused = UNSUPPORTED.find((name) => step[name] !== undefined)
  if (refused !== undefined)
    throw new Failed(`Templating dir: ${field}.${refused} is not supported: say ytt, or values with plain YAML`)
  if (step.values) {
    const texts = await readValues(step.values.valuesFrom ?? [], { neighbours, files, budget })
    const documents = before ?? (await parseDocuments(plain(files, step.values.paths), budget))
    return fillIn(documents, await checkAgainst(step.values.schema, await mergeValues(texts, budget)), budget)
  }
  if (step.ytt) {
    if (before) throw new Failed(`Templating dir: ${field}.ytt must be the first step`)
    const { paths, valuesFrom = [], inline = {}, ignoreUnknownComments, strict, fileMarks = [] } = step.ytt
    const added = await inlineFiles(inline, `${field}.ytt`, { neighbours, budget, secrets })
    const values = await readValues(valuesFrom, { neighbours, files, budget })
    const merged = await mergeValues(values, budget)
    const output = await runYtt({
      files: new Map([...plain(files, paths), ...added]),
      values,
      secret: () => [...textsIn(merged), ...values.flatMap(({ text }) => linesOf(text)), ...secrets.flatMap(wordsOf)],
      flags: [
        ...(ignoreUnknownComments ? ['--ignore-unknown-comments'] : []),
        ...(strict ? ['--strict'] : []),
        ...fileMarks.flatMap((mark) => ['--file-mark', mark]),
      ],
      signal,
    })
    return parseDocuments(new Map([['ytt.yaml', output]]), budget)
  }
  if (step.kbld) return lockImages(before ?? (await parseDocuments(plain(files, undefined), budget)), files, budget)
  throw new Failed(`Templating dir: ${field} names no step: say values, ytt or kbld`)
}
