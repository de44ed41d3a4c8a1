import { describe, expect, it, test } from 'vitest'
import { decideMove, type MoveObserved } from '../../../../src/failover/moves/decide-move.ts'
import { standsAt } from '../../../../src/failover/moves/steps.ts'
import { abortMove, acknowledgeMove, resumeMove } from '../../../../src/failover/requests.ts'
import type { Outcome } from '../../../../src/failover/outcome.ts'
import type { GroupDocument, Phase } from '../../../../src/failover/state.ts'
import {
  east,
  failed,
  north,
  request,
  resultOf,
  runScenario,
  type Scenario,
  start,
  threeRegions,
  unknown,
  waiting,
  west,
  WHEN,
} from '../../../support/failover/machine-model.ts'

const moved = { phase: 'done', active: east, epoch: 2, writable: [east] } as const
const stayed = { phase: 'rolled-back', active: west, epoch: 1, writable: [west] } as const
const attestation = { by: 'ada', reason: 'the site burned down', at: WHEN }
const isAt = (phase: Phase) => (document: GroupDocument) => document.operation?.phase === phase
const isStuckAt = (phase: Phase) => (document: GroupDocument) => {
  const { operation } = document
  return operation?.phase === 'needs-operator' && standsAt(operation) === phase
}
const failOver =
  (to: typeof east, over = {}) =>
  (document: GroupDocument) =>
    start(document, { id: 'op-2', kind: 'failover', to, request: { ...request, acceptLoss: true, ...over } })
const resume = (document: GroupDocument) => resumeMove(document, document.operation?.id ?? '')
const first = (outcome: ReturnType<typeof failed>) => (call: number) => (call === 1 ? outcome : undefined)

const donors = [{ region: north, topics: ['orders'] }]

