import { unreachable } from '../../core/index.ts'
import { escapeHtml } from './escape-html.ts'
import type { Block, Figure, ReportPage, Section, Span, Text } from './page.ts'
import { renderTimeline } from './render-timeline.ts'
import { REPORT_POLICY, STYLES } from './styles.ts'

/**
 * One page that needs nothing else: no script, no font, no picture from elsewhere. Every text in it is escaped here, and
 * its policy lets nothing in it run. Pure.
 */
export function renderHtml({ kind, title, outcome, lead, figures, sections, data }: ReportPage): string {
  const verdict = `<span class="verdict ${outcome.tone}">${escapeHtml(outcome.text)}</span>`
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeHtml(REPORT_POLICY)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(`${title}: ${outcome.text}`)}</title>`,
    `<style>${STYLES}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<header><p class="kind">Isthmus, ${escapeHtml(kind)}</p>`,
    `<h1>${escapeHtml(title)} ${verdict}</h1></header>`,
    ...lead.map(renderBlock),
    ...(figures.length === 0 ? [] : [`<dl class="figures">${figures.map(renderFigure).join('')}</dl>`]),
    ...sections.map(renderSection),
    '<details><summary>The data behind this page, as JSON</summary>',
    `<pre id="data">${escapeHtml(JSON.stringify(data, null, 2))}</pre></details>`,
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function renderFigure({ label, value, note, tone }: Figure): string {
  const parts = [
    `<dt>${escapeHtml(label)}</dt>`,
    `<dd class="value ${tone}">${escapeHtml(value)}</dd>`,
    `<dd class="note">${escapeHtml(note)}</dd>`,
  ]
  return `<div>${parts.join('')}</div>`
}

function renderSection({ heading, blocks }: Section): string {
  return [`<section><h2>${textOf(heading)}</h2>`, ...blocks.map(renderBlock), '</section>'].join('\n')
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${textOf(block.text)}</p>`
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${textOf(item)}</li>`).join('')}</ul>`
    case 'commands':
      return `<pre>${escapeHtml(block.lines.join('\n'))}</pre>`
    case 'table':
      return renderTable(block)
    case 'timeline':
      return renderTimeline(block.timeline)
    default:
      return unreachable(block)
  }
}

function renderTable({ head, rows }: Extract<Block, { kind: 'table' }>): string {
  const cells = (tag: string, row: readonly Text[]) => row.map((cell) => `<${tag}>${textOf(cell)}</${tag}>`).join('')
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')
  const top = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('')
  return `<div class="scroll"><table><thead><tr>${top}</tr></thead>\n<tbody>${body}</tbody></table></div>`
}

function textOf(text: Text): string {
  return typeof text === 'string' ? escapeHtml(text) : text.map(spanOf).join('')
}

function spanOf(span: Span): string {
  if (typeof span === 'string') return escapeHtml(span)
  return 'code' in span ? `<code>${escapeHtml(span.code)}</code>` : `<strong>${escapeHtml(span.strong)}</strong>`
}
