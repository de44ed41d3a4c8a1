import type { BrokerChannel, Cluster } from '../../kafka/index.ts'

/** Throws where the caller may not change anything any more. */
export type Permit = () => unknown

/**
 * The cluster, with the permit asked right before every call that changes something. What a call sends again by itself is
 * not asked for anew: it ends with the signal of the call.
 */
export function permitted(cluster: Cluster, permit: Permit): Cluster {
  return {
    ...cluster,
    openChannel: async (...args) => permittedChannel(await cluster.openChannel(...args), permit),
    initProducerId: (...args) => ask(permit, () => cluster.initProducerId(...args)),
    addPartitionsToTxn: (...args) => ask(permit, () => cluster.addPartitionsToTxn(...args)),
    endTxn: (...args) => ask(permit, () => cluster.endTxn(...args)),
    writeTxnMarkers: (...args) => ask(permit, () => cluster.writeTxnMarkers(...args)),
    commitGroupOffsets: (...args) => ask(permit, () => cluster.commitGroupOffsets(...args)),
    deleteGroupOffsets: (...args) => ask(permit, () => cluster.deleteGroupOffsets(...args)),
    createTopics: (...args) => ask(permit, () => cluster.createTopics(...args)),
    createPartitions: (...args) => ask(permit, () => cluster.createPartitions(...args)),
    deleteTopics: (...args) => ask(permit, () => cluster.deleteTopics(...args)),
    deleteTopicById: (...args) => ask(permit, () => cluster.deleteTopicById(...args)),
    alterTopicConfigs: (...args) => ask(permit, () => cluster.alterTopicConfigs(...args)),
    deleteRecords: (...args) => ask(permit, () => cluster.deleteRecords(...args)),
  }
}

function permittedChannel(channel: BrokerChannel, permit: Permit): BrokerChannel {
  return {
    nodeId: channel.nodeId,
    get isOpen() {
      return channel.isOpen
    },
    onClose: (listener) => channel.onClose(listener),
    fetch: (request) => channel.fetch(request),
    produce: (request) => ask(permit, () => channel.produce(request)),
    close: () => channel.close(),
  }
}

/** A refusal is told as the call's own failure. */
async function ask<Result>(permit: Permit, call: () => Promise<Result>): Promise<Result> {
  permit()
  return call()
}
