import type { MoveEvidence } from '../../../src/failover/guards/evidence.ts'

/** Evidence with which every guard passes. */
export const goodEvidence: Required<MoveEvidence> = {
  authorityFallsWith: [],
  target: {
    isReachable: true,
    underReplicated: [],
    minIsrTooHigh: [],
    configsRefused: [],
    rightsMissing: [],
    policyDrift: { stops: [], notes: [] },
    probed: { stops: [], notes: [] },
    ownRightsMissing: [],
    certificateDays: 90,
    fenceProvedMsAgo: 4_000,
    throughput: { measured: 50_000_000, needed: 10_000_000 },
    diskFreeShare: 0.6,
  },
  source: { isReachable: true, ownRightsMissing: [], certificateDays: 90, fenceUnavailable: null, superUsers: [] },
  copy: {
    wrongDirections: [],
    openGaps: [],
    unequalPartitionCounts: [],
    positionsAgeMs: 2_000,
    offsetsDiffer: [],
    internalTopicsOutside: [],
    shareGroups: [],
    groupsOnTarget: [],
    missing: [{ partition: 'orders-0', records: 10, seenMsAgo: 200, recordsPerSecond: 100 }],
  },
  pausedLinks: [],
  clockOffsetMs: 12,
  sinceLastMoveMs: null,
  routing: { configured: 1, unavailable: [] },
  eviction: { configured: 1, unavailable: [] },
  sinceLastDrillMs: 86_400_000,
  troubles: {},
}
