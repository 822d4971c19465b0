/** A tree of links as text, as data, and as a picture for Graphviz. */
import type { Json } from '@larder/engine/base/json'
import { age } from '@larder/engine/machinery/age'
import type { Link } from './chain.ts'
import { renderTable } from './table.ts'

const FORBIDDEN = 'you may not read it'

/** With branches in front of the names, and one line for each link. Longer messages than `width` are cut; 0 cuts none. */
export function renderTree(root: Link, now: number, width: number): string {
  return renderTable(
    ['NAME', 'READY', 'AGE', 'MESSAGE'],
    rowsOf(root, '', '').map(({ branch, link }) => [
      `${branch}${nameOf(link)}`,
      link.ready ?? '-',
      link.createdAt === undefined ? '-' : age(link.createdAt, now),
      cut(messageOf(link), width),
    ]),
  )
}

interface Row {
  readonly branch: string
  readonly link: Link
}

function rowsOf(link: Link, branch: string, indent: string): Row[] {
  const below = link.children.flatMap((child, i) => {
    const last = i === link.children.length - 1
    return rowsOf(child, `${indent}${last ? '└─ ' : '├─ '}`, `${indent}${last ? '   ' : '│  '}`)
  })
  return [{ branch, link }, ...below]
}

const nameOf = ({ kind, name, namespace }: Link): string =>
  name === undefined ? kind : `${kind}/${name}${namespace === undefined ? '' : ` (${namespace})`}`

const messageOf = ({ state, message }: Link): string => (state === 'forbidden' ? FORBIDDEN : (message ?? ''))

const cut = (text: string, width: number): string =>
  width > 0 && text.length > width ? `${text.slice(0, width - 1)}…` : text

/** The same as plain data, for `-o json` and for telling whether anything changed. */
export function treeJson({ children, cause, ...link }: Link): Json {
  return {
    ...link,
    ...(link.state === 'forbidden' && { message: FORBIDDEN }),
    ...(cause && { cause: { ...cause } }),
    ...(children.length > 0 && { children: children.map(treeJson) }),
  }
}

/** `dot -Tsvg`: red is not Ready, grey may not be read. */
export function treeDot(root: Link): string {
  const lines: string[] = []
  const draw = (link: Link, parent: string | undefined): void => {
    const id = `n${lines.length}`
    lines.push(`  ${id} [label=${quoted(`${nameOf(link)}\n${messageOf(link)}`)}, color=${colourOf(link)}]`)
    if (parent !== undefined) lines.push(`  ${parent} -> ${id}`)
    for (const child of link.children) draw(child, id)
  }
  draw(root, undefined)
  return `digraph larder {\n  rankdir=LR\n  node [shape=box]\n${lines.join('\n')}\n}\n`
}

const quoted = (text: string): string => JSON.stringify(text)

function colourOf({ state, ready }: Link): string {
  if (state === 'forbidden') return 'grey'
  return state === 'absent' || ready === 'False' ? 'red' : 'black'
}
