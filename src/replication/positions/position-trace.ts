/**
 * Whose a position on the target is. Kafka does not say who committed a position, and a consumer that assigns its
 * partitions itself looks like an empty group, so it is told by what this process has seen:
 *
 * - The position equals our last write, or a write whose answer was lost: it is **ours**.
 * - It differs from our last write: someone else moved it. It is **foreign** for as long as this process lives, however
 *   far the source reads on. So is a position of a group that had members on the target, unless it is our last write.
 * - First sight, as after a restart: our writes are translations of what the source had committed, so at or below the
 *   translation of what it has committed now the position counts as ours, for else no position would move after a
 *   restart. (Until a write of this process was accepted it is moved forward only.) Above, it is **ahead**: it is not ours, unless the group went back at the source meanwhile. It is left
 *   alone until the source has passed it unmoved, and it is foreign once it moves.
 *
 * So a foreign position ahead of the source is never overwritten. One behind it is overwritten only if it was written
 * while no process of Isthmus looked. Deleting a position on the target hands it back to Isthmus.
 */
export type PositionTrace =
  | {
      readonly kind: 'ours'
      readonly written: Write
      /** Sent later, with no answer or a refusal that may be none. Newest last, at most `SENT_MOST`. */
      readonly sent: readonly Write[]
    }
  | { readonly kind: 'ahead'; readonly offset: number }
  | { readonly kind: 'foreign' }

export interface Write {
  /** What the group had committed at the source. */
  readonly sourceOffset: number
  readonly targetOffset: number
  /** Monotonic; undefined where, at best, an earlier process wrote it. */
  readonly atMs: number | undefined
}

/** Names a partition of a group's memory. */
export function traceKey({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`
}

/** Lost answers that are remembered: with one write a pass, far longer than a request can be under way. */
const SENT_MOST = 64

export interface OwnerFacts {
  readonly trace: PositionTrace | undefined
  readonly wasActive: boolean
  /** The position on the target. */
  readonly current: number
  /** The source's position, and what it translates to. */
  readonly source: number
  readonly translated: number
}

/** The trace after the position on the target was seen. */
export function judgeOwner({ trace, wasActive, current, translated, source }: OwnerFacts): PositionTrace {
  const adopted: PositionTrace = {
    kind: 'ours',
    written: { sourceOffset: source, targetOffset: current, atMs: undefined },
    sent: [],
  }
  if (trace === undefined) {
    if (wasActive) return { kind: 'foreign' }
    return current <= translated ? adopted : { kind: 'ahead', offset: current }
  }
  if (trace.kind === 'foreign') return trace
  if (trace.kind === 'ahead') {
    if (wasActive || current !== trace.offset) return { kind: 'foreign' }
    return current <= translated ? adopted : trace
  }
  if (current === trace.written.targetOffset) return trace
  const landed = trace.sent.findLast(({ targetOffset }) => targetOffset === current)
  if (landed === undefined) return { kind: 'foreign' }
  return { kind: 'ours', written: landed, sent: trace.sent.filter((write) => write !== landed) }
}

/** The trace after a write was sent: `isWritten` only where the broker said so. */
export function noteWrite(trace: PositionTrace | undefined, write: Write, isWritten: boolean): PositionTrace {
  if (isWritten) return { kind: 'ours', written: write, sent: [] }
  if (trace?.kind === 'ours') return { ...trace, sent: [...trace.sent, write].slice(-SENT_MOST) }
  return { kind: 'ours', written: write, sent: [] }
}
