import type { GuardContext, PartitionLoss } from './evidence.ts'
import { type Guard, type Judgement, judgeList, judgeValue, UNKNOWN } from './guard.ts'

/** What has to hold of the copies, the fences, and of what moves the clients. */
export const MOVE_GUARDS: readonly Guard[] = [
  {
    name: 'fence-available',
    holds: 'the region that is left can be fenced',
    lossless: 'required',
    failover: 'warning',
    isOverridable: false,
    remedy: 'Configure an authorizer with Isthmus as a super user, or a fence command.',
    judge: ({ evidence: { source } }) =>
      judgeValue(
        source?.fenceUnavailable,
        (reason) => reason === null,
        (reason) => reason ?? 'a fence can be used',
      ),
  },
  {
    name: 'standing-fence',
    holds: 'the standing fence of the target was proved lately',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Fence the standby and wait for the proof.',
    judge: ({ evidence: { target }, limits }) => {
      const impossible = target?.noStandingFence
      if (impossible !== undefined)
        return { isGood: false, evidence: `there is none: ${impossible}`, isTolerable: true }
      return judgeValue(
        target?.fenceProvedMsAgo,
        (ago) => ago !== null && ago <= limits.fenceProofAgeMs,
        (ago) => (ago === null ? 'not in force' : `proved ${ago} ms ago, at most ${limits.fenceProofAgeMs}`),
      )
    },
  },
  {
    name: 'everyone-fenced',
    holds: 'no application is a super user, whom no fence stops',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Take the applications out of super.users, or stop them before the move.',
    judge: ({ evidence }) => judgeList(evidence.source?.superUsers, 'principals that cannot be fenced'),
  },
  {
    name: 'one-direction',
    holds: 'every topic is copied in exactly one direction',
    lossless: 'required',
    failover: 'required',
    isOverridable: false,
    remedy:
      'Remove the link in the other direction; where a topic is not copied yet, wait, or see why the link refuses it.',
    judge: ({ evidence }) => judgeList(evidence.copy?.wrongDirections, 'topics copied in both directions or none'),
  },
  {
    name: 'no-open-gaps',
    holds: 'no loss on the way to the target waits for an acknowledgement',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Look at the incidents of the link and acknowledge them.',
    judge: ({ evidence }) => judgeList(evidence.copy?.openGaps, 'open incidents'),
  },
  {
    name: 'partition-counts-equal',
    holds: 'topics have as many partitions on the target as on the source',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Wait for the topic sync, or create the partitions.',
    judge: ({ evidence }) => judgeList(evidence.copy?.unequalPartitionCounts, 'topics with unequal partition counts'),
  },
  {
    name: 'loss-within-objective',
    holds: 'what the target lacks is within the objective, or can be copied during the pause',
    lossless: 'required',
    failover: 'required',
    isOverridable: true,
    remedy: 'Wait until the copy has caught up, or accept the loss.',
    judge: judgeLoss,
  },
  {
    name: 'positions-fresh',
    holds: 'the positions of groups were carried over lately',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'See why the position sync of the link waits.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.copy?.positionsAgeMs,
        (ageMs) => ageMs !== null && ageMs <= limits.positionsAgeMs,
        (ageMs) =>
          ageMs === null
            ? 'those of some group were never carried over'
            : `${ageMs} ms old, at most ${limits.positionsAgeMs}`,
      ),
  },
  {
    name: 'groups-away',
    holds: 'no selected group has members on the target, where its positions could not be carried over',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Stop these members, or wait until their sessions have ended: they may be left over from an earlier move.',
    judge: ({ evidence }) => judgeList(evidence.copy?.groupsOnTarget, 'groups with members on the target'),
  },
  {
    name: 'offsets-identical',
    holds: 'offsets are the same in both regions',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy:
      'Restart the clients of these groups between the fence and the flip: left alone they read on at the old offsets.',
    judge: ({ evidence }) =>
      judgeList(
        evidence.copy?.offsetsDiffer?.map(
          ({ partition, groups }) => `${partition} (${groups.join(', ') || 'no group'})`,
        ),
        'partitions with different offsets',
      ),
  },
  {
    name: 'internal-topics-selected',
    holds: 'internal topics of Streams and Connect move with their groups',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Add the topics to the failover group.',
    judge: ({ evidence }) => judgeList(evidence.copy?.internalTopicsOutside, 'internal topics outside the selection'),
  },
  {
    name: 'no-share-groups',
    holds: 'no share group reads the topics: those are not moved',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Set the start offsets of these share groups by hand after the move.',
    judge: ({ evidence }) => judgeList(evidence.copy?.shareGroups, 'share groups'),
  },
  {
    name: 'cooldown',
    holds: 'the group was not moved just now',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Wait, or give the reason for moving again.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.sinceLastMoveMs,
        (sinceMs) => sinceMs === null || sinceMs >= limits.cooldownMs,
        (sinceMs) =>
          sinceMs === null ? 'never moved' : `moved ${sinceMs} ms ago, at least ${limits.cooldownMs} wanted`,
      ),
  },
  provider('routing-available', 'routing', 'routing'),
  provider('eviction-available', 'eviction', 'eviction'),
  {
    name: 'throughput-suffices',
    holds: 'the target was seen to take what the source is written at',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Run a full drill, and give the target more brokers where it falls behind.',
    judge: ({ evidence }) =>
      evidence.target?.throughput === null
        ? { isGood: undefined, evidence: 'no full drill has measured it' }
        : judgeValue(
            evidence.target?.throughput,
            ({ measured, needed }) => measured >= needed,
            ({ measured, needed }) => `${measured} bytes a second measured, ${needed} needed`,
          ),
  },
  {
    name: 'drill-recent',
    holds: 'a drill has succeeded lately',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Run a drill.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.sinceLastDrillMs,
        (sinceMs) => sinceMs !== null && sinceMs <= limits.drillAgeMs,
        (sinceMs) => (sinceMs === null ? 'no drill yet' : `${Math.round(sinceMs / 86_400_000)} days ago`),
      ),
  },
]