const scenarios: readonly Scenario[] = [
  { name: 'a switchover', start: {}, ends: moved },
  { name: 'a failback', start: { kind: 'failback' }, ends: moved },
  { name: 'a failover', start: { kind: 'failover' }, ends: moved },
  {
    name: 'a failover that fetches from a survivor',
    start: { kind: 'failover' },
    answers: { catchUp: (call) => (call <= 3 ? { kind: 'waiting', reason: 'it fetches', donors } : undefined) },
    ends: moved,
  },
  ...(['fence', 'settle', 'cut', 'drain', 'prove', 'positions', 'confirm'] as const).map(
    (effect): Scenario => ({
      name: `a switchover whose ${effect} is refused`,
      start: {},
      answers: { [effect]: () => failed('REFUSED') },
      ends: stayed,
    }),
  ),
  {
    name: 'a switchover that a guard refuses',
    start: {},
    answers: { preflight: () => failed('GUARDS_FAILED') },
    ends: stayed,
  },
  {
    name: 'a switchover whose fence call times out and comes into force',
    start: {},
    answers: { fence: first(unknown('no answer')) },
    ends: moved,
  },
  {
    name: 'a switchover whose drain lasts longer than writes may be held up',
    start: {},
    answers: { drain: () => waiting('1,204 records left on orders-3') },
    ends: stayed,
  },
  {
    name: 'a switchover whose fence stays unknown, and whose roll-back does so for a while',
    start: {},
    answers: {
      fence: () => unknown('no answer'),
      rollBack: (call) => (call < 5 ? unknown('no answer') : undefined),
    },
    ends: stayed,
  },
  ...(['fencing', 'settling', 'cut', 'draining', 'proving', 'translating', 'committing'] as const).map(
    (phase): Scenario => ({
      name: `a switchover aborted at ${phase}`,
      start: {},
      people: [{ when: isAt(phase), does: (it) => abortMove(it, 'op-1', 'ada', 'changed my mind') }],
      ends: stayed,
    }),
  ),
  {
    name: 'a switchover whose roll-back is refused at first',
    start: {},
    answers: { cut: () => failed('REFUSED'), rollBack: first(failed('UNAUTHORIZED')) },
    people: [{ when: isStuckAt('rolling-back'), does: resume }],
    ends: stayed,
  },
  {
    name: 'an aborted switchover whose roll-back is refused at first',
    start: {},
    answers: { rollBack: first(failed('UNAUTHORIZED')) },
    people: [
      { when: isAt('cut'), does: (it) => abortMove(it, 'op-1', 'ada', 'changed my mind') },
      { when: isStuckAt('rolling-back'), does: resume },
    ],
    ends: stayed,
  },
  ...(['promote', 'open', 'reverse'] as const).map(
    (effect): Scenario => ({
      name: `a switchover whose ${effect} is refused until somebody helped`,
      start: {},
      answers: { [effect]: first(failed('REFUSED')) },
      people: [{ when: isAt('needs-operator'), does: resume }],
      ends: moved,
    }),
  ),
  ...(['reroute', 'verify'] as const).map(
    (effect): Scenario => ({
      name: `a switchover whose ${effect} never works and is acknowledged`,
      start: {},
      answers: { [effect]: () => failed('REFUSED') },
      people: [{ when: isAt('needs-operator'), does: (it) => acknowledgeMove(it, 'op-1', 'ada', 'done by hand') }],
      ends: moved,
    }),
  ),
  {
    name: 'a switchover whose clients never leave',
    start: {},
    answers: { evict: () => waiting('3 members on west') },
    ends: moved,
  },
  {
    name: 'a failover whose source does not answer, with an attestation',
    start: { kind: 'failover', request: { ...request, attestation } },
    answers: { fence: () => failed('REGION_UNREACHABLE') },
    ends: { ...moved, writable: [west, east] },
  },
  {
    name: 'a failover whose source does not answer, attested when asked for',
    start: { kind: 'failover' },
    answers: { fence: () => failed('REGION_UNREACHABLE') },
    people: [{ when: isStuckAt('fencing'), does: (it) => resumeMove(it, 'op-1', attestation) }],
    ends: { ...moved, writable: [west, east] },
  },
  {
    name: 'a failover that nobody attests, aborted',
    start: { kind: 'failover' },
    answers: { fence: () => failed('REGION_UNREACHABLE') },
    people: [{ when: isStuckAt('fencing'), does: (it) => abortMove(it, 'op-1', 'ada', 'it came back') }],
    ends: stayed,
  },
  {
    name: 'a failover that supersedes a draining switchover and takes over its fence',
    start: {},
    answers: {
      drain: () => waiting('east is gone'),
      fence: (call) => (call > 2 ? unknown('west is gone') : undefined),
    },
    people: [{ when: isAt('draining'), does: failOver(north) }],
    ends: { phase: 'done', active: north, epoch: 2, writable: [north] },
  },
  {
    name: 'a failover that supersedes a roll-back does not trust its fence',
    start: {},
    answers: { cut: () => failed('REFUSED'), rollBack: () => unknown('west is gone') },
    people: [{ when: isAt('rolling-back'), does: failOver(east) }],
    ends: moved,
  },
  {
    name: 'a way back from a target that died before it was opened',
    start: {},
    answers: { promote: (call) => (call < 3 ? unknown('east is gone') : undefined) },
    people: [{ when: (it) => isAt('promoting')(it) && it.epoch === 2, does: failOver(west) }],
    ends: { phase: 'done', active: west, epoch: 3, writable: [west] },
  },
  {
    name: 'a failover to the third region from a target that died while it was opened',
    start: {},
    answers: { open: (call) => (call < 3 ? unknown('east is gone') : undefined) },
    people: [{ when: (it) => isAt('opening')(it) && it.epoch === 2, does: failOver(north) }],
    ends: { phase: 'done', active: north, epoch: 3, writable: [north] },
  },
]

describe.each(scenarios)('$name', (scenario) => {
  it('ends as it has to, and breaks no invariant on the way', () => {
    expect(resultOf(runScenario(scenario))).toEqual({ ...scenario.ends, broken: [] })
  })

  it('comes to the same when the controller is killed at any pass, before or after what it does', () => {
    const passes = runScenario(scenario).decisions.length
    expect(passes).toBeGreaterThan(2)
    for (let pass = 0; pass < passes; pass++) {
      for (const at of ['before-action', 'after-action'] as const) {
        const result = resultOf(runScenario(scenario, { pass, at }))
        expect(result, `killed ${at} of pass ${pass}`).toEqual({ ...scenario.ends, broken: [] })
      }
    }
  })
})

test('a failover has who gives what on record for as long as it catches up', () => {
  const run = runScenario({
    name: 'fetching',
    start: { kind: 'failover' },
    answers: { catchUp: (call) => (call <= 3 ? { kind: 'waiting', reason: 'it fetches', donors } : undefined) },
    ends: moved,
  })
  const noted = run.documents.filter(({ operation }) => operation?.donors !== undefined)
  expect(noted.map(({ operation }) => [operation?.phase, operation?.donors])).toEqual([['catching-up', donors]])
})

