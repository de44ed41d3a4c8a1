import type { ReplicatorPort } from '../../src/app.ts'
import { createEvents, Fault, linkName, regionName } from '../../src/core/index.ts'
import type {
  FlowStatus,
  GroupStatus,
  IncidentStatus,
  LinkStatus,
  ReplicationEvents,
  ReplicationStatus,
  VerificationReport,
} from '../../src/replication/index.ts'
import { memoryPauses } from './memory-pauses.ts'

const UNKNOWN = { message: 'there is no incident {id} here', remedy: 'look', retriable: false, status: 404 }

/** A replicator whose status is what the test says. */
export function fakeReplicator(links: LinkStatus[] = [linkStatus()], incidents: IncidentStatus[] = []) {
  const calls: string[] = []
  const fenced = Promise.withResolvers<string>()
  const port: ReplicatorPort = {
    events: createEvents<ReplicationEvents>(),
    start: () => void calls.push('start'),
    stop: async () => void calls.push('stop'),
    untilFenced: () => fenced.promise,
    links: () => [],
    declareLinks: async (links) => void calls.push(`declare ${links.map(({ name }) => name).join()}`),
    addLink: async ({ name }) => void calls.push(`add ${name}`),
    stopLink: async (name) => void calls.push(`stop ${name}`),
    positionsAtCut: async () => {
      throw new Error('nothing is copied here')
    },
    catchUp: async () => ({ kind: 'waiting', reason: 'fake', left: [], links: [] }),
    moves: undefined as never,
    pauses: memoryPauses().port,
    status: (): ReplicationStatus => ({ atMs: 1_000_000, links, incidents, members: [] }),
    progress: () => [],
    translateOffset: async (query) => {
      const { link, topic, partition, direction, offset: from } = query
      return { link, topic, targetTopic: topic, partition, direction, from, to: from - 7, note: 'exact' }
    },
    translateGroup: async () => groupStatus(),
    startVerification: ({ link, scope, resume = [] }) => {
      calls.push('verify')
      return verificationReport({ link, scope, ...(resume.length > 0 && { partitions: resume }) })
    },
    verification: (id) => verificationReport({ id, state: 'done', verdict: 'different', endedAtMs: 1_000_000 }),
    verifications: () => [verificationReport()],
    cancelVerification: async (id) => verificationReport({ id, state: 'cancelled', verdict: 'incomplete' }),
    acknowledgeIncident: async ({ id, by, note, action }) => {
      const at = incidents.findIndex((incident) => incident.id === id)
      const found = incidents[at]
      if (found === undefined) throw new Fault('INCIDENT_UNKNOWN', UNKNOWN, { id })
      calls.push(`acknowledge ${id} ${action ?? ''}`.trimEnd())
      return (incidents[at] = { ...found, acknowledged: { atMs: 7, by, note } })
    },
    removeLink: async (link, { dryRun, deleteTopics }) => {
      calls.push(`remove ${link}${dryRun ? ', dry run' : ''}`)
      const action = deleteTopics ? ('delete' as const) : ('restore' as const)
      const state = dryRun ? ('planned' as const) : ('done' as const)
      return {
        link,
        state: dryRun ? 'planned' : 'removed',
        topics: [{ topic: 'orders', action, state, reason: 'the copy', changes: { 'retention.ms': null } }],
        left: [{ what: 'consumer group billing', why: 'its positions on the target stay' }],
      }
    },
  }
  return { port, calls, links, fence: (reason: string) => fenced.resolve(reason) }
}

export function linkStatus(given: Partial<LinkStatus> = {}): LinkStatus {
  return {
    link: linkName('eu-to-us'),
    source: regionName('eu'),
    target: regionName('us'),
    state: 'running',
    reason: 'running',
    refusedTopics: [],
    pendingDeletions: [],
    flows: [flowStatus({ partition: 0 }), flowStatus({ partition: 1 })],
    groups: [groupStatus()],
    ...given,
  }
}

export function flowStatus(given: Partial<FlowStatus> = {}): FlowStatus {
  return {
    link: linkName('eu-to-us'),
    topic: 'orders',
    targetTopic: 'orders',
    partition: 0,
    state: 'running',
    reason: 'running',
    sourceNext: 90,
    targetNext: 83,
    sourceStart: 0,
    sourceEnd: 100,
    sourceHighWatermark: 100,
    heldBackRecords: 0,
    heldBack: null,
    lagRecords: 10,
    lagSeconds: 0.5,
    observedAtMs: 999_000,
    offsetsIdentical: false,
    counters: {
      recordsCopied: 90,
      bytesCopied: 9_000,
      batchesPassed: 9,
      batchesRepacked: 1,
      repacked: {
        'start-inside': 0,
        holes: 1,
        'append-time': 0,
        transformed: 0,
        refused: 0,
        split: 0,
        merged: 0,
      },
      recordsAborted: 3,
      controlRecords: 4,
      holes: 0,
      recordsLost: 0,
      recordsFiltered: 0,
      recordsQuarantined: 2,
      recordsSkipped: 0,
    },
    fault: null,
    ...given,
  }
}

/** Stopped, as the replicator reports it: nothing is known of its lag. */
export function stoppedFlow(given: Partial<FlowStatus> = {}): FlowStatus {
  const fault = { code: 'FLOW_DIVERGED', message: 'someone else wrote', remedy: 'look', sinceMs: 1 }
  return flowStatus({
    state: 'stopped',
    reason: 'someone else wrote',
    lagRecords: null,
    lagSeconds: null,
    fault,
    ...given,
  })
}

/** Of one partition, with a value that differs. */
export function verificationReport(given: Partial<VerificationReport> = {}): VerificationReport {
  return {
    id: 'v1',
    link: linkName('eu-to-us'),
    scope: { kind: 'whole' },
    state: 'running',
    verdict: null,
    startedAtMs: 990_000,
    endedAtMs: null,
    partitions: [
      {
        topic: 'orders',
        targetTopic: 'orders',
        targetTopicId: '00000000-0000-4000-8000-000000000002',
        partition: 0,
        state: 'different',
        reason: '1 records differ',
        from: 0,
        to: 90,
        next: 90,
        records: 83,
        blockRecords: 80,
        blockBytes: 8_000,
        decodedBytes: 300,
        different: 1,
        missing: 0,
        extra: 0,
        superseded: 0,
        attributed: 0,
        expired: 0,
        first: { kind: 'different', sourceOffset: 41, targetOffset: 38, fields: ['value'] },
      },
    ],
    ...given,
  }
}

export function incidentStatus(given: Partial<IncidentStatus> = {}): IncidentStatus {
  return {
    id: '3f0c2a9e51b7d604',
    code: 'FLOW_RETENTION_GAP',
    link: linkName('eu-to-us'),
    sourceRegion: 'eu',
    targetRegion: regionName('us'),
    topic: 'orders',
    targetTopic: 'orders',
    partition: 1,
    source: { from: 1_200, to: 1_300 },
    target: null,
    reason: 'deleted before it was copied',
    action: 'stopped',
    atMs: 999_000,
    folded: 0,
    acknowledged: null,
    ...given,
  }
}

export function groupStatus(given: Partial<GroupStatus> = {}): GroupStatus {
  return {
    link: linkName('eu-to-us'),
    group: 'billing',
    state: 'synced',
    reason: 'in step',
    syncedAtMs: 998_000,
    rereadRecords: 0,
    positions: [
      {
        topic: 'orders',
        targetTopic: 'orders',
        partition: 0,
        sourceOffset: 60,
        targetOffset: 53,
        behindRecords: 0,
        rereadRecords: 0,
      },
    ],
    ...given,
  }
}
