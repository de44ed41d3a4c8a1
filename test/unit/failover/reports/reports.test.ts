import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageOfDrill } from '../../../../src/failover/drills/drill-page.ts'
import { buildDrillReport } from '../../../../src/failover/drills/report.ts'
import { pageOfMove } from '../../../../src/failover/reports/move-page.ts'
import { buildMoveReport, type MoveFacts } from '../../../../src/failover/reports/move-report.ts'
import type { ReportPage } from '../../../../src/failover/reports/page.ts'
import { readTraces } from '../../../../src/failover/reports/read-trace.ts'
import { renderHtml } from '../../../../src/failover/reports/render-html.ts'
import { renderMarkdown } from '../../../../src/failover/reports/render-markdown.ts'
import { pageOfReturn } from '../../../../src/failover/reports/return-page.ts'
import { buildReturnReport } from '../../../../src/failover/reports/return-report.ts'
import {
  at,
  entriesOf,
  failoverFacts,
  OPERATION,
  operationRecord,
  returnFacts,
  rolledBackFacts,
  switchoverFacts,
} from '../../../support/failover/report-facts.ts'
import { drillDocument, PARTS } from '../drills/drill-records.ts'

const moveOf = (facts: MoveFacts) => buildMoveReport(facts)
const PAGES: Readonly<Record<string, ReportPage>> = {
  switchover: pageOfMove(moveOf(switchoverFacts())),
  'rolled-back': pageOfMove(moveOf(rolledBackFacts())),
  failover: pageOfMove(moveOf(failoverFacts())),
  return: pageOfReturn(buildReturnReport(returnFacts())),
  drill: pageOfDrill(buildDrillReport({ document: drillDocument(), parts: PARTS })),
}

describe.each(['switchover', 'rolled-back', 'failover', 'return'])('the page of a %s', (name) => {
  test('reads as it should', async () => {
    // `npx vitest run -u` writes it anew; read the difference before you keep it.
    await expect(renderMarkdown(PAGES[name] as ReportPage)).toMatchFileSnapshot(`golden/${name}.md`)
  })
})

describe('a switchover', () => {
  const report = moveOf(switchoverFacts())

  test('has lost nothing, for a reason that is given', () => {
    expect(report.rpo).toMatchObject({ records: 0, ms: 0, verdict: 'met' })
    expect(report.rpo.because).toContain('the ends of 27 partitions are equal')
  })

  test('tells when applications could write again, and for how long they could not', () => {
    expect(report.rto).toMatchObject({ measuredMs: 2_080, verdict: 'met', writePausedMs: 1_580 })
    expect(report.rto.heldUp).toEqual({ from: at(0.5), to: at(2.08) })
  })

  test('tells each phase once, with what it came to', () => {
    expect(report.steps.map(({ phase }) => phase)).toEqual([...new Set(report.steps.map(({ phase }) => phase))])
    expect(report.steps.find(({ phase }) => phase === 'cut')).toMatchObject({
      tookMs: 80,
      outcome: '27 partitions are cut',
    })
    expect(report.committed).toEqual({ epoch: 5, at: at(1.33) })
  })
})

test('a move that was taken back has moved nothing, and tells who stopped it', () => {
  const report = moveOf(rolledBackFacts())
  expect(report).toMatchObject({ state: 'rolled-back', committed: null, rto: { measuredMs: null } })
  expect(report.rpo).toMatchObject({ records: null, because: 'nothing was moved' })
  expect(report.steps.map(({ phase }) => phase).slice(-5)).toEqual([
    'cut',
    'needs-operator',
    'cut',
    'rolling-back',
    'rolled-back',
  ])
  expect(report.interventions.map(({ by }) => by)).toEqual(['ada', 'bob', 'bob'])
})

describe('a failover', () => {
  test('has lost what only the region had when it was back', () => {
    expect(moveOf(failoverFacts()).rpo).toMatchObject({ records: 14, ms: 1_200, verdict: 'met' })
  })

  test('does not know its loss before that, and says what was estimated', () => {
    const { rpo } = moveOf(failoverFacts({ returns: [] }))
    expect(rpo).toMatchObject({ records: null, verdict: 'unmeasured' })
    expect(rpo.because).toBe(
      'not known before eu-west is back and compared; before the move: 1,204 records | 0.8 s behind',
    )
  })

  test('behind the cut of a switchover that it replaced has lost nothing', () => {
    const supersedes = { operation: 'orders-1', phase: 'promoting' as const, isDrained: true }
    const operation = operationRecord({ kind: 'failover', supersedes })
    expect(moveOf(failoverFacts({ operation, returns: [] })).rpo.records).toBe(0)
  })
})

