import { regionEntry } from '../state.ts'
import { type Guard, judgeFound, judgeList, judgeValue } from './guard.ts'

/** What has to hold of the regions, the authority and the group itself. */
export const REGION_GUARDS: readonly Guard[] = [
  {
    name: 'no-other-operation',
    holds: 'no other operation of the group runs',
    lossless: 'required',
    failover: 'skipped',
    isOverridable: false,
    remedy: 'Wait for the operation, or abort it.',
    judge: ({ document: { operation } }) => ({
      isGood: operation === undefined,
      evidence: operation === undefined ? 'no operation' : `${operation.kind} ${operation.id} is at ${operation.phase}`,
    }),
  },
  {
    name: 'not-paused',
    holds: 'the group is not paused',
    lossless: 'required',
    failover: 'required',
    isOverridable: false,
    remedy: 'Resume the group.',
    judge: ({ document: { paused } }) => ({
      isGood: paused === undefined,
      evidence: paused === undefined ? 'not paused' : `paused by ${paused.by}: ${paused.reason}`,
    }),
  },
  {
    name: 'links-not-paused',
    holds: 'no link between regions of the group is paused',
    lossless: 'required',
    failover: 'warning',
    isOverridable: false,
    remedy: 'Resume the link: what is not copied holds up a move, and what copies after it.',
    judge: ({ evidence }) => judgeList(evidence.pausedLinks, 'paused links'),
  },
  {
    name: 'target-standby',
    holds: 'the target is a standby that follows',
    lossless: 'required',
    failover: 'required',
    isOverridable: true,
    remedy: 'Let the region return first, or choose another one.',
    judge: ({ document, to }) =>
      judgeValue(
        regionEntry(document, to)?.role,
        (role) => role === 'standby',
        (role) => `${to} is ${role}`,
      ),
  },
  {
    name: 'authority-outside-source',
    holds: 'the loss of the region that is left would not take the authority along',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Run the authority outside the regions that it decides over, or in at least three.',
    judge: ({ evidence, document }) =>
      judgeValue(
        evidence.authorityFallsWith,
        (regions) => !regions.includes(document.active),
        (regions) =>
          regions.length === 0
            ? 'it falls with no region, as far as the configuration tells'
            : `it falls with ${regions.join(', ')}`,
      ),
  },
  {
    name: 'target-reachable',
    holds: 'the target answers',
    lossless: 'required',
    failover: 'required',
    isOverridable: false,
    remedy: 'Look at the health of the region, or choose another one.',
    judge: ({ evidence, to }) =>
      judgeValue(
        evidence.target?.isReachable,
        (isReachable) => isReachable,
        (isReachable) => `${to} ${isReachable ? 'answers' : 'does not answer'}`,
      ),
  },
  {
    name: 'source-reachable',
    holds: 'the region that is left answers',
    lossless: 'required',
    failover: 'warning',
    isOverridable: false,
    remedy: 'A region that does not answer is left with a failover, which names its loss.',
    judge: ({ evidence, document }) =>
      judgeValue(
        evidence.source?.isReachable,
        (isReachable) => isReachable,
        (isReachable) => `${document.active} ${isReachable ? 'answers' : 'does not answer'}`,
      ),
  },
  {
    name: 'target-in-sync',
    holds: 'every replica of the target is in sync',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Wait until the brokers of the target have caught up.',
    judge: ({ evidence }) => judgeList(evidence.target?.underReplicated, 'partitions without all replicas in sync'),
  },
  {
    name: 'min-isr-fits',
    holds: 'min.insync.replicas of the source fits the replication factor of the target',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Raise the replication factor on the target: every write with acks=all would be refused.',
    judge: ({ evidence }) =>
      judgeList(evidence.target?.minIsrTooHigh, 'topics with too many in-sync replicas asked for'),
  },
  {
    name: 'configs-accepted',
    holds: 'the target accepts the configs of the source',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Change the configs on the source, or the policy of the target.',
    judge: ({ evidence }) => judgeList(evidence.target?.configsRefused, 'refused configs'),
  },
  {
    name: 'rights-present',
    holds: 'applications have the rights, users and quotas on the target that they have on the source',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Apply the security policies to the target.',
    judge: ({ evidence }) => judgeList(evidence.target?.rightsMissing, 'missing rights, users and quotas'),
  },
  {
    name: 'policies-hold',
    holds: 'the target is as the policies of who may do what declare',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'See `isthmus security drift`, then plan and apply the policies.',
    judge: ({ evidence }) => judgeFound(evidence.target?.policyDrift, 'entries that differ from policies'),
  },
  {
    name: 'baseline-met',
    holds: 'brokers and listeners of the target are what the policies declare',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'See `isthmus security probe`: each finding has its remedy.',
    judge: ({ evidence }) => judgeFound(evidence.target?.probed, 'findings of probes'),
  },
  {
    name: 'own-rights-target',
    holds: 'Isthmus may do on the target what each step needs',
    lossless: 'required',
    failover: 'required',
    isOverridable: true,
    remedy: 'Grant them, or make Isthmus a super user.',
    judge: ({ evidence }) => judgeList(evidence.target?.ownRightsMissing, 'missing rights of Isthmus'),
  },
  {
    name: 'own-rights-source',
    holds: 'Isthmus may do on the region that is left what each step needs',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Grant them, or make Isthmus a super user.',
    judge: ({ evidence }) => judgeList(evidence.source?.ownRightsMissing, 'missing rights of Isthmus'),
  },
  {
    name: 'certificates-valid',
    holds: 'no certificate of the target ends soon',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Renew the certificates of its brokers.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.target?.certificateDays,
        (days) => days === null || days >= limits.certificateDays,
        (days) =>
          days === null ? 'reached without TLS' : `${days} days left, at least ${limits.certificateDays} wanted`,
      ),
  },
  {
    name: 'clocks-agree',
    holds: 'the clocks of regions and controllers agree',
    lossless: 'warning',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Repair the time synchronization: timestamps and retention depend on it.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.clockOffsetMs,
        (offsetMs) => offsetMs <= limits.clockOffsetMs,
        (offsetMs) => `${offsetMs} ms apart, at most ${limits.clockOffsetMs}`,
      ),
  },
  {
    name: 'disk-headroom',
    holds: 'the target has disk space left',
    lossless: 'required',
    failover: 'warning',
    isOverridable: true,
    remedy: 'Add disk space, or shorten the retention.',
    judge: ({ evidence, limits }) =>
      judgeValue(
        evidence.target?.diskFreeShare,
        (share) => share >= limits.diskFreeShare,
        (share) => `${Math.round(share * 100)} % free, at least ${Math.round(limits.diskFreeShare * 100)} % wanted`,
      ),
  },
]
