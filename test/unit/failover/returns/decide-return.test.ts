import { describe, expect, it } from 'vitest'
import type { Divergence, Outcome } from '../../../../src/failover/outcome.ts'
import { checkInvariants } from '../../../../src/failover/moves/invariants.ts'
import { chooseSalvage, resumeReturn } from '../../../../src/failover/requests.ts'
import { decideReturn, type ReturnDecision, type ReturnReport } from '../../../../src/failover/returns/decide-return.ts'
import type { ReturnEffectName } from '../../../../src/failover/returns/return-steps.ts'
import { startReturn } from '../../../../src/failover/returns/start-return.ts'
import type { GroupDocument } from '../../../../src/failover/state.ts'
import { east, failed, start, threeRegions, unknown, west, WHEN } from '../../../support/failover/machine-model.ts'

interface Story {
  readonly name: string
  readonly divergence: Divergence
  readonly choice?: 'export' | 'replay' | 'keep' | 'discard'
  readonly answers?: Partial<Record<ReturnEffectName, (call: number) => Outcome | undefined>>
  readonly effects: readonly ReturnEffectName[]
}

const LIMIT_MS = 60_000
const heldBy = (reason: string): Outcome => {
  return { kind: 'waiting', reason, held: { limitMs: LIMIT_MS, instructions: 'end it' } }
}
const none = { records: 0, partitions: 0, onlyHere: 0 }
const some = { records: 12, partitions: 2, onlyHere: 0 }
const stories: readonly Story[] = [
  { name: 'nothing diverged', divergence: none, effects: ['fenceLost', 'scan', 'rejoin'] },
  {
    name: 'the tail is exported',
    divergence: some,
    choice: 'export',
    effects: ['fenceLost', 'scan', 'export', 'reseed', 'rejoin'],
  },
  {
    name: 'the tail is replayed',
    divergence: some,
    choice: 'replay',
    effects: ['fenceLost', 'scan', 'export', 'replay', 'reseed', 'rejoin'],
  },
  {
    name: 'the tail is kept',
    divergence: some,
    choice: 'keep',
    effects: ['fenceLost', 'scan', 'export', 'replay', 'keep', 'rejoin'],
  },
  {
    name: 'the tail is discarded',
    divergence: some,
    choice: 'discard',
    effects: ['fenceLost', 'scan', 'reseed', 'rejoin'],
  },
  {
    name: 'older records exist only there',
    divergence: { ...none, onlyHere: 3 },
    choice: 'discard',
    answers: { reseed: (call) => (call === 1 ? failed('ONLY_HERE') : undefined) },
    effects: ['fenceLost', 'scan', 'reseed', 'rejoin'],
  },
  {
    name: 'the region answers late',
    divergence: none,
    answers: { fenceLost: (call) => (call < 6 ? unknown('east is away') : undefined) },
    effects: ['fenceLost', 'scan', 'rejoin'],
  },
  {
    name: 'its transactions end late',
    divergence: none,
    answers: { scan: (call) => (call < 4 ? heldBy(call < 3 ? 'app-1' : 'app-2') : undefined) },
    effects: ['fenceLost', 'scan', 'rejoin'],
  },
]

const lost = (): GroupDocument => {
  const document = threeRegions()
  const unfenced = { operation: 'op-1', reason: 'attested' }
  const entry = { role: 'lost', since: WHEN, reason: '', unfenced, return: startReturn(east, 1, 'op-0') } as const
  return { ...document, regions: { ...document.regions, [east]: entry } }
}

interface Ran {
  readonly document: GroupDocument
  readonly effects: ReturnEffectName[]
  readonly broken: string[]
  readonly passes: number
  readonly fencedBefore: boolean
}

/** A return over a world that only counts calls; each can be cut off after its action, before anybody learns of it. */
class ReturnModel {
  document = lost()
  fencedBefore = true
  readonly broken: string[] = []
  readonly effects = new Set<ReturnEffectName>()
  readonly #story: Story
  readonly #calls = new Map<ReturnEffectName, number>()
  #report: ReturnReport | undefined

  constructor(story: Story) {
    this.#story = story
  }

