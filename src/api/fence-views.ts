import type { FenceRecord } from '../security/index.ts'
import type { GroupFenceBody } from './contract/index.ts'
import type { GroupFence } from './ports.ts'

/** From what watches and records say of fences to the bodies of the contract. Pure. */
export function viewFences(fences: readonly GroupFence[], nowMs: number): GroupFenceBody[] {
  const secondsSince = (atMs: number) => Math.max(0, nowMs - atMs) / 1_000
  return fences.map(({ region, watched, records }) => ({
    region,
    state: stateOf(watched?.state),
    reason: watched?.reason ?? null,
    sinceSeconds: watched === undefined ? null : secondsSince(watched.sinceMs),
    provedSecondsAgo: watched?.provedAtMs === undefined ? null : secondsSince(watched.provedAtMs),
    fences: records.map(viewFence),
  }))
}

export function viewFence({
  operation,
  means,
  setBy: by,
  reason,
  setAtMs,
}: FenceRecord): GroupFenceBody['fences'][number] {
  return { operation, means, by, reason, since: new Date(setAtMs).toISOString() }
}

function stateOf(state: NonNullable<GroupFence['watched']>['state'] | undefined): GroupFenceBody['state'] {
  if (state === undefined) return 'none'
  return state === 'unavailable' ? 'unfenced' : state
}
