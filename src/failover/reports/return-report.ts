import type { JournalEntry } from '../../authority/index.ts'
import type { DivergenceEvidence, DivergenceTotals } from '../effects/returns/divergence-evidence.ts'
import type { ExportEvidence } from '../effects/returns/export.ts'
import type { Json } from '../outcome.ts'
import type { ReturnPhase, ReturnRecord, SalvageChoice } from '../returns/return-record.ts'
import { RETURN_STEPS } from '../returns/return-steps.ts'
import { type Intervention, interventionsIn, type MoveStep, noteOutcome, textOf } from './move-steps.ts'
import type { Trace } from './read-trace.ts'
import { untilNext } from './timeline.ts'

/** Everything that is on record of the return of one region. */
export interface ReturnFacts {
  readonly id: string
  /** The move that went past the region. */
  readonly operation: string
  readonly group: string
  readonly region: string
  /** As the group's document has it; undefined once the return has ended, or another one has begun. */
  readonly record: ReturnRecord | undefined
  readonly evidence: Readonly<Partial<Record<ReturnPhase, Json>>>
  readonly trace: Trace
}

/** `standby`: it is back. `replaced`: another move went past the region before it was. */
export type ReturnReportPhase = ReturnPhase | 'standby' | 'replaced'

export interface ReturnReport {
  readonly format: 1
  readonly return: string
  readonly operation: string
  readonly group: string
  readonly region: string
  readonly phase: ReturnReportPhase
  readonly startedAt: string | null
  /** Null while it goes on. */
  readonly endedAt: string | null
  readonly tookMs: number | null
  /** How long the region stood open after it was back, as far as that was seen; see `describeWindow`. */
  readonly openMsAtMost: number | null
  /** What only this region had; null before it was compared. */
  readonly divergence: DivergenceTotals | null
  readonly partitions: readonly DivergedPartition[]
  readonly partitionsLeftOut: number
  /** Transactions that were open in the region and that the return has ended. */
  readonly endedTransactions: number
  /** Null where none was needed, and once the return has left the group's document. */
  readonly choice: SalvageChoice | null
  readonly exported: ExportEvidence | null
  readonly replayedRecords: number | null
  readonly steps: readonly (MoveStep<string> & { readonly tookMs: number })[]
  readonly interventions: readonly Intervention[]
  /** Why it stands still; null where it doesn't. */
  readonly waitsFor: string | null
  readonly isComplete: boolean
}

export interface DivergedPartition {
  readonly topic: string
  readonly partition: number
  /** Offsets of the returned region, half-open. */
  readonly from: number
  readonly to: number
  readonly records: number
}

const PARTITIONS_MOST = 200

/** Pure. */
export function buildReturnReport(facts: ReturnFacts): ReturnReport {
  const { id, operation, group, region, record, trace } = facts
  return {
    format: 1,
    return: id,
    operation,
    group,
    region,
    choice: record?.choice ?? null,
    ...courseOf(facts),
    ...findingsOf(facts),
    interventions: interventionsIn(trace.entries),
    waitsFor: record?.stop?.reason ?? record?.waiting?.reason ?? null,
    isComplete: trace.isComplete,
  }
}

type Course = Pick<ReturnReport, 'phase' | 'startedAt' | 'endedAt' | 'tookMs' | 'steps'>

function courseOf({ record, trace }: ReturnFacts): Course {
  const steps = untilNext(stepsOfReturn(trace.entries))
  const [first, last] = [steps[0], steps.at(-1)]
  const isBack = last?.phase === 'standby' && record === undefined
  const startedAt = first?.at ?? null
  const endedAt = isBack ? last.at : null
  const tookMs =
    startedAt === null || endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))
  return { phase: record?.phase ?? (isBack ? 'standby' : 'replaced'), startedAt, endedAt, tookMs, steps }
}

type Findings = Pick<
  ReturnReport,
  | 'openMsAtMost'
  | 'divergence'
  | 'partitions'
  | 'partitionsLeftOut'
  | 'endedTransactions'
  | 'exported'
  | 'replayedRecords'
>

/** As the steps that made them have written them; see the files of `effects/returns/`. */
interface Found {
  readonly fencing?: { readonly window?: { readonly openMsAtMost?: number | null } }
  readonly scanning?: DivergenceEvidence
  readonly exporting?: ExportEvidence
  readonly replaying?: { readonly records?: number }
}

function findingsOf({ evidence }: ReturnFacts): Findings {
  const { fencing, scanning, exporting, replaying } = evidence as unknown as Found
  const rows = (scanning?.topics ?? []).flatMap(({ topic, rows: of }) => of.map(rowOf(topic)))
  return {
    openMsAtMost: fencing?.window?.openMsAtMost ?? null,
    divergence: scanning?.totals ?? null,
    partitions: rows.slice(0, PARTITIONS_MOST),
    partitionsLeftOut: Math.max(0, rows.length - PARTITIONS_MOST) + (scanning?.rowsLeftOut ?? 0),
    endedTransactions: scanning?.endedTotal ?? 0,
    exported: exporting ?? null,
    replayedRecords: replaying?.records ?? null,
  }
}

function rowOf(topic: string) {
  return ([partition, from, to, records]: DivergenceEvidence['topics'][number]['rows'][number]): DivergedPartition => {
    return { topic, partition, from, to, records }
  }
}

const PHASES: ReadonlySet<string> = new Set([...RETURN_STEPS.map(({ phase }) => phase), 'choosing', 'needs-operator'])

/** A return has no order of its own: its first step begins with its first call. */
function stepsOfReturn(entries: readonly JournalEntry[]): MoveStep<string>[] {
  const steps: MoveStep<string>[] = []
  for (const { kind, at, actor: by, facts } of entries) {
    const phase = kind === 'transition' ? textOf(facts['phase']) : phaseOf(kind, facts)
    const reason = textOf(facts['reason']) ?? ''
    if (phase !== undefined && (PHASES.has(phase) || phase === 'standby') && phase !== steps.at(-1)?.phase) {
      steps.push({ phase, at, by, reason, outcome: null })
    }
    if (kind === 'effect-ended') noteOutcome(steps, facts)
  }
  return steps
}

function phaseOf(kind: string, facts: JournalEntry['facts']): string | undefined {
  if (kind !== 'effect-started') return undefined
  return RETURN_STEPS.find(({ effect }) => effect === facts['effect'])?.phase
}
