import type { JournalEntry } from '../../../src/authority/index.ts'
import { regionName } from '../../../src/core/index.ts'
import type { MoveFacts } from '../../../src/failover/reports/move-report.ts'
import type { ReturnFacts } from '../../../src/failover/reports/return-report.ts'
import type { Json, OperationRecord, Phase } from '../../../src/failover/index.ts'

export const OPERATION = 'orders-0123456789abcdef'
export const [eu, us] = [regionName('eu-west'), regionName('us-east')]
const START_MS = Date.parse('2026-11-03T06:00:00.000Z')

export function at(second: number): string {
  return new Date(START_MS + second * 1_000).toISOString()
}

type Fact = Pick<JournalEntry, 'kind' | 'facts'> & { readonly second: number; readonly actor?: string }

/** Entries of a journal as the machine writes them. */
export function entriesOf(operation: string, facts: readonly Fact[]): JournalEntry[] {
  return facts.map(({ second, actor = 'controller-1', kind, facts: of }, index) => ({
    format: 1,
    number: index + 1,
    generation: 1,
    at: at(second),
    nonce: String(index),
    previousHash: '0',
    hash: '1',
    actor,
    kind,
    group: 'orders',
    operation,
    facts: of,
  }))
}

type Walked = readonly [phase: Phase, tookMs: number, cameTo: string]

const SWITCHOVER: readonly Walked[] = [
  ['preflight', 400, 'every guard passed or was overridden'],
  ['fencing', 350, 'eu-west is fenced: 3 of 3 brokers refused a canary'],
  ['settling', 50, 'no transaction is open, 1 were ended'],
  ['cut', 80, '27 partitions are cut'],
  ['draining', 120, 'us-east holds everything below the cut'],
  ['proving', 60, 'the ends of 27 partitions are equal'],
  ['translating', 140, '2 groups are at the cut, 1 go on behind it'],
  ['committing', 30, 'nothing was written behind the cut'],
  ['promoting', 500, 'us-east is promoted'],
  ['opening', 250, 'us-east takes writes'],
  ['rerouting', 90, 'every provider points at us-east'],
  ['evicting', 1_200, 'nobody is left in eu-west'],
  ['reversing', 700, 'the link from us-east runs'],
  ['verifying', 300, 'us-east takes writes, its standbys follow'],
]

const FAILOVER: readonly Walked[] = [
  ['preflight', 900, 'every guard passed or was overridden'],
  ['fencing', 3_000, 'no answer; attested'],
  ['catching-up', 20, 'nobody has more'],
  ['translating', 40, 'groups go on at the positions that were last synchronized to us-east'],
  ['committing', 30, 'us-east answers'],
  ['promoting', 450, 'us-east is promoted'],
  ['opening', 250, 'us-east takes writes'],
  ['rerouting', 90, 'every provider points at us-east'],
  ['evicting', 10, 'nobody is there'],
  ['reversing', 60, 'eu-west does not answer'],
  ['verifying', 300, 'us-east takes writes'],
]

export function walk(steps: readonly Walked[], order: string, end: Phase = 'done'): Fact[] {
  let second = 0.1
  const facts: Fact[] = [
    { second: 0, actor: 'ada', kind: 'request', facts: { reason: order, revision: 7 } },
    ...steps.flatMap(([phase, tookMs, reason]): Fact[] => {
      const entered = second
      second += tookMs / 1_000
      return [
        { second: entered, kind: 'transition', facts: { phase, reason: `on to ${phase}` } },
        // An entry that met another write is there twice.
        { second: entered, kind: 'transition', facts: { phase, reason: `on to ${phase}` } },
        { second: entered, kind: 'effect-started', facts: { effect: phase, attempt: 1 } },
        { second, kind: 'effect-ended', facts: { effect: phase, outcome: 'done', reason } },
      ]
    }),
  ]
  return [...facts, { second, kind: 'transition', facts: { phase: end, reason: 'it has ended' } }]
}

const GUARDS: Json = {
  guards: [
    { name: 'target-reachable', status: 'passed', evidence: 'us-east answers' },
    { name: 'loss-within-objective', status: 'warning', evidence: '1,204 records | 0.8 s behind' },
  ],
}

const GROUPS: Json = {
  done: ['billing', 'shipping'],
  behind: [{ group: 'pricing', partitions: 2, records: 118 }],
  unsynced: [{ group: 'legacy', reason: 'it has members on us-east' }],
}

export function operationRecord(change: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: OPERATION,
    kind: 'switchover',
    from: eu,
    to: us,
    phase: 'done',
    attempt: 15,
    epoch: 4,
    request: {
      by: 'ada',
      reason: 'kernel update',
      at: at(0),
      planHash: '9c1d',
      writePauseLimitMs: 60_000,
      overrides: [{ guard: 'last-drill', reason: 'drilled by hand yesterday' }],
      acceptLoss: false,
    },
    fence: 'proved',
    evidence: {
      cut: { key: `operations/${OPERATION}/cut`, digest: 'd0' },
      proving: { key: `operations/${OPERATION}/proving`, digest: 'd1' },
    },
    writePausedMs: 1_580,
    warnings: ['two members of pricing were moved by hand'],
    ...change,
  }
}