  /** False where nothing is left to do. */
  pass(isActed: boolean, isForgotten: boolean): boolean {
    this.#help()
    const report = this.#report
    const decision = decideReturn({ document: this.document, region: east, hold: undefined, report, at: WHEN })
    if (decision.kind === 'idle') return false
    if (isActed && decision.kind === 'write') this.#accept(decision.next)
    if (isActed && decision.kind === 'call') this.#call(decision)
    if (isForgotten) this.#report = undefined
    return true
  }

  #help(): void {
    const record = this.document.regions[east]?.return
    if (record?.phase === 'choosing' && record.choice === undefined) {
      const kind = this.#story.choice ?? 'discard'
      this.document = chooseSalvage(this.document, east, { kind, by: 'ada', reason: 'asked' })
    }
    if (record?.phase === 'needs-operator') this.document = resumeReturn(this.document, east)
  }

  #accept(next: GroupDocument): void {
    this.broken.push(...checkInvariants(this.document, next))
    this.document = next
  }

  #call({ step: { effect }, record }: Extract<ReturnDecision, { kind: 'call' }>): void {
    if (effect !== 'fenceLost' && this.document.regions[east]?.unfenced !== undefined) this.fencedBefore = false
    const call = (this.#calls.get(effect) ?? 0) + 1
    this.#calls.set(effect, call)
    this.effects.add(effect)
    const findings = effect === 'scan' ? { divergence: this.#story.divergence } : {}
    const outcome: Outcome = this.#story.answers?.[effect]?.(call) ?? { kind: 'done', reason: 'as asked', findings }
    this.#report = { return: record.id, attempt: record.attempt, outcome }
  }
}

/** Runs a return to its end; the controller is killed at the pass that `cut` names. */
function run(story: Story, cut?: { readonly pass: number; readonly isActed: boolean }): Ran {
  const model = new ReturnModel(story)
  for (let pass = 0; pass < 200; pass++) {
    const isCut = cut?.pass === pass
    if (!model.pass(!isCut || cut.isActed, isCut)) {
      const { document, effects, broken, fencedBefore } = model
      return { document, effects: [...effects], broken, passes: pass, fencedBefore }
    }
  }
  throw new Error('the return does not end')
}

describe.each(stories)('$name', (story) => {
  it('ends as a standby, by the steps of the choice, behind the fence', () => {
    const { document, effects, broken, fencedBefore } = run(story)
    expect(document.regions[east]).toEqual({ role: 'standby', since: WHEN, reason: 'returned' })
    expect({ effects, broken, fencedBefore }).toEqual({ effects: story.effects, broken: [], fencedBefore: true })
  })

  it('comes to the same when the controller is killed at any pass', () => {
    const { passes, document } = run(story)
    for (let pass = 0; pass < passes; pass++) {
      for (const isActed of [false, true]) {
        const ran = run(story, { pass, isActed })
        expect(ran.document, `killed at pass ${pass}`).toEqual(document)
        expect({ effects: ran.effects, broken: ran.broken }).toEqual({ effects: story.effects, broken: [] })
      }
    }
  })
})

