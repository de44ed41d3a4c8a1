import { Fault, systemClock, systemRandom } from '../../src/core/index.ts'
import { openCluster } from '../../src/kafka/index.ts'

/** Uses a cluster, closes it with a fetch still waiting, and ends by itself if nothing was left open. */
const bootstrap = process.argv[2] ?? ''
const cluster = openCluster({
  name: 'eu',
  bootstrap: [bootstrap],
  context: { clock: systemClock, random: systemRandom },
})
const signal = AbortSignal.timeout(10_000)
const { brokers } = await cluster.metadata([], signal)
await cluster.listGroups(signal)
const channel = await cluster.openChannel(brokers[0]?.nodeId ?? -1, signal)
const waiting = channel.fetch({
  maxWaitMs: 30_000,
  minBytes: 1,
  maxBytes: 1,
  isolation: 'read_uncommitted',
  rack: '',
  partitions: [],
})
setImmediate(() => void cluster.close())
await waiting.catch(report)
await cluster.listGroups(signal).catch(report)

function report(error: unknown): void {
  console.log(error instanceof Fault ? error.code : error)
}
