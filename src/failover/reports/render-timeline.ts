import { escapeHtml } from './escape-html.ts'
import { seconds, type Timeline, type TimelineBar } from './page.ts'

const WIDTH = 960
const LABELS = 130
const ENDS = 70
const ROW = 22
const TOP = 26
const AXIS = 30
const TICKS_MOST = 8
/** Seconds, then minutes, then hours. */
const STEPS_MS = [1, 2, 5]
  .flatMap((one) => [0.001, 0.01, 0.1, 1, 10].map((power) => one * power * 1_000))
  .concat([15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200].map((one) => one * 1_000))
  .sort((one, other) => one - other)
const LEAST_PX = 2
/** Roughly, of a text of this size: what stands at the right edge is anchored there. */
const CHARACTER_PX = 6.5

/**
 * A picture of steps: one row each, the time to the right. Bands are times in which applications could not write, lines
 * the moments that decide. An SVG that stands in the page and takes its colours from it; nothing in it moves.
 */
export function renderTimeline({ says, bars, held, marks }: Timeline): string {
  const endMs = Math.max(...bars.map(({ toMs }) => toMs), ...held.map(({ toMs }) => toMs), 1)
  const scale = (WIDTH - LABELS - ENDS) / endMs
  const x = (ms: number) => LABELS + ms * scale
  const bottom = TOP + bars.length * ROW
  const bands = held.map(({ fromMs, toMs }) => {
    const width = Math.max(LEAST_PX, (toMs - fromMs) * scale)
    const label = textAt(x(fromMs), TOP - 8, `no writes for ${seconds(toMs - fromMs)}`, 'held-label')
    return `<rect class="held" x="${px(x(fromMs))}" y="${TOP}" width="${px(width)}" height="${bottom - TOP}"/>${label}`
  })
  const lines = marks.map(({ atMs, label }) => {
    const at = px(x(atMs))
    const line = `<line class="mark" x1="${at}" y1="${TOP}" x2="${at}" y2="${bottom + 4}"/>`
    return `${line}${textAt(x(atMs), bottom + AXIS + 12, label, 'mark-label')}`
  })
  const parts = [
    ...ticksOf(endMs).map((ms) => renderTick(x(ms), ms, bottom)),
    ...bands,
    ...bars.map((bar, row) => renderBar(bar, TOP + row * ROW, { x, scale })),
    ...lines,
  ]
  const height = bottom + AXIS + (marks.length > 0 ? 20 : 0)
  const head = `<div class="scroll"><svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(says)}">`
  return `${head}${parts.join('')}</svg></div>`
}

interface Scale {
  readonly x: (ms: number) => number
  readonly scale: number
}

function renderBar({ label, fromMs, toMs, tone }: TimelineBar, y: number, { x, scale }: Scale): string {
  const width = Math.max(LEAST_PX, (toMs - fromMs) * scale)
  const middle = y + ROW / 2 + 4
  const took = seconds(toMs - fromMs)
  const bar = `<rect class="bar ${tone}" x="${px(x(fromMs))}" y="${y + 4}" width="${px(width)}" height="${ROW - 8}" rx="2"/>`
  const name = `<text class="name" x="${LABELS - 8}" y="${middle}" text-anchor="end">${escapeHtml(label)}</text>`
  return `${bar}${name}<text class="took" x="${px(x(fromMs) + width + 6)}" y="${middle}">${took}</text>`
}

function renderTick(at: number, ms: number, bottom: number): string {
  const line = `<line class="tick" x1="${px(at)}" y1="${TOP}" x2="${px(at)}" y2="${bottom}"/>`
  return `${line}<text class="axis" x="${px(at)}" y="${bottom + 16}" text-anchor="middle">${tickText(ms)}</text>`
}

function tickText(ms: number): string {
  return ms < 60_000 ? `${Number((ms / 1_000).toFixed(2))} s` : `${Number((ms / 60_000).toFixed(1))} min`
}

/** Round distances, few enough to be read. */
function ticksOf(endMs: number): number[] {
  const least = endMs / TICKS_MOST
  const step = STEPS_MS.find((one) => one >= least) ?? 10 ** Math.ceil(Math.log10(least))
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step)
}

/** Begins at `at`, or ends there where it would leave the picture. */
function textAt(at: number, y: number, text: string, name: string): string {
  const isLate = at + text.length * CHARACTER_PX > WIDTH
  return `<text class="${name}" x="${px(at)}" y="${y}"${isLate ? ' text-anchor="end"' : ''}>${escapeHtml(text)}</text>`
}

function px(value: number): string {
  return String(Number(value.toFixed(1)))
}
