import { quoteWord } from './command.ts'

/**
 * The Markdown of a runbook, as far as runbooks use it: sections, paragraphs, lists, and blocks, which are named here and
 * shown from what the API says of them. Nothing in it becomes HTML. Pure.
 */
export interface TextSection {
  readonly title: string
  readonly parts: readonly TextPart[]
}

export type TextPart =
  | { readonly kind: 'prose'; readonly spans: readonly Span[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'block'; readonly id: string }

/** `runbook`: the id of the one that it leads to. */
export interface Span {
  readonly kind: 'plain' | 'strong' | 'code' | 'runbook'
  readonly text: string
  readonly runbook?: string
}

const PARAM = /\$([a-zA-Z]\w*)/g
const FENCE = /^```(\w*)\s*(?:\{(.*)\})?\s*$/
const SPANS = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)/g
const RUNBOOK_FILE = /^([a-z0-9-]+)\.md$/

/** Without its head and its title, which are shown apart. */
export function readRunbookText(text: string): TextSection[] {
  const sections: { title: string; parts: TextPart[] }[] = []
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, '')
  let lines: string[] = []
  let fence: { readonly language: string; readonly info: string } | undefined
  const flush = () => {
    sections.at(-1)?.parts.push(...readParagraph(lines))
    lines = []
  }
  for (const line of body.split('\n')) {
    const mark = FENCE.exec(line)
    if (fence !== undefined && mark !== null) {
      sections.at(-1)?.parts.push(...readFence(fence, lines))
      fence = undefined
      lines = []
    } else if (fence !== undefined) lines.push(line)
    else if (mark !== null) {
      flush()
      fence = { language: mark[1] ?? '', info: mark[2] ?? '' }
    } else if (line.startsWith('## ')) {
      flush()
      sections.push({ title: line.slice(3), parts: [] })
    } else if (line.trim() === '') flush()
    else lines.push(line)
  }
  flush()
  return sections
}

/** What is expected is said with the block that it is about. */
function readFence(fence: { readonly language: string; readonly info: string }, lines: readonly string[]): TextPart[] {
  if (fence.language === 'expect') return []
  const id = /\bid=(\S+)/.exec(fence.info)?.[1]
  return [id === undefined ? { kind: 'code', text: lines.join('\n') } : { kind: 'block', id }]
}

function readParagraph(lines: readonly string[]): TextPart[] {
  const [first = ''] = lines
  if (first === '') return []
  if (!first.startsWith('- ')) return [{ kind: 'prose', spans: readSpans(lines.join(' ')) }]
  const items: string[] = []
  for (const line of lines) {
    if (line.startsWith('- ')) items.push(line.slice(2))
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return [{ kind: 'list', items: items.map(readSpans) }]
}

function readSpans(text: string): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const match of text.matchAll(SPANS)) {
    const [whole, strong, code, label = '', target = ''] = match
    if (match.index > at) spans.push({ kind: 'plain', text: text.slice(at, match.index) })
    const runbook = RUNBOOK_FILE.exec(target)?.[1]
    if (strong !== undefined) spans.push({ kind: 'strong', text: strong })
    else if (code !== undefined) spans.push({ kind: 'code', text: code })
    else if (runbook !== undefined) spans.push({ kind: 'runbook', text: label, runbook })
    else spans.push({ kind: 'plain', text: label })
    at = match.index + whole.length
  }
  if (at < text.length) spans.push({ kind: 'plain', text: text.slice(at) })
  return spans
}

/** A command with what is known of its parameters, each as one word for a shell; what is not stays as `$name`. Pure. */
export function fillCommand(line: string, values: Readonly<Record<string, string>>): string {
  return line.replaceAll(PARAM, (whole, name: string) => {
    const value = values[name]?.trim() ?? ''
    return value === '' ? whole : quoteWord(value)
  })
}

/** Whether it moves a group: that is planned and ordered where its plan, guards and loss are shown. Pure. */
export function isMoveOrder(text: string): boolean {
  return /^isthmus (switchover|failover|failback) /m.test(text)
}

/** Whether nothing of it is to be said yet. Pure. */
export function isFilled(command: string): boolean {
  return command.search(PARAM) < 0
}
