import { firstDocument, type GroupDocument, type RegionEntry } from '../../../src/failover/state.ts'
import type { FlowStatus, LinkStatus } from '../../../src/replication/index.ts'
import type { RegionStatus } from '../../../src/regions/index.ts'
import { start, WHEN } from '../failover/machine-model.ts'
import { flowStatus, incidentStatus, groupStatus, stoppedFlow } from '../fake-replicator.ts'
import {
  copyIn,
  credentialOf,
  drillsOf,
  east,
  fenceOf,
  LINK,
  NOW_MS,
  policyOf,
  probeOf,
  type ProcessState,
  receiver,
  right,
  seen,
  type WatchedProcess,
  west,
} from './watched-process.ts'

type Change = (processes: readonly WatchedProcess[]) => void

/** What happens, and when it is over everything is as before: what was counted stays counted. */
export interface Situation {
  readonly happens: Change
  /** What stays when it is over. */
  readonly remains?: Change
  /** How long the rule needs to clear. @defaultValue 15 */
  readonly clearsWithinMinutes?: number
}

type RegionSample = NonNullable<RegionStatus['sample']>

const DAY_MS = 86_400_000
const unknown = { kind: 'unknown', reason: 'not asked' } as const
const impairedSample: RegionSample = {
  region: west,
  atMs: 0,
  tookMs: 1,
  brokers: [],
  quorum: { kind: 'failed', code: 'X', reason: 'no answer' },
  partitions: unknown,
  canary: unknown,
  clock: unknown,
}
const holder = { producerId: 7n, transactionalId: 'payments', openSinceMs: 0, sinceMs: 0 }
const hanging: FlowStatus['heldBack'] = { ...holder, state: 'hanging', reason: 'its producer is gone' }
const broken: RegionEntry = { role: 'lost', since: WHEN, reason: 'a move went past it' }

