import { regionName } from '../../../../src/core/index.ts'
import type {
  DrillDocument,
  DrillParts,
  DrillPhase,
  MoveTimes,
  StreamReport,
} from '../../../../src/failover/drills/drill-document.ts'
import type { Phase } from '../../../../src/failover/index.ts'

export const [eu, us] = [regionName('eu-west'), regionName('us-east')]

const DAY = '2026-11-03T06:00:'

export function at(second: number): string {
  return new Date(Date.parse(`${DAY}00.000Z`) + second * 1_000).toISOString()
}

/** What each step of a move took, in order. */
const TOOK: readonly (readonly [Phase, number])[] = [
  ['preflight', 400],
  ['fencing', 350],
  ['settling', 50],
  ['cut', 80],
  ['draining', 120],
  ['proving', 60],
  ['translating', 140],
  ['committing', 30],
  ['promoting', 500],
  ['opening', 250],
  ['rerouting', 90],
  ['evicting', 1_200],
  ['reversing', 700],
  ['verifying', 300],
]

export function moveTimes(kind: MoveTimes['kind'], startSecond: number, warnings: readonly string[] = []): MoveTimes {
  let passedMs = 0
  const steps = TOOK.map(([phase, tookMs]) => {
    const entered = at(startSecond + passedMs / 1_000)
    passedMs += tookMs
    return { phase, at: entered, tookMs }
  })
  const [from, to] = kind === 'switchover' ? [eu, us] : [us, eu]
  return { kind, operation: `op-${kind}`, from, to, endedAs: 'done', writePausedMs: 1_580, steps, warnings }
}

export const STREAM: StreamReport = {
  attempted: 812,
  acknowledged: 741,
  refused: { TOPIC_AUTHORIZATION_FAILED: 70 },
  unknown: 1,
  lost: 0,
  lostSpanMs: 0,
  repeated: 0,
  reordered: 0,
  damaged: 0,
  overlaps: 0,
  readAgain: 0,
  unread: 0,
  moves: [
    { to: us, writePauseMs: 1_702, firstReadAfterMs: 96 },
    { to: eu, writePauseMs: 1_655, firstReadAfterMs: null },
  ],
}

const GUARDS: DrillParts['guards'] = [
  { name: 'authority', status: 'passed', evidence: 'it answers', isBlocking: false, remedy: 'Start it.' },
  {
    name: 'last-drill',
    status: 'warning',
    evidence: 'the last drill was 40 days ago | more than 30',
    isBlocking: false,
    remedy: 'Run a drill.',
  },
]

export const PARTS: Partial<DrillParts> = {
  guards: GUARDS,
  moves: [moveTimes('switchover', 2, ['two members of pricing were moved by hand']), moveTimes('failback', 20)],
  stream: STREAM,
}

function stepsOf(phases: readonly (readonly [DrillPhase, number, string])[]): DrillDocument['steps'] {
  return phases.map(([phase, second, reason]) => ({ phase, at: at(second), reason }))
}

/** A canary drill that has passed. */
export function drillDocument(changes: Partial<DrillDocument> = {}): DrillDocument {
  return {
    format: 1,
    id: 'd-7f3a',
    group: 'orders',
    level: 'canary',
    from: eu,
    region: us,
    request: { by: 'alice', reason: 'weekly rehearsal', at: at(0), stayMs: 0 },
    phase: 'done',
    attempt: 1,
    steps: stepsOf([
      ['requested', 0, 'alice asked for it'],
      ['streaming', 0.2, 'a drill of level canary begins'],
      ['leaving', 1.8, 'every guard passed'],
      ['returning', 19.5, 'the stream was read in us-east'],
      ['cleaning', 39, 'what was seen is on record'],
      ['done', 41.5, 'nothing is left'],
    ]),
    objectives: { rpoMs: 5_000, rtoMs: 60_000 },
    plan: {
      hash: '9c1d',
      epoch: 4,
      lossRecords: 0,
      writePauseMs: 2_000,
      exposure: { records: 12, ms: 800 },
    },
    moves: [],
    outcome: { kind: 'passed', reasons: ['nothing was lost, and both moves were within the objective'] },
    parts: {},
    measured: { rpoRecords: 0, rpoMs: 0, rtoMs: 1_980, writePauseMs: 1_702 },
    leftovers: [
      { lookedFor: 'fences of the drill on eu-west', found: [] },
      { lookedFor: 'consumer group isthmus.canary.orders.d-7f3a on us-east', found: [] },
    ],
    ...changes,
  }
}
