import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml'

/** A value of the chart, as `values.yaml` has it: a leaf, or a part that is given as a whole. */
export interface ChartValue {
  /** Such as `api.tls.enabled`. */
  readonly path: string
  readonly default: unknown
  /** Of the comment above it that begins with `# --`. */
  readonly description: string
}

/** Every value with a comment; a key without one only groups others, and has to. */
export function listValues(text: string): ChartValue[] {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new Error('values.yaml holds no map')
  return valuesOf(document.contents, '', document.commentBefore ?? '')
}

function valuesOf(map: YAMLMap, before: string, head: string): ChartValue[] {
  return map.items.flatMap(({ key, value }, at) => {
    if (!isScalar(key)) throw new Error(`a key below ${before} is no text`)
    const path = `${before}${String(key.value)}`
    // The comment of the first key stands before the map itself.
    const comment = key.commentBefore ?? (at === 0 ? (map.commentBefore ?? head) : '')
    const description = describe(comment)
    if (description !== '')
      return [{ path, default: isMap(value) || value !== null ? toPlain(value) : null, description }]
    if (!isMap(value)) throw new Error(`${path} has no comment`)
    return valuesOf(value, `${path}.`, '')
  })
}

function describe(comment: string): string {
  const text = comment
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
  const at = text.lastIndexOf('-- ')
  return at === -1 ? '' : text.slice(at + '-- '.length).trim()
}

function toPlain(node: unknown): unknown {
  return (node as { toJSON(): unknown }).toJSON()
}

/** The table of all values, as Markdown. */
export function renderValues(values: readonly ChartValue[]): string {
  const rows = values.map(({ path, default: value, description }) => {
    return `| \`${path}\` | ${renderDefault(value)} | ${description.replaceAll('|', '\\|')} |`
  })
  return ['| Value | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function renderDefault(value: unknown): string {
  if (value === '') return ''
  return `\`${JSON.stringify(value).replaceAll('|', '\\|')}\``
}