/** One situation for each rule, under its name. */
export const SITUATIONS: Readonly<Record<string, Situation>> = {
  IsthmusNoProcess: inAll((state) => (state.isGone = true)),
  IsthmusNoLeader: inAll((state) => (state.leads = false)),
  IsthmusTwoLeaders: inAll((state) => (state.leads = true)),
  IsthmusAuthoritySilent: inAll((state) => (state.authorityAnswers = false)),
  IsthmusAuthoritySilentForOne: inFirst((state) => (state.authorityAnswers = false)),
  IsthmusStateCopyRefused: inAll(
    (state) => (state.copies = [copyIn('west'), copyIn('east', { refused: [{ key: 'groups/orders', why: 'newer' }] })]),
  ),
  IsthmusStateCopyBehind: inAll(
    // It is not known how far: the series is left out, and that is what has to be noticed.
    (state) => (state.copies = [copyIn('west'), copyIn('east', { trouble: 'it does not answer', sight: 'unread' })]),
  ),
  IsthmusVantagePointsMissing: inAll((state) => (state.heard = [])),
  IsthmusObserverInDoubt: inFirst((state) => (state.doubt = { reason: 'it stalled', atMs: NOW_MS })),
  IsthmusVersionsDiffer: inFirst((state) => (state.version = '1.1.0')),
  IsthmusReplicatorsDiffer: {
    happens(processes) {
      for (const process of processes) {
        process.state.members = { total: 2, differing: 1 }
        process.tellMembers()
      }
    },
  },

  IsthmusRegionDown: inAll((state) => (state.region = seen('down'))),
  IsthmusRegionNotReached: inFirst((state) => (state.region = seen('cut-off'))),
  IsthmusRegionNotWatched: inAll((state) => (state.region = seen('up', { sampleAgeMs: 90_000 }))),
  IsthmusRegionImpaired: inAll((state) => (state.region = seen('up', { sample: impairedSample }))),

  IsthmusPersonHasToDecide: inAll((state) => {
    const command = 'isthmus failover orders --to east'
    state.automatic = { ...state.automatic, decision: { kind: 'page', reason: 'no fence', command } }
  }),
  IsthmusOperationStopped: inAll((state) => (state.group = inMove(state.group, 'needs-operator', 0))),
  IsthmusWritesPaused: inAll((state) => (state.group = inMove(state.group, 'draining', 120_000))),
  IsthmusReturnStopped: inAll((state) => {
    const record = { id: 'r', phase: 'choosing', attempt: 1, epoch: 2, evidence: {} } as const
    state.group = withEast(state.group, { ...broken, role: 'returning', return: record })
  }),
  IsthmusRegionAway: inAll((state) => (state.group = withEast(state.group, broken))),
  IsthmusFenceOpen: inAll((state) => (state.fence = fenceOf({ state: 'open' }))),
  IsthmusFenceNotProved: inAll((state) => (state.fence = undefined)),
  IsthmusGroupPaused: inAll(
    (state) => (state.group = { ...state.group, paused: { by: 'ada', reason: 'a freeze', since: WHEN } }),
  ),
  IsthmusClientsLeftBehind: {
    happens: inAll((state) => {
      state.group = { ...state.group, epoch: 2 }
      state.clients = [{ group: 'orders', region: east, groups: 1, members: 3 }]
    }).happens,
    remains: inAll((state) => (state.group = { ...state.group, epoch: 2 })).happens,
  },

  IsthmusStandbyWithoutCopy: inAll((state) => (state.link = undefined)),
  IsthmusLinkGone: inAll((state) => (state.link = undefined)),
  IsthmusLinkNotRunning: withLink((link) => ({ ...link, state: 'stopped', reason: 'the target is gone', flows: [] })),
  IsthmusLinkPaused: withLink((link) => ({ ...link, state: 'paused', reason: 'ada has paused it', flows: [] })),
  IsthmusFlowStopped: withFlow(stoppedFlow({ link: LINK, partition: 1, observedAtMs: null })),
  IsthmusLagHigh: withFlow(flow({ lagSeconds: 95 })),
  // The lag that the status still has is 0; what gives it away is its age.
  IsthmusLagUnknown: withFlow(flow({ lagSeconds: 0, lagRecords: 0, observedAtMs: NOW_MS - 200_000 })),
  IsthmusTopicsNotCopied: withLink((link) => {
    const refused = { topic: 'x', targetTopic: 'x', code: 'TOPIC_PARTITIONS', message: 'it has more', remedy: 'look' }
    return { ...link, refusedTopics: [refused] }
  }),
  IsthmusTransactionHanging: withFlow(flow({ heldBack: hanging })),
  IsthmusRecordsLost: inAll((state) => (state.incidents = [incidentStatus({ link: LINK })])),
  IsthmusIncidentOpen: inAll((state) => (state.incidents = [incidentStatus({ link: LINK, code: 'FLOW_DIVERGED' })])),
  IsthmusRecordsRefused: { ...counting(7), clearsWithinMinutes: 30 },
  IsthmusCopyDiffers: { happens: (processes) => processes[0]?.verify(2), clearsWithinMinutes: 375 },
  IsthmusPositionsStale: withLink((link) => {
    const groups = [groupStatus({ link: LINK, state: 'failed', syncedAtMs: NOW_MS - 400_000, rereadRecords: null })]
    return { ...link, groups }
  }),

  IsthmusDrillFailed: inAll((state) => (state.drills = drillsOf('failed', 0))),
  IsthmusDrillOverdue: inAll((state) => (state.drills = drillsOf('passed', -40 * DAY_MS))),
  IsthmusNotificationsFailing: inAll((state) => (state.notifications = [receiver(NOW_MS - 400_000)])),
  IsthmusCallsUnaudited: { happens: (processes) => processes[0]?.leaveUnaudited(), clearsWithinMinutes: 75 },
  // Rates are worked out over ten minutes.
  IsthmusLoginsRefused: { happens: (processes) => processes[0]?.refuse(900), clearsWithinMinutes: 20 },

  IsthmusPolicyDrift: inAll((state) => (state.policy = policyOf({ missing: [right] }))),
  IsthmusRightsUndeclared: inAll((state) => (state.policy = policyOf({ extraForeign: [right] }))),
  // How it differs is what was last seen; what gives it away is when that was.
  IsthmusPolicyNotLooked: inAll((state) => (state.policy = policyOf({}, NOW_MS - 700_000))),
  IsthmusProbeFinding: inAll((state) => (state.probe = probeOf({ severity: 'critical' }))),
  IsthmusCertificateEnding: inAll((state) => (state.probe = probeOf({ days: 20 }))),
  IsthmusCertificateAtItsEnd: inAll((state) => (state.probe = probeOf({ days: -1 }))),
  IsthmusCredentialEnding: inFirst((state) => (state.credential = credentialOf({ endsAtMs: NOW_MS + 20 * DAY_MS }))),
  // The new password is in the file, and the brokers take only the old one.
  IsthmusCredentialTrouble: inFirst((state) => (state.credential = credentialOf({ usesFormer: true }))),
}

function inAll(change: (state: ProcessState) => unknown): Situation {
  return { happens: (processes) => processes.forEach(({ state }) => change(state)) }
}

function inFirst(change: (state: ProcessState) => unknown): Situation {
  return { happens: (processes) => processes.slice(0, 1).forEach(({ state }) => change(state)) }
}

function withLink(change: (link: LinkStatus) => LinkStatus): Situation {
  return inAll((state) => (state.link = state.link && change(state.link)))
}

function withFlow(changed: FlowStatus): Situation {
  return withLink((link) => ({ ...link, flows: [...link.flows.slice(0, 1), changed] }))
}

function flow(given: Partial<FlowStatus>): FlowStatus {
  return flowStatus({ link: LINK, partition: 1, observedAtMs: NOW_MS - 1_000, ...given })
}

/** Records that the target refuses; the counters keep them. */
function counting(records: number): Situation {
  const counters = { ...flowStatus().counters, recordsQuarantined: 2 + records }
  const changed = withFlow(flow({ counters }))
  return { happens: changed.happens, remains: changed.happens }
}

function inMove(group: GroupDocument, phase: 'needs-operator' | 'draining', writePausedMs: number): GroupDocument {
  const moving = start(firstDocument('orders', [west, east], WHEN))
  return { ...group, ...(moving.operation && { operation: { ...moving.operation, phase, writePausedMs } }) }
}

function withEast(group: GroupDocument, entry: RegionEntry): GroupDocument {
  return { ...group, regions: { ...group.regions, east: entry } }
}
