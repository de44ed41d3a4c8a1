import type { Clock } from '../../core/index.ts'
import type { GroupDeskOptions } from '../../failover/index.ts'

export type Gather = GroupDeskOptions['gather']

/** A failover is planned, asked for and begun within a second or two, and each of these gathers. */
const FRESH_MS = 3_000

/** A failover goes on with what was gathered for the same wish just before: nobody can write while it looks again. */
export function rememberFailover(gather: Gather, clock: Pick<Clock, 'monotonicMs'>): Gather {
  let last: { readonly key: string; readonly atMs: number; readonly evidence: Awaited<ReturnType<Gather>> } | undefined
  return async (document, wish, signal) => {
    if (wish.kind !== 'failover') return await gather(document, wish, signal)
    const key = `${document.generation} ${document.epoch} ${document.active} ${wish.to}`
    if (last?.key === key && clock.monotonicMs() - last.atMs < FRESH_MS) return last.evidence
    const evidence = await gather(document, wish, signal)
    last = { key, atMs: clock.monotonicMs(), evidence }
    return evidence
  }
}