function provider(name: string, field: 'routing' | 'eviction', what: string): Guard {
  return {
    name,
    holds: `every provider of ${what} answers`,
    lossless: field === 'routing' ? 'required' : 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: `Configure or repair the provider of ${what}: clients with live connections stay where they are.`,
    judge: ({ evidence }) =>
      judgeValue(
        evidence[field],
        ({ configured, unavailable }) => unavailable.length === 0 && (configured > 0 || field === 'routing'),
        ({ configured, unavailable }) =>
          unavailable.length > 0
            ? `unavailable: ${unavailable.join(', ')}`
            : `${configured === 0 ? 'none' : configured} configured`,
      ),
  }
}

/** A failover loses what the target lacks; in a lossless move that has to be copied while nobody can write. */
function judgeLoss({ kind, evidence: { copy }, limits }: GuardContext): Judgement {
  const { missing, unknownLoss = [] } = copy ?? {}
  if (missing === undefined) return UNKNOWN
  if (unknownLoss.length > 0) return { isGood: undefined, evidence: `nothing is known of ${unknownLoss.join(', ')}` }
  const worstMs = Math.max(0, ...missing.map(behindMs))
  const [limitMs, what] = kind === 'failover' ? [limits.rpoMs, 'objective'] : [limits.behindMs, 'at most']
  const limit = limitMs === null ? 'no objective' : `${what} ${limitMs} ms`
  const evidence = `${sumRecords(missing)} records behind, ${worstMs} ms at most (estimate), ${limit}`
  return { isGood: limitMs === null || worstMs <= limitMs, evidence }
}

/**
 * How far behind a partition is: for how long the oldest record has been missing, where that is known; else an estimate,
 * by the age of what was last seen, and by how long it took to write what is missing of it.
 */
export function behindMs({ records, seenMsAgo, recordsPerSecond, waitingMs }: PartitionLoss): number {
  if (records === 0) return seenMsAgo
  if (waitingMs !== undefined) return Math.max(seenMsAgo, waitingMs)
  const missingMs = recordsPerSecond > 0 ? (records / recordsPerSecond) * 1_000 : 0
  return Math.round(seenMsAgo + missingMs)
}

function sumRecords(missing: readonly PartitionLoss[]): number {
  return missing.reduce((sum, { records }) => sum + records, 0)
}