describe('decideReturn', () => {
  const decide = (document: GroupDocument) =>
    decideReturn({ document, region: east, hold: undefined, report: undefined, at: WHEN })
  const at = (phase: 'fencing' | 'scanning' | 'reseeding', role: 'lost' | 'returning' | 'reseeding') => {
    const document = lost()
    return {
      ...document,
      regions: {
        ...document.regions,
        [east]: { role, since: WHEN, reason: '', return: { ...startReturn(east, 1, 'op-0'), phase } },
      },
    }
  }
  const failover = (document: GroupDocument) => start(document, { kind: 'failover', to: 'north' as typeof east })

  it('fences while a move runs, and does nothing else', () => {
    expect(decide(failover(at('fencing', 'lost')))).toMatchObject({ kind: 'call', step: { effect: 'fenceLost' } })
    expect(decide(failover(at('scanning', 'returning')))).toMatchObject({ kind: 'idle' })
  })

  it('scans anew after a move has passed by, also what was being re-seeded', () => {
    const document = at('reseeding', 'reseeding')
    const moved: GroupDocument = { ...document, epoch: 2 }
    const decision = decide(moved)
    expect(decision.kind === 'write' ? decision.next.regions[east] : decision).toMatchObject({
      role: 'returning',
      return: { phase: 'scanning', epoch: 2 },
    })
  })

  describe('while others have to end something', () => {
    const report = (outcome: Outcome): ReturnReport => ({ return: 'op-0-east', attempt: 1, outcome })
    const decideAt = (document: GroupDocument, outcome: Outcome, afterMs = 0) => {
      const now = new Date(Date.parse(WHEN) + afterMs).toISOString()
      return decideReturn({ document, region: east, hold: undefined, report: report(outcome), at: now })
    }
    const written = (decision: ReturnDecision): GroupDocument => {
      if (decision.kind !== 'write') throw new Error(decision.reason)
      return decision.next
    }
    const recordOf = (document: GroupDocument) => document.regions[east]?.return
    const first = () => written(decideAt(at('scanning', 'returning'), heldBy('app-1')))

    it('shows what for and since when, and writes it once', () => {
      expect(recordOf(first())).toMatchObject({
        phase: 'scanning',
        attempt: 1,
        waiting: { reason: 'app-1', since: WHEN },
      })
      expect(decideAt(first(), heldBy('app-1'), 1_000)).toMatchObject({ kind: 'call', step: { effect: 'scan' } })
      const other = written(decideAt(first(), heldBy('app-2'), 1_000))
      expect(recordOf(other)?.waiting).toEqual({ reason: 'app-2', since: WHEN, limitedSince: WHEN })
    })

    it('asks a person when that takes too long, whatever it is by then, and waits anew once that has resumed it', () => {
      const stopped = written(decideAt(first(), heldBy('app-2'), LIMIT_MS))
      expect(recordOf(stopped)).toMatchObject({
        phase: 'needs-operator',
        stop: { at: 'scanning', reason: `since ${WHEN}: app-2`, instructions: 'end it' },
      })
      expect(recordOf(stopped)?.waiting).toBeUndefined()
      expect(recordOf(resumeReturn(stopped, east))).toMatchObject({ phase: 'scanning', attempt: 3 })
    })

    it('waits on without a limit where that is nobody to be asked about', () => {
      const held: Outcome = { kind: 'waiting', reason: 'away', held: { limitMs: null, instructions: '' } }
      expect(decideAt(written(decideAt(first(), held)), held, 1_000 * LIMIT_MS)).toMatchObject({ kind: 'call' })
      const back = written(decideAt(at('scanning', 'returning'), held))
      const since = recordOf(written(decideAt(back, heldBy('app-1'), 2 * LIMIT_MS)))?.waiting
      expect(since).toEqual({ reason: 'app-1', since: WHEN, limitedSince: '2026-01-01T00:02:00.000Z' })
    })

    it('counts anew when a region is back that was away meanwhile', () => {
      const held: Outcome = { kind: 'waiting', reason: 'away', held: { limitMs: null, instructions: '' } }
      const away = written(decideAt(first(), held, LIMIT_MS / 2))
      expect(recordOf(away)?.waiting).toEqual({ reason: 'away', since: WHEN })
      const back = written(decideAt(away, heldBy('app-1'), 2 * LIMIT_MS))
      expect(recordOf(back)).toMatchObject({ phase: 'scanning', waiting: { since: WHEN } })
      expect(decideAt(back, heldBy('app-1'), 3 * LIMIT_MS - 1)).toMatchObject({ kind: 'call' })
      expect(recordOf(written(decideAt(back, heldBy('app-1'), 3 * LIMIT_MS)))?.phase).toBe('needs-operator')
    })

    it('forgets it as soon as it waits for nobody', () => {
      const reading = written(decideAt(first(), { kind: 'waiting', reason: 'read' }))
      expect(recordOf(reading)).toEqual(recordOf(at('scanning', 'returning')))
      const findings = { divergence: none }
      const done = written(decideAt(first(), { kind: 'done', reason: 'compared', findings }))
      expect(recordOf(done)).toMatchObject({ phase: 'rejoining' })
      expect(recordOf(done)?.waiting).toBeUndefined()
    })
  })

  it('leaves regions alone that are not on their way back', () => {
    expect(decideReturn({ document: lost(), region: west, hold: undefined, report: undefined, at: WHEN }).kind).toBe(
      'idle',
    )
  })
})
