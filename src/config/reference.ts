import { ConfigSchema } from './schema.ts'

interface Node {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Node[]
  readonly const?: string | number
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
}

const HEAD = `# Configuration reference

${(ConfigSchema as Node).description ?? ''}

This page is made from the schemas (\`UPDATE=1 npx vitest run --project tidy\` writes it anew); a test compares them.
Check a file with \`isthmus check --config FILE\`, and the regions it names with \`--online\`.
`

/** The reference page, as Markdown: a section for each map, a row for each key. */
export function renderConfigReference(): string {
  return [HEAD, ...sections('', ConfigSchema)].join('\n')
}

function sections(path: string, node: Node): string[] {
  const properties = Object.entries(node.properties ?? {})
  const rows = properties.map(([key, child]) => row(key, child, node.required?.includes(key) === true))
  const title = path === '' ? '## Top level' : `## ${path}`
  const intro = path === '' ? [] : [`${node.description ?? ''}\n`]
  const table = ['| Key | Value | Default | Meaning |', '|---|---|---|---|', ...rows, '']
  const below = properties.flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`
    if (child.properties !== undefined) return sections(at, child)
    return child.items?.properties === undefined ? [] : sections(`${at}[]`, child.items)
  })
  return [`${title}\n`, ...intro, ...table, ...below]
}

function row(key: string, node: Node, required: boolean): string {
  const fallback = required ? 'required' : node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``
  const meaning = node.description ?? node.items?.description ?? ''
  return `| \`${key}\` | ${kind(node)} | ${fallback} | ${meaning.replaceAll('|', '\\|')} |`
}

function kind(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ')
  if (node.anyOf !== undefined) return node.anyOf.map(kind).join(' or ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.items !== undefined)
    return node.items.properties === undefined ? `list of ${kind(node.items)}` : 'list of maps'
  if (node.properties !== undefined) return 'map'
  const range = [node.minimum, node.maximum].some((bound) => bound !== undefined)
    ? ` ${node.minimum ?? ''}–${node.maximum ?? ''}`
    : ''
  const names: Record<string, string> = {
    integer: 'whole number',
    string: 'text',
    boolean: '`true` or `false`',
    object: 'map',
  }
  return `${names[node.type ?? ''] ?? node.type ?? ''}${range}`
}
