import type { ReplicatorPort } from '../../src/app.ts'
import { createEvents, linkName, regionName } from '../../src/core/index.ts'
import type {
  FlowStatus,
  GroupStatus,
  LinkStatus,
  ReplicationEvents,
  ReplicationStatus,
} from '../../src/replication/index.ts'

/** A replicator whose status is what the test says. */
export function fakeReplicator(links: LinkStatus[] = [linkStatus()]) {
  const calls: string[] = []
  const fenced = Promise.withResolvers<string>()
  const port: ReplicatorPort = {
    events: createEvents<ReplicationEvents>(),
    start: () => void calls.push('start'),
    stop: async () => void calls.push('stop'),
    untilFenced: () => fenced.promise,
    status: (): ReplicationStatus => ({ atMs: 1_000_000, links }),
    translateOffset: async (query) => {
      const { link, topic, partition, direction, offset: from } = query
      return { link, topic, targetTopic: topic, partition, direction, from, to: from - 7, note: 'exact' }
    },
    translateGroup: async () => groupStatus(),
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
      recordsAborted: 3,
      controlRecords: 4,
      holes: 0,
      recordsLost: 0,
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

export function groupStatus(given: Partial<GroupStatus> = {}): GroupStatus {
  return {
    link: linkName('eu-to-us'),
    group: 'billing',
    state: 'synced',
    reason: 'in step',
    syncedAtMs: 998_000,
    positions: [
      { topic: 'orders', targetTopic: 'orders', partition: 0, sourceOffset: 60, targetOffset: 53, behindRecords: 0 },
    ],
    ...given,
  }
}