export function switchoverFacts(change: Partial<MoveFacts> = {}): MoveFacts {
  const entries = entriesOf(OPERATION, walk(SWITCHOVER, 'switchover to us-east: kernel update'))
  return {
    group: 'orders',
    operation: operationRecord(),
    isPresent: false,
    reigns: [
      { epoch: 1, active: eu, kind: 'first', operation: 'first', committedAt: at(-900) },
      { epoch: 5, active: us, kind: 'switchover', operation: OPERATION, committedAt: at(1.33) },
    ],
    evidence: { preflight: GUARDS, translating: GROUPS },
    trace: { entries, isComplete: true },
    returns: [],
    objectives: { rpoMs: 5_000, rtoMs: 60_000 },
    ...change,
  }
}

/** Taken back because the fence leaked, after a person had looked at it. */
export function rolledBackFacts(): MoveFacts {
  const steps = SWITCHOVER.slice(0, 4)
  const facts: Fact[] = [
    ...walk(steps, 'switchover to us-east: kernel update', 'needs-operator'),
    { second: 61, actor: 'bob', kind: 'request', facts: { reason: 'resume', revision: 9 } },
    { second: 62, actor: 'bob', kind: 'request', facts: { reason: 'abort: it leaks', revision: 10 } },
    { second: 62.2, kind: 'transition', facts: { phase: 'rolling-back', reason: 'bob has asked for it' } },
    { second: 63, kind: 'effect-ended', facts: { outcome: 'done', reason: 'eu-west takes writes' } },
    { second: 63.1, kind: 'transition', facts: { phase: 'rolled-back', reason: 'eu-west takes writes' } },
  ]
  return switchoverFacts({
    operation: operationRecord({
      phase: 'rolled-back',
      abort: { by: 'bob', reason: 'it leaks' },
      stop: { at: 'cut', reason: 'the fence leaks: orders-3', instructions: 'Find out who writes.' },
    }),
    reigns: [],
    evidence: { preflight: GUARDS },
    trace: { entries: entriesOf(OPERATION, facts), isComplete: true },
  })
}

export function failoverFacts(change: Partial<MoveFacts> = {}): MoveFacts {
  const order = 'failover to us-east: the building is dark'
  const request = {
    ...operationRecord().request,
    reason: 'the building is dark',
    acceptLoss: true,
    attestation: { by: 'ada', reason: 'the power is off', at: at(2) },
  }
  return switchoverFacts({
    operation: operationRecord({ kind: 'failover', request, fence: 'attested', writePausedMs: 4_600, warnings: [] }),
    reigns: [{ epoch: 5, active: us, kind: 'failover', operation: OPERATION, committedAt: at(4.1) }],
    evidence: { preflight: GUARDS },
    trace: { entries: entriesOf(OPERATION, walk(FAILOVER, order)), isComplete: true },
    returns: [returnFacts()],
    ...change,
  })
}

const DIVERGENCE: Json = {
  totals: {
    records: 14,
    bytes: 2_100,
    partitions: 2,
    topics: 1,
    onlyHere: 1,
    keysInConflict: 3,
    cutTransactions: 1,
    firstTimestampMs: START_MS - 1_400,
    lastTimestampMs: START_MS - 200,
    recopyOffsets: 900,
    wholeTopics: 0,
  },
  topics: [
    {
      topic: 'orders.placed',
      rows: [
        [0, 411, 420, 9, 1_300, 1],
        [3, 97, 102, 5, 800, 0],
      ],
    },
  ],
  rowsLeftOut: 0,
  samples: [],
  endedTotal: 2,
}

const RETURNED: readonly (readonly [effect: string, second: number, reason: string, phase: string])[] = [
  ['fenceLost', 640, 'eu-west is fenced: 3 of 3 brokers refused a canary', 'scanning'],
  ['scan', 644, '14 records of 2 partitions are only there', 'choosing'],
  ['export', 905, '14 records of 2 partitions are written out', 'replaying'],
  ['replay', 909, '14 records are appended to us-east', 'reseeding'],
  ['reseed', 916, '2 partitions are copied again', 'rejoining'],
  ['rejoin', 930, 'eu-west follows', 'standby'],
]

export function returnFacts(change: Partial<ReturnFacts> = {}): ReturnFacts {
  const id = `${OPERATION}-eu-west`
  let before = 5
  const facts = RETURNED.flatMap(([effect, second, reason, phase]): Fact[] => {
    const started = before
    before = second
    const asked: Fact[] =
      effect === 'export'
        ? [
            {
              second: 900,
              actor: 'grace',
              kind: 'request',
              facts: { reason: 'replay what only eu-west has: customers paid' },
            },
            { second: 900.1, kind: 'transition', facts: { phase: 'exporting', reason: 'grace chose replay' } },
          ]
        : []
    return [
      ...asked,
      { second: effect === 'export' ? 900.1 : started, kind: 'effect-started', facts: { effect } },
      { second, kind: 'effect-ended', facts: { effect, outcome: 'done', reason } },
      { second, kind: 'transition', facts: { phase, reason } },
    ]
  })
  return {
    id,
    operation: OPERATION,
    group: 'orders',
    region: 'eu-west',
    record: undefined,
    evidence: {
      fencing: { proof: null, window: { openMsAtMost: 1_900 } },
      scanning: DIVERGENCE,
      exporting: { records: 14, partitions: 2, topics: ['isthmus.diverged.orders.placed.5'], digest: 'ab12' },
      replaying: { records: 14 },
    },
    trace: { entries: entriesOf(id, facts), isComplete: true },
    ...change,
  }
}
