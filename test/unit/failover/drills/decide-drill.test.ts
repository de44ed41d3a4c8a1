import { describe, expect, it, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import {
  decideDrill,
  type DrillAnswer,
  type DrillCallReport,
  type DrillDecision,
  type DrillObserved,
} from '../../../../src/failover/drills/decide-drill.ts'
import type {
  DrillDocument,
  DrillLevel,
  DrillOutcome,
  DrillPhase,
} from '../../../../src/failover/drills/drill-document.ts'
import type { DrillEffectName } from '../../../../src/failover/drills/drill-steps.ts'

const WHEN = '2026-01-01T00:00:00.000Z'
const PASSES_MOST = 200

interface Scenario {
  readonly name: string
  readonly level: DrillLevel
  /** What an effect comes to at its n-th call of a run; done where it says nothing. */
  readonly answers?: Partial<Record<DrillEffectName, (call: number) => DrillAnswer | undefined>>
  /** What goes on outside while the drill is at the phase. */
  readonly incidentAt?: DrillPhase
  readonly abortAt?: DrillPhase
  readonly ends: DrillOutcome['kind']
}

interface World {
  /** What a process has in memory. */
  hasStream: boolean
  /** What outlives it: the group is in the other region, records were read under a group of the drill's own. */
  isAway: boolean
  hasGroups: boolean
  readonly calls: DrillEffectName[]
}

interface Cut {
  readonly pass: number
  readonly at: 'before-action' | 'after-action'
}

const failed = (reason: string): DrillAnswer => ({ kind: 'failed', reason })
const waiting = (reason: string): DrillAnswer => ({ kind: 'waiting', reason })

const scenarios: readonly Scenario[] = [
  ...(['preflight', 'canary', 'isolated', 'full', 'authority'] as const).map(
    (level): Scenario => ({ name: `a drill of the level ${level}`, level, ends: 'passed' }),
  ),
  ...(['stream', 'plan', 'leave', 'stay', 'comeBack', 'measure'] as const).map(
    (effect): Scenario => ({
      name: `a canary drill whose ${effect} fails`,
      level: 'canary',
      answers: { [effect]: () => failed(`${effect} is refused`) },
      ends: 'failed',
    }),
  ),
  {
    name: 'an isolated drill that finds wrong positions',
    level: 'isolated',
    answers: { read: () => failed('wrong position') },
    ends: 'failed',
  },
  {
    name: 'an authority drill whose copies are older',
    level: 'authority',
    answers: { restore: () => failed('groups/orders is older') },
    ends: 'failed',
  },
  {
    name: 'a full drill whose moves take their time',
    level: 'full',
    answers: { leave: (call) => (call < 4 ? waiting('draining') : undefined) },
    ends: 'passed',
  },
  ...(['streaming', 'planning', 'leaving', 'staying', 'returning'] as const).map(
    (incidentAt): Scenario => ({
      name: `an incident at ${incidentAt}`,
      level: 'canary',
      incidentAt,
      ends: 'interrupted',
    }),
  ),
  { name: 'an incident while it measures', level: 'canary', incidentAt: 'measuring', ends: 'passed' },
  { name: 'an abort of a full drill', level: 'full', abortAt: 'staying', ends: 'interrupted' },
  {
    name: 'a clean-up that leaves something',
    level: 'canary',
    answers: {
      clean: () => ({
        kind: 'failed',
        reason: 'one left',
        found: { leftovers: [{ lookedFor: 'groups', found: ['isthmus.drill.1'] }] },
      }),
    },
    ends: 'failed',
  },
]

const drillOf = (level: DrillLevel): DrillDocument => ({
  format: 1,
  id: 'orders-drill-0123456789abcdef',
  group: 'orders',
  level,
  from: regionName('west'),
  region: regionName('east'),
  request: { by: 'ada', reason: 'test', at: WHEN, stayMs: 0 },
  phase: 'requested',
  attempt: 1,
  steps: [{ phase: 'requested', at: WHEN, reason: 'test' }],
  objectives: { rpoMs: null, rtoMs: null },
  moves: [],
  parts: {},
  leftovers: [],
})

/** The effects as the world feels them: what was begun goes on even where its caller is gone. */
function act(world: World, effect: DrillEffectName): void {
  if (effect === 'stream') world.hasStream = world.hasGroups = true
  if (effect === 'leave') world.isAway = true
  if (effect === 'comeBack') world.isAway = false
  if (effect === 'read') world.hasGroups = true
  if (effect === 'measure') world.hasStream = false
  if (effect === 'clean') world.isAway = world.hasGroups = world.hasStream = false
}

function callOnce(
  { drill, step: { effect } }: Extract<DrillDecision, { kind: 'call' }>,
  {
    world,
    calls,
    answers,
  }: {
    readonly world: World
    readonly calls: Map<DrillEffectName, number>
    readonly answers: NonNullable<Scenario['answers']>
  },
): DrillCallReport {
  const call = (calls.get(effect) ?? 0) + 1
  calls.set(effect, call)
  world.calls.push(effect)
  const answer = answers[effect]?.(call) ?? { kind: 'done', reason: 'well' }
  if (answer.kind !== 'waiting') act(world, effect)
  return { drill: drill.id, attempt: drill.attempt, answer, parts: {} }
}

function run({ level, answers = {}, incidentAt, abortAt }: Scenario, cut?: Cut) {
  const world: World = { hasStream: false, isAway: false, hasGroups: false, calls: [] }
  const documents = [drillOf(level)]
  let report: DrillCallReport | undefined
  let ended: DrillDocument | undefined
  const calls = new Map<DrillEffectName, number>()
  for (let pass = 1; pass <= PASSES_MOST && ended === undefined; pass++) {
    let drill = documents.at(-1) as DrillDocument
    if (abortAt !== undefined && drill.phase === abortAt) drill = { ...drill, abort: { by: 'ada', reason: 'enough' } }
    const observed: DrillObserved = {
      drill,
      hold: undefined,
      report,
      phaseMs: 0,
      incident: drill.phase === incidentAt ? 'east is suspect' : undefined,
      hasStream: world.hasStream,
      at: WHEN,
    }
    const decision = decideDrill(observed)
    const isCut = cut?.pass === pass
    if (!(isCut && cut.at === 'before-action')) {
      if (decision.kind === 'call') report = callOnce(decision, { world, calls, answers })
      else if (decision.kind === 'write') documents.push(decision.next)
      else if (decision.kind === 'archive') ended = decision.drill
    }
    // The process is gone, with what it had in memory.
    if (isCut) {
      report = undefined
      world.hasStream = false
    }
  }
  return { documents, ended, world }
}

describe.each(scenarios)('$name', (scenario) => {
  it(`ends as ${scenario.ends}, and cleans up last`, () => {
    const { ended, world } = run(scenario)
    expect(ended?.outcome?.kind).toBe(scenario.ends)
    expect(ended?.outcome?.reasons.length).toBeGreaterThan(0)
    expect(world.calls.at(-1)).toBe('clean')
    expect(world).toMatchObject({ isAway: false, hasGroups: false, hasStream: false })
  })

  it('ends and cleans up from each prefix that it was interrupted at', () => {
    const passes = run(scenario).documents.length * 2 + 2
    for (let pass = 1; pass <= passes; pass++) {
      for (const at of ['before-action', 'after-action'] as const) {
        const { ended, world, documents } = run(scenario, { pass, at })
        const cut = `cut off in pass ${pass}, ${at}`
        expect(ended?.phase, cut).toBe('done')
        expect(world.calls.at(-1), cut).toBe('clean')
        expect(world, cut).toMatchObject({ isAway: false, hasGroups: false, hasStream: false })
        // Only what a process had counted in its memory can be lost; then nothing is passed for measured.
        const kinds = [scenario.ends, ...(scenario.level === 'canary' ? ['interrupted'] : [])]
        expect(kinds, cut).toContain(ended?.outcome?.kind)
        const attempts = documents.map(({ attempt }) => attempt)
        expect(attempts, cut).toEqual([...new Set(attempts)].sort((a, b) => a - b))
      }
    }
  })
})

test('a process that does not lead does nothing', () => {
  const drill = drillOf('canary')
  const observed = { drill, report: undefined, phaseMs: 0, incident: undefined, hasStream: false, at: WHEN }
  expect(decideDrill({ ...observed, hold: 'another one leads' })).toEqual({ kind: 'idle', reason: 'another one leads' })
})

test('a step that never ends is asked once more when its time is over, then the drill has failed', () => {
  const drill = { ...drillOf('authority'), phase: 'restoring' as const }
  const report = { drill: drill.id, attempt: 1, answer: waiting('the region is silent'), parts: {} }
  const observed = { drill, hold: undefined, report, incident: undefined, hasStream: false, at: WHEN }
  expect(decideDrill({ ...observed, phaseMs: 1_000 })).toMatchObject({ kind: 'call', isLast: false })
  expect(decideDrill({ ...observed, phaseMs: 91_000 })).toMatchObject({ kind: 'call', isLast: true })
  const decision = decideDrill({ ...observed, phaseMs: 121_000 })
  expect(decision).toMatchObject({ kind: 'write', next: { phase: 'cleaning', outcome: { kind: 'failed' } } })
})

test('what could not be looked for keeps a drill from passing', () => {
  const drill = { ...drillOf('preflight'), phase: 'cleaning' as const }
  const report = { drill: drill.id, attempt: 1, answer: waiting('east is silent'), parts: {} }
  const observed = { drill, hold: undefined, report, incident: undefined, hasStream: false, at: WHEN }
  const decision = decideDrill({ ...observed, phaseMs: 300_000 })
  expect(decision).toMatchObject({
    next: { phase: 'done', outcome: { kind: 'failed', reasons: ['left behind, what the drill made: east is silent'] } },
  })
})

test('a canary drill whose process has ended is not passed for measured', () => {
  const drill = { ...drillOf('canary'), phase: 'staying' as const }
  const observed = { drill, hold: undefined, report: undefined, phaseMs: 0, incident: undefined, at: WHEN }
  const decision = decideDrill({ ...observed, hasStream: false })
  expect(decision).toMatchObject({ next: { phase: 'measuring', outcome: { kind: 'interrupted' } } })
})
