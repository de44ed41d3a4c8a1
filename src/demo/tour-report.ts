import { renderTable } from '../cli/index.ts'
import type { LandingVerdict } from './judge-landing.ts'

export interface MoveResult extends Omit<LandingVerdict, 'problems'> {
  readonly kind: 'switchover' | 'failover' | 'failback'
  readonly from: string
  readonly to: string
  readonly epoch: number
  /** From the last acknowledgement in the old region to the first in the new one, as the sensor fleet saw it. */
  readonly writePauseMs: number
  /** Windows whose published aggregates are those of the oracle. */
  readonly windows: number
  readonly aggregatesEqual: boolean
  readonly problems: readonly string[]
}

export interface LossResult {
  /** Records that only the lost region has, counted by the demo in both logs. */
  readonly counted: number
  /** The same, as Isthmus named them. */
  readonly named: number
  readonly partitions: number
  /** Readings among them that the sensor fleet had an acknowledgement for. */
  readonly acknowledgedReadings: number
  readonly problems: readonly string[]
}

export interface TourResult {
  readonly ok: boolean
  readonly seconds: number
  readonly moves: readonly MoveResult[]
  /** Null where the lost region did not come back. */
  readonly loss: LossResult | null
  readonly problems: readonly string[]
}

export function renderResult({ ok, seconds, moves, loss, problems }: TourResult): string {
  const rows = moves.map((move) => {
    const { kind, from, to, epoch, writePauseMs, positions, reread, skipped, windows } = move
    const aggregates = move.aggregatesEqual ? `all ${windows} windows equal` : 'DIFFER'
    const pause = `${(writePauseMs / 1_000).toFixed(1)} s`
    return [`${kind} ${from} -> ${to}`, epoch, pause, positions, reread, skipped, aggregates]
  })
  const headers = ['MOVE', 'EPOCH', 'NO WRITES FOR', 'POSITIONS', 'REREAD', 'SKIPPED', 'AGGREGATES AND ORACLE']
  const lost =
    loss === null
      ? []
      : [
          `The failover lost ${loss.counted} records in ${loss.partitions} partitions, ${loss.acknowledgedReadings} of ` +
            `them acknowledged readings; Isthmus named ${loss.named}.`,
        ]
  const verdict = ok ? `All of it holds, after ${seconds} s.` : 'Not all of it holds:'
  return ['', renderTable(headers, rows), ...lost, verdict, ...problems.map((problem) => `  ${problem}`)].join('\n')
}
