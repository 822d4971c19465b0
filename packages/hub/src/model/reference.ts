/** The reference pages, made from the declarations; a test compares them with what is committed. */
import { isObject, type Json, type JsonObject } from '@larder/engine/base/json'
import { claimableQuerySchema, claimableQueryType } from './claimable-query.ts'
import { API_VERSION, type Kind } from './kind.ts'
import { kinds } from './kinds.ts'
import { reasonInWords } from './reason-in-words.ts'
import { reasons, type Reason } from './reasons.ts'

/** A path below docs/reference, and its text. */
export interface Page {
  readonly path: string
  readonly text: string
}

export const referencePages = (): readonly Page[] => [
  ...kinds.map((kind) => ({ path: `kinds/${kind.singular}.md`, text: kindPage(kind) })),
  { path: 'kinds/claimablequery.md', text: queryPage() },
  { path: 'reasons.md', text: reasonsPage() },
]

const NOTE =
  '<!-- Made from packages/hub/src/model by UPDATE_GOLDEN=1 npx vitest run packages/hub/src/model; edit there. -->'

function kindPage(kind: Kind<unknown, unknown>): string {
  const scope = kind.namespaced ? 'lives in a namespace' : 'belongs to the whole cluster'
  return [
    NOTE,
    `# ${kind.kind}`,
    kind.description,
    `\`${API_VERSION}\`, ${scope}. \`kubectl get ${kind.resource}\`, short \`${kind.shortName}\`, in the category \`larder\`.`,
    '## Example',
    `\`\`\`yaml\n${yamlOf(kind.example)}\`\`\``,
    '## spec',
    describe(kind.spec.schema),
    '## status',
    describe(kind.status.schema),
    '## Columns',
    table(
      ['column', 'shows', ''],
      [
        ['NAME', 'Its name.', ''],
        ...kind.columns.map((c) => [c.name.toUpperCase(), c.description, c.wide ? 'with `-o wide`' : '']),
      ],
    ),
    '',
  ].join('\n\n')
}

/** The one kind that is asked and not stored. */
function queryPage(): string {
  const { group, version, kind, resource } = claimableQueryType
  const { spec, status } = claimableQuerySchema['properties'] as {
    readonly spec: JsonObject
    readonly status: JsonObject
  }
  const example = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { namespace: 'shop' },
    spec: { className: 'redis' },
  }
  return [
    NOTE,
    `# ${kind}`,
    text(claimableQuerySchema['description']),
    `\`${group}/${version}\`, asked in a namespace: \`kubectl create --validate=false -o yaml -f -\`, or \`larder class list\` and \`larder claimable list\`. Whoever may see the claims of a namespace may ask; of classes the answer has those that the asker may read. \`${resource}\` cannot be listed, because there are none.`,
    'It costs what the namespace may claim, and not what others have claimed: one list by label for each pool among its classes and for each subject of a ClaimPolicy for it; instances are found by index.',
    '## Example',
    `\`\`\`yaml\n${yamlOf(example)}\`\`\``,
    '## spec',
    describe(spec),
    '## status',
    describe(status),
    '',
  ].join('\n\n')
}

function describe(schema: JsonObject): string {
  const rules = rulesOf(schema)
  return [
    text(schema['description']),
    table(['field', 'type', 'meaning'], rows(schema, '')),
    ...(rules.length > 0 ? [`Rules:\n\n${rules.map((rule) => `- ${rule}`).join('\n')}`] : []),
  ].join('\n\n')
}

function rows(schema: JsonObject, prefix: string): string[][] {
  const needed = Array.isArray(schema['required']) ? (schema['required'] as readonly Json[]) : []
  return Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).flatMap(([name, field]) => {
    if (!isObject(field)) return []
    const path = `${prefix}${name}`
    const required = needed.includes(name) ? ' Required.' : ''
    return [[`\`${path}\``, typeOf(field), `${text(field['description'])}${required}`], ...below(field, path)]
  })
}

function below(field: JsonObject, path: string): string[][] {
  const { items } = field
  if (isObject(items)) return rows(items, `${path}[].`)
  return rows(field, `${path}.`)
}

function typeOf(field: JsonObject): string {
  if (Array.isArray(field['enum'])) return (field['enum'] as readonly Json[]).map((v) => `\`${text(v)}\``).join(', ')
  if (field['type'] === 'array') return `list of ${isObject(field['items']) ? typeOf(field['items']) : 'anything'}`
  if (isObject(field['additionalProperties'])) return `map of ${typeOf(field['additionalProperties'])}`
  if (field['format'] === 'date-time') return 'time'
  return text(field['type']) || 'anything'
}

function rulesOf(schema: JsonObject): string[] {
  const own = Array.isArray(schema['x-kubernetes-validations'])
    ? (schema['x-kubernetes-validations'] as readonly Json[])
    : []
  const messages = own.map((rule) => (isObject(rule) ? text(rule['message']) : ''))
  const fields = Object.values(isObject(schema['properties']) ? schema['properties'] : {})
  return [...messages, ...fields.flatMap((field) => (isObject(field) ? rulesOf(field) : []))]
}

function reasonsPage(): string {
  return [
    NOTE,
    '# Reasons',
    'Every condition, cause and event of the five kinds carries a reason from this list. `cause` adds whose move it is, whether it heals by itself, and what to do next. `larder explain REASON` prints the same.',
    ...Object.keys(reasons).map((reason) => {
      const { meaning, who, heals, next } = reasonInWords(reason as Reason)
      return `## ${reason}\n\n${meaning}\n\n- Whose move: ${who}\n- Heals: ${heals}\n- Next: ${next}`
    }),
    '',
  ].join('\n\n')
}

const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** Enough YAML for our examples: maps, lists, and scalars that need no more than JSON's quotes. */
function yamlOf(value: Json, indent = ''): string {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item) => `${indent}- ${yamlOf(item, `${indent}  `).trimStart()}`).join('')
  }
  if (!isObject(value)) return `${scalar(value)}\n`
  return Object.entries(value)
    .map(([key, item]) => {
      const nested = item !== null && typeof item === 'object'
      return nested ? `${indent}${key}:\n${yamlOf(item, `${indent}  `)}` : `${indent}${key}: ${scalar(item)}\n`
    })
    .join('')
}

const scalar = (value: Json): string =>
  typeof value === 'string' && /^[A-Za-z][\w ,./-]*$/.test(value) && !/^(true|false|null|yes|no)$/i.test(value)
    ? value
    : JSON.stringify(value)
