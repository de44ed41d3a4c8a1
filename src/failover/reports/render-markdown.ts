import { unreachable } from '../../core/index.ts'
import type { Block, ReportPage, Section, Span, Text } from './page.ts'

/** Pure. Pictures are left out; what they show stands in tables. */
export function renderMarkdown({ title, outcome, lead, sections }: ReportPage): string {
  const parts = [
    `# ${textOf(title)}: ${textOf(outcome.text)}`,
    ...lead.flatMap(renderBlock),
    ...sections.flatMap(renderSection),
  ]
  return `${parts.join('\n\n')}\n`
}

function renderSection({ heading, blocks }: Section): string[] {
  return [`## ${textOf(heading)}`, ...blocks.flatMap(renderBlock)]
}

function renderBlock(block: Block): string[] {
  switch (block.kind) {
    case 'text':
      return [textOf(block.text)]
    case 'list':
      return [block.items.map((item) => `- ${textOf(item)}`).join('\n')]
    case 'commands':
      return [['```sh', ...block.lines, '```'].join('\n')]
    case 'table':
      return [renderTable(block)]
    case 'timeline':
      return []
    default:
      return unreachable(block)
  }
}

function renderTable({ head, rows }: Extract<Block, { kind: 'table' }>): string {
  const line = (cells: readonly Text[]) => `| ${cells.map((cell) => textOf(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [head, head.map(() => '---'), ...rows].map(line).join('\n')
}

function textOf(text: Text): string {
  return typeof text === 'string' ? plain(text) : text.map(spanOf).join('')
}

function spanOf(span: Span): string {
  if (typeof span === 'string') return plain(span)
  return 'code' in span ? `\`${oneLine(span.code).replaceAll('`', "'")}\`` : `**${plain(span.strong)}**`
}

/** Markdown passes HTML on. */
function plain(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
