/**
 * A page about a move, a return or a drill, as data: what it says stands here once, and is rendered as Markdown and as
 * HTML alike. Text is plain: each rendering escapes it, so that nothing a person or a broker wrote becomes markup.
 */
export interface ReportPage {
  /** Such as `drill`. */
  readonly kind: string
  readonly title: string
  readonly outcome: { readonly text: string; readonly tone: Tone }
  /** Below the title. */
  readonly lead: readonly Block[]
  /** The few numbers that are looked for first; only in HTML, as sections have them too. */
  readonly figures: readonly Figure[]
  readonly sections: readonly Section[]
  /** What the page was made of; at the end of the HTML. */
  readonly data: object
}

export type Tone = 'good' | 'bad' | 'open'

export interface Figure {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly tone: Tone
}

export interface Section {
  readonly heading: Text
  readonly blocks: readonly Block[]
}

export type Text = string | readonly Span[]
export type Span = string | { readonly code: string } | { readonly strong: string }

export type Block =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'list'; readonly items: readonly Text[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Text[])[] }
  | { readonly kind: 'commands'; readonly lines: readonly string[] }
  /** A picture; only in HTML, and beside a table that says the same. */
  | { readonly kind: 'timeline'; readonly timeline: Timeline }

export interface Timeline {
  /** For those who don't see it. */
  readonly says: string
  readonly bars: readonly TimelineBar[]
  /** When applications could not write. */
  readonly held: readonly { readonly fromMs: number; readonly toMs: number }[]
  /** Moments that decide. */
  readonly marks: readonly { readonly atMs: number; readonly label: string }[]
}

export interface TimelineBar {
  readonly label: string
  readonly fromMs: number
  readonly toMs: number
  readonly tone: Tone
}

export const code = (text: string): Span => ({ code: text })
export const strong = (text: string): Span => ({ strong: text })

export const text = (content: Text): Block => ({ kind: 'text', text: content })
export const table = (head: readonly string[], rows: readonly (readonly Text[])[]): Block => ({
  kind: 'table',
  head,
  rows,
})
export const commands = (...lines: readonly string[]): Block => ({ kind: 'commands', lines })

/** No block where there is nothing to list. */
export function list(items: readonly Text[]): Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }]
}

export function section(heading: Text, ...blocks: readonly Block[]): Section {
  return { heading, blocks }
}

/** Two digits where they matter: `1.58 s`, `41.5 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

/** A dash where it is not known. */
export function orDash(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : seconds(ms)
}

export function count(number: number | null | undefined): string {
  return number === undefined || number === null ? '–' : String(number)
}

const WORST_FIRST = ['failed', 'unknown', 'warning', 'passed']

interface Guard {
  readonly name: string
  readonly status: string
  readonly evidence: string
  readonly isBlocking?: boolean
  /** What to do where it has not passed; undefined where that was not kept. */
  readonly remedy?: string
}

/** The worst ones first. */
export function guardSection(guards: readonly Guard[]): Section {
  const rank = ({ status }: Guard) => WORST_FIRST.indexOf(status)
  const sorted = [...guards].sort((left, right) => rank(left) - rank(right))
  const bad = sorted.filter(({ status }) => status !== 'passed')
  const rows = sorted.map(({ name, status, isBlocking, evidence }): Text[] => {
    return [[code(name)], isBlocking === true ? [strong(status)] : status, evidence]
  })
  const remedies = bad.flatMap(({ name, remedy }) => (remedy === undefined ? [] : [[code(name), `: ${remedy}`]]))
  return section(
    'Guards',
    text(`${guards.length - bad.length} of ${guards.length} passed.`),
    ...list(remedies),
    table(['Guard', 'Status', 'Evidence'], rows),
  )
}
