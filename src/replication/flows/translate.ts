import { replicationFaults } from '../faults.ts'
import type { Lookup, Segment } from '../offset-map/index.ts'
import type { PositionTranslator } from '../positions/observe-positions.ts'
import type { Flow } from './flow.ts'

/** Exact positions across one link, in both directions, from the maps of its running flows. */
export class FlowTranslator implements PositionTranslator {
  readonly #find: (topic: string, partition: number) => Flow | undefined

  constructor(find: (topic: string, partition: number) => Flow | undefined) {
    this.#find = find
  }

  /**
   * For a consumer position: the target offset of the first record at or after it. Never above what the target holds,
   * and `behindRecords` then says how many of the source's records the group would meet again.
   */
  async translate(topic: string, partition: number, sourceOffset: number, signal: AbortSignal) {
    const flow = this.#find(topic, partition)
    const copied = flow === undefined ? undefined : copiedTo(flow)
    if (flow === undefined || copied === undefined) {
      return { pending: `${topic}-${partition} is not copied yet: ${flow?.reason ?? 'no such flow'}` }
    }
    if (flow.source.isGone) return { pending: `${topic} is not there at the source, or was made anew` }
    const map = mapOf(flow)
    if (map === undefined) return { pending: `the map of ${topic}-${partition} is being taken over` }
    // Below the log start there is nothing to read on either side: a reader would be sent to wherever its reset says.
    const { offset } = await map.findTarget(Math.max(sourceOffset, flow.sight?.start ?? 0), signal, copied)
    const behindRecords = Math.max(0, sourceOffset - copied.source)
    return { targetTopic: flow.spec.key.targetTopic, offset, behindRecords }
  }

  /** What a position on the target stands for at the source; undefined while it cannot be told. */
  async translateBack(
    topic: string,
    partition: number,
    targetOffset: number,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const flow = this.#find(topic, partition)
    const map = flow && mapOf(flow)
    const copied = flow && copiedTo(flow)
    return map && copied && (await map.findSource(targetOffset, signal, copied)).offset
  }

  /** One offset, in either direction. Fault FLOW_NOT_READY while the flow has no position. */
  async lookUp(
    flow: Flow,
    query: { readonly offset: number; readonly direction: 'source-to-target' | 'target-to-source' },
    signal: AbortSignal,
  ): Promise<Lookup> {
    const map = mapOf(flow)
    const copied = copiedTo(flow)
    if (map === undefined || copied === undefined) {
      const { topic, partition } = flow.spec.key
      throw replicationFaults.fault('FLOW_NOT_READY', {
        topic,
        partition,
        link: flow.spec.key.source,
        reason: flow.reason,
      })
    }
    return query.direction === 'source-to-target'
      ? map.findTarget(query.offset, signal, copied)
      : map.findSource(query.offset, signal, copied)
  }
}

/** None once the tenure has ended: another replicator may have the flow by now, and copy on. */
function mapOf({ tenure, spec }: Flow) {
  return tenure?.signal.aborted === false ? tenure.map.flow(spec.key) : undefined
}

function copiedTo(flow: Flow): Segment | undefined {
  const { sourceDone: source, targetDone: target } = flow
  return source === null || target === null ? undefined : { source, target }
}
