import { describe, expect, test } from 'vitest'
import { pageOfDrill } from '../../../../src/failover/drills/drill-page.ts'
import { buildDrillReport } from '../../../../src/failover/drills/report.ts'
import { splitMove, untilOpenMs } from '../../../../src/failover/drills/split-move.ts'
import { renderMarkdown } from '../../../../src/failover/reports/render-markdown.ts'
import { at, drillDocument, eu, moveTimes, PARTS, STREAM, us } from './drill-records.ts'

/** `npx vitest run -u` writes the pages anew; read the difference before you keep it. */
async function expectPage(name: string, ...record: Parameters<typeof buildDrillReport>): Promise<void> {
  await expect(renderMarkdown(pageOfDrill(buildDrillReport(...record)))).toMatchFileSnapshot(`golden/${name}.md`)
}

describe('the page of a drill', () => {
  test('that passed', async () => {
    await expectPage('canary-passed', { document: drillDocument(), parts: PARTS })
  })

  test('that failed and left something behind', async () => {
    const document = drillDocument({
      level: 'full',
      outcome: {
        kind: 'failed',
        reasons: ['3 acknowledged records are lost', '2 times two regions took writes at once'],
      },
      approval: { by: 'bob', reason: 'before the season', at: at(-60) },
      request: { by: 'isthmus', reason: 'it was due', at: at(0), schedule: 'quarterly', stayMs: 60_000 },
      measured: { rpoRecords: 3, rpoMs: 6_200, rtoMs: 71_000, writePauseMs: 69_000 },
      leftovers: [
        { lookedFor: 'fences of the drill on eu-west', found: ['DENY WRITE on orders.'] },
        { lookedFor: 'shadow groups on us-east', found: [], trouble: 'us-east does not answer' },
        { lookedFor: 'the canary stream', found: [] },
      ],
    })
    const guards = [
      { name: 'fence', status: 'failed', evidence: 'broker 2 took a canary', isBlocking: true, remedy: 'Add the ACL.' },
      ...(PARTS.guards ?? []),
    ]
    await expectPage('full-failed', {
      document,
      parts: { ...PARTS, guards, stream: { ...STREAM, lost: 3, overlaps: 2 } },
    })
  })

  test('that only read the copies', async () => {
    const {
      plan: _plan,
      measured: _measured,
      ...rest
    } = drillDocument({
      level: 'isolated',
      outcome: { kind: 'failed', reasons: ['not readable: orders-3', 'wrong position: pricing orders-1'] },
      leftovers: [],
    })
    const isolated = {
      region: us,
      shadowGroup: 'isthmus.drill.d-7f3a',
      topics: 2,
      partitions: 8,
      records: 41_200,
      bytes: 5_300_000,
      bounded: 1,
      unreadable: ['orders-3 at offset 700: the checksum is wrong'],
      newestAgeMs: 740,
      positionsTried: 16,
      positionsWrong: ['pricing orders-1: 900 lies beyond the log, which ends at 880'],
      leftoverGroups: [],
    }
    await expectPage('isolated', { document: rest, parts: { isolated } })
  })

  test('that rehearsed a restore of the authority', async () => {
    const restore = {
      region: us,
      generation: 2,
      documents: [
        { key: 'groups/orders', region: eu, state: 'same' as const, evidence: 'epoch 4' },
        { key: 'groups/billing', region: us, state: 'older' as const, evidence: 'epoch 2, the live one has 3' },
      ],
      unread: ['apac does not answer'],
      tookMs: 1_234,
    }
    const reasons = ['groups/billing is older: epoch 2, the live one has 3']
    const {
      plan: _plan,
      measured: _measured,
      ...rest
    } = drillDocument({ level: 'authority', outcome: { kind: 'failed', reasons } })
    await expectPage('authority', { document: rest, parts: { restore } })
  })

  test('that still runs', async () => {
    const {
      outcome: _outcome,
      measured: _measured,
      plan: _plan,
      ...rest
    } = drillDocument({ phase: 'leaving', leftovers: [] })
    const steps = rest.steps.slice(0, 3)
    await expectPage('running', { document: { ...rest, steps }, parts: {} })
  })
})

describe('objectives', () => {
  const judge = (changes: Parameters<typeof drillDocument>[0]) => {
    const { rpo, rto } = buildDrillReport({ document: drillDocument(changes), parts: {} })
    return [rpo.verdict, rto.verdict]
  }

  test('are met by what was measured and predicted', () => {
    expect(judge({})).toEqual(['met', 'met'])
  })

  test('are missed by what the region’s loss would have cost, although the move lost nothing', () => {
    const plan = { hash: '9c1d', epoch: 4, lossRecords: 0, writePauseMs: null, exposure: { records: 9_000, ms: 5_001 } }
    expect(judge({ plan })).toEqual(['missed', 'met'])
  })

  test('that are not promised, and figures that are not there, are told apart', () => {
    expect(judge({ objectives: { rpoMs: null, rtoMs: null } })).toEqual(['not promised', 'not promised'])
    const { measured: _measured, plan: _plan, ...rest } = drillDocument()
    const { rpo, rto } = buildDrillReport({ document: rest, parts: {} })
    expect([rpo.verdict, rto.verdict]).toEqual(['unmeasured', 'unmeasured'])
  })
})

describe('the time of a move', () => {
  test('is split without a rest', () => {
    const move = moveTimes('switchover', 0)
    const split = splitMove(move)
    expect(split).toEqual({
      detect: 400,
      fence: 400,
      drain: 400,
      promote: 780,
      reroute: 90,
      evict: 1_200,
      verify: 1_000,
    })
    expect(untilOpenMs(move)).toBe(1_980)
  })

  test('ends at the opening, and has no end where a move stopped there', () => {
    const { steps } = moveTimes('switchover', 0)
    const opening = steps.findIndex(({ phase }) => phase === 'opening')
    expect(untilOpenMs({ steps: steps.slice(0, opening + 1) })).toBeNull()
    expect(untilOpenMs({ steps: [] })).toBeNull()
  })
})

test('a report survives JSON', () => {
  const report = buildDrillReport({ document: drillDocument(), parts: PARTS })
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
})