describe('decideMove', () => {
  const observed = (over: Partial<MoveObserved> = {}): MoveObserved => ({
    document: start(threeRegions()),
    hold: undefined,
    report: undefined,
    phaseMs: 0,
    writePausedMs: 0,
    at: WHEN,
    ...over,
  })

  it('does nothing while this process may not act, and says why', () => {
    expect(decideMove(observed({ hold: 'another controller leads' }))).toEqual({
      kind: 'idle',
      reason: 'another controller leads',
    })
  })

  it('takes no answer of an earlier attempt for one to this', () => {
    const document = decided(observed())
    const report = { operation: 'op-1', attempt: 1, outcome: failed('REFUSED') }
    expect(decideMove(observed({ document, report }))).toMatchObject({ kind: 'call', step: { effect: 'preflight' } })
  })

  it('never counts an unknown answer as a failure', () => {
    const run = runScenario({
      name: '',
      start: {},
      answers: { fence: (call) => (call < 9 ? unknown('lost') : undefined) },
      ends: moved,
    })
    const fencing = run.decisions.filter((it) => it.kind === 'call' && it.step.effect === 'fence')
    expect(fencing).toHaveLength(9)
    expect(run.documents.some(({ operation }) => operation?.phase === 'rolling-back')).toBe(false)
  })

  it('ends a step that has a limit on time, but for something that runs and must not be cut short', () => {
    const preflight = decided(observed({ document: start(threeRegions(), { kind: 'failover' }) }))
    const report = (outcome: Outcome) => ({ operation: 'op-1', attempt: preflight.operation?.attempt ?? 0, outcome })
    const done = observed({ document: preflight, report: report({ kind: 'done', reason: 'guards hold' }) })
    const document = decided(done)
    const at = (phaseMs: number, outcome: Outcome) => {
      const answer = { ...report(outcome), attempt: document.operation?.attempt ?? 0 }
      return decideMove(observed({ document, report: answer, phaseMs }))
    }
    const stopped = { kind: 'write', next: { operation: { phase: 'needs-operator', fence: 'intended' } } }
    const running: Outcome = { kind: 'waiting', reason: 'the command runs', patienceMs: 62_000 }
    expect(at(2_999, unknown('no answer'))).toMatchObject({ kind: 'call' })
    expect(at(3_000, unknown('no answer'))).toMatchObject(stopped)
    expect(at(61_999, running)).toMatchObject({ kind: 'call' })
    expect(at(62_000, running)).toMatchObject(stopped)
  })

  it('says in every decision what is waited for', () => {
    const run = runScenario({
      name: '',
      start: {},
      answers: { drain: (call) => (call < 3 ? waiting('7 records left') : undefined) },
      ends: moved,
    })
    expect(run.decisions.map(({ reason }) => reason)).toContain('draining: waiting, 7 records left')
    expect(run.decisions.every(({ reason }) => reason.length > 10)).toBe(true)
  })

  it('puts the pause on record while a step waits, so that the next controller counts on', () => {
    const run = runScenario({
      name: '',
      start: {},
      answers: { drain: (call) => (call < 20 ? waiting('records left') : undefined) },
      ends: moved,
    })
    const noted = run.documents.flatMap(({ operation }) =>
      operation?.phase === 'draining' ? [operation.writePausedMs] : [],
    )
    expect(noted.length).toBeGreaterThan(2)
    expect(noted).toEqual([...noted].sort((a, b) => a - b))
  })

  it('shows a region whose fence is only attested as unfenced', () => {
    const run = runScenario({
      name: '',
      start: { kind: 'failover', request: { ...request, attestation } },
      answers: { fence: () => failed('REGION_UNREACHABLE') },
      ends: moved,
    })
    expect(run.documents.at(-1)?.regions[west]).toMatchObject({
      role: 'lost',
      unfenced: { operation: 'op-1' },
      return: { phase: 'fencing', epoch: 2 },
    })
  })

  const decided = (seen: MoveObserved): GroupDocument => {
    const decision = decideMove(seen)
    if (decision.kind !== 'write') throw new Error(`expected a write, not ${decision.kind}`)
    return decision.next
  }
})
