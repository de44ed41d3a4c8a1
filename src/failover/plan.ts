import { digestOf } from './evidence.ts'
import type { GuardContext, PartitionLoss } from './guards/evidence.ts'
import { evaluateGuards, type GuardResult } from './guards/evaluate-guards.ts'
import { stepsOf } from './moves/steps.ts'
import type { GuardOverride, MoveKind } from './state.ts'

/** What a move would do, shown before it is asked for. */
export interface MovePlan {
  readonly group: string
  readonly kind: MoveKind
  readonly from: string
  readonly to: string
  /** The epoch that the move has to name. */
  readonly epoch: number
  readonly guards: readonly GuardResult[]
  readonly steps: readonly { readonly phase: string; readonly does: string }[]
  readonly predicted: Prediction
  /** What the operator has to know that stops nothing. */
  readonly notes: readonly string[]
  /** Names what was looked at; an operation has to present it. */
  readonly hash: string
}

export interface Prediction {
  /** 0 for a switchover; for a failover an estimate by partition, as the source is not there to ask. */
  readonly loss: {
    readonly records: number
    readonly partitions: readonly PartitionLoss[]
    readonly isEstimate: boolean
  }
  /** How long applications will not be able to write; undefined where nothing was measured. */
  readonly writePauseMs: number | undefined
}

export interface PlanContext extends GuardContext {
  readonly overrides: readonly GuardOverride[]
  readonly acceptLoss: boolean
  readonly writePauseLimitMs: number
  /** From earlier moves or drills. */
  readonly measuredWritePauseMs?: number
}

/**
 * The plan of a move. Pure. Its hash covers what the move is and what every guard said, not the figures in the evidence,
 * which change by the second: a plan stays good for as long as an operator would decide the same.
 */
export function planMove(context: PlanContext): MovePlan {
  const { kind, document, to, overrides, acceptLoss, writePauseLimitMs } = context
  const guards = evaluateGuards(context, overrides)
  const steps = stepsOf(kind)
    .filter(({ phase }) => phase !== 'rolling-back')
    .map(({ phase, does }) => ({ phase, does }))
  const { group, active: from, epoch, generation } = document
  const hash = digestOf({
    group,
    kind,
    from,
    to,
    epoch,
    generation,
    acceptLoss,
    writePauseLimitMs,
    guards: guards.map(({ name, status, override }) => ({ name, status, override: override ?? null })),
    steps: steps.map(({ phase }) => phase),
  })
  return {
    group,
    kind,
    from,
    to,
    epoch,
    guards,
    steps,
    predicted: predict(context),
    notes: noteWhat(context, guards),
    hash,
  }
}

/** The guards that stop the move as it was asked for. A failover also needs its loss to be accepted. */
export function findBlocking({ guards, kind }: MovePlan, acceptLoss: boolean): string[] {
  const failed = guards.filter(({ isBlocking }) => isBlocking).map(({ name }) => name)
  const isUnaccepted = kind === 'failover' && !acceptLoss
  // Whoever accepts the loss has seen how large it may be.
  const rest = acceptLoss && kind === 'failover' ? failed.filter((name) => name !== 'loss-within-objective') : failed
  return isUnaccepted ? [...rest, 'accept-loss'] : rest
}

/** Guards that stop a move, each with what was found: `no-open-gaps (1 open incidents: …), accept-loss`. */
export function explainBlocking({ guards }: MovePlan, blocking: readonly string[]): string {
  return blocking
    .map((name) => {
      const found = guards.find((guard) => guard.name === name)?.evidence
      return found === undefined ? name : `${name} (${found})`
    })
    .join(', ')
}

function predict({ kind, evidence, measuredWritePauseMs }: PlanContext): Prediction {
  const missing = kind === 'failover' ? (evidence.copy?.missing ?? []) : []
  const partitions = missing.filter(({ records, recordsPerSecond }) => records > 0 || recordsPerSecond > 0)
  const records = partitions.reduce((sum, it) => sum + it.records + (it.recordsPerSecond * it.seenMsAgo) / 1_000, 0)
  return {
    loss: { records: Math.ceil(records), partitions, isEstimate: kind === 'failover' },
    writePauseMs: measuredWritePauseMs,
  }
}

function noteWhat({ kind, document, evidence }: PlanContext, guards: readonly GuardResult[]): string[] {
  const notes: string[] = []
  if (kind === 'failover') {
    notes.push(
      `Applications that still reach ${document.active} can write there until it is fenced; a scan names those records.`,
    )
    notes.push('Transactions may be there in part: a standby never holds one atomically across partitions.')
  } else {
    notes.push('Sends fail while writes are held up; they do not wait.')
  }
  const groups = [...new Set((evidence.copy?.offsetsDiffer ?? []).flatMap((it) => it.groups))]
  if (groups.length > 0) notes.push(`Restart the clients of ${groups.join(', ')} between the fence and the flip.`)
  const overridden = guards.filter(({ override }) => override !== undefined)
  for (const { name, override } of overridden) notes.push(`${name} is overridden: ${override}`)
  return notes
}