test('a return is told from its first call to the standby that it made', () => {
  const report = buildReturnReport(returnFacts())
  expect(report.steps.map(({ phase }) => phase)).toEqual([
    'fencing',
    'scanning',
    'choosing',
    'exporting',
    'replaying',
    'reseeding',
    'rejoining',
    'standby',
  ])
  expect(report).toMatchObject({ phase: 'standby', replayedRecords: 14, openMsAtMost: 1_900, endedTransactions: 2 })
  expect(report.interventions).toEqual([
    { at: at(900), by: 'grace', what: 'replay what only eu-west has: customers paid' },
  ])
})

test('a journal is read back to the order, and no further', async () => {
  const old = entriesOf(
    'orders-older',
    Array.from({ length: 600 }, () => transition(-5_000)),
  )
  const own = entriesOf(
    OPERATION,
    Array.from({ length: 700 }, () => transition(1)),
  )
  const all = [...old, ...own].map((entry, index) => ({ ...entry, number: index + 1 }))
  const asked: (number | undefined)[] = []
  const journal = {
    read: (_signal: AbortSignal, { after, limit = 100 }: { after?: number; limit?: number } = {}) => {
      asked.push(after)
      return Promise.resolve(
        all
          .filter(({ number }) => number < (after ?? Infinity))
          .slice(-limit)
          .reverse(),
      )
    },
  }
  const traces = await readTraces({ ids: [OPERATION], since: at(0) }, journal, new AbortController().signal)
  expect(traces.get(OPERATION)).toMatchObject({ isComplete: true, entries: { length: 700 } })
  expect(asked).toEqual([undefined, 801])
})

function transition(second: number) {
  return { second, kind: 'transition', facts: { phase: 'cut' } }
}

describe('HTML', () => {
  test.each(Object.keys(PAGES))('of a %s loads nothing, runs nothing, and has its data', (name) => {
    const html = renderHtml(PAGES[name] as ReportPage)
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(| style=| on\w+=|https?:/i)
    expect(html).toContain('<svg class="timeline"')
    const data = /<pre id="data">([^<]*)<\/pre>/.exec(html)?.[1] ?? ''
    expect(JSON.parse(unescapeHtml(data))).toEqual(JSON.parse(JSON.stringify(PAGES[name]?.data)))
  })

  test('marks when nobody could write', () => {
    const html = renderHtml(PAGES['switchover'] as ReportPage)
    expect(html).toMatch(/<rect class="held"/)
    expect(html).toContain('no writes for 1.58 s')
    expect(html).toContain('us-east is active')
  })

  test('escapes whatever people and brokers wrote', () => {
    const plain = switchoverFacts({ operation: operationRecord({ warnings: ['w'] }) })
    const tags = tagsOf(renderHtml(pageOfMove(moveOf(plain))))
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const nasty = `<b onclick=x>"'&${text}`
        const facts = switchoverFacts()
        const operation = operationRecord({
          warnings: [nasty],
          request: { ...facts.operation.request, by: nasty, reason: nasty },
        })
        const html = renderHtml(pageOfMove(moveOf({ ...facts, group: nasty, operation })))
        expect(tagsOf(html)).toEqual(tags)
        expect(html).not.toContain('<b ')
      }),
      { numRuns: 30 },
    )
  })
})

test('Markdown takes no markup from a text either', () => {
  const operation = operationRecord({ warnings: ['<script>alert(1)</script>\n# heading', 'a | b'] })
  const text = renderMarkdown(pageOfMove(moveOf(switchoverFacts({ operation }))))
  expect(text).not.toContain('<script')
  expect(text).not.toMatch(/^# heading/m)
})

/** The names of all tags, in order. */
function tagsOf(html: string): string[] {
  return [...html.matchAll(/<(\/?[a-z][a-z0-9]*)/g)].map(([, tag = '']) => tag)
}

function unescapeHtml(text: string): string {
  const plain: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (entity) => plain[entity] ?? entity)
}
