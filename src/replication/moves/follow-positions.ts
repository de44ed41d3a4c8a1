import { type Clock, type Events } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { LinkSpec } from '../link-options.ts'
import type { CopiedFlow, FlowMap, Segment } from '../offset-map/index.ts'
import type { PositionTranslator } from '../positions/observe-positions.ts'
import { PositionSync } from '../positions/position-sync.ts'
import type { GroupStatus } from '../status.ts'
import { renameTopic } from '../topics/selection.ts'
import { textOf } from './partition-text.ts'

/**
 * Keeps the positions of groups in step that have stayed in the region that was left, once the copy into the new one has
 * ended: they read on there, up to its end, and go on from there when they move. The rules are those of any link: a group
 * with members in the new region is left alone, and no position goes backwards.
 */
export interface FollowPositionsOptions {
  readonly link: Pick<LinkSpec, 'name' | 'source' | 'groups' | 'rename'>
  readonly source: Cluster
  readonly target: Cluster
  /** The copies of the link, all of them ended, with their maps. */
  readonly copies: readonly { readonly flow: CopiedFlow; readonly map: FlowMap }[]
  readonly everyMs: number
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

/** With where it ends on both sides; or why that is not known. */
export type EndedCopy = { readonly map: FlowMap; readonly end: Segment } | { readonly reason: string }

export class PositionFollower implements AsyncDisposable {
  readonly #sync: PositionSync
  readonly #controller = new AbortController()
  readonly #running: Promise<void>

  constructor(options: FollowPositionsOptions) {
    const { link, source, target, copies, everyMs, clock, events } = options
    const ends = new Map(copies.map(({ flow, map }) => [textOf(flow.key), endedCopyOf(map)]))
    this.#sync = new PositionSync({
      link: link.name,
      source,
      target,
      selection: link.groups,
      targetTopicOf: (topic, partition) =>
        ends.has(textOf({ topic, partition })) ? renameTopic(link.rename, { source: link.source, topic }) : undefined,
      translator: new EndedTranslator(ends),
      everyMs,
      clock,
      events,
    })
    this.#running = this.#sync.run(this.#controller.signal)
  }

  get statuses(): readonly GroupStatus[] {
    return this.#sync.statuses
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new Error('no longer followed'))
    await this.#running
  }
}

function endedCopyOf(map: FlowMap): EndedCopy {
  const { closedAt: end } = map
  return end === undefined ? { reason: 'it is no copy that has ended' } : { map, end }
}

/** Over copies that add nothing any more: whatever lies behind their end is where they end. */
export class EndedTranslator implements PositionTranslator {
  readonly #copies: ReadonlyMap<string, EndedCopy>

  /** By source topic and partition. */
  constructor(copies: ReadonlyMap<string, EndedCopy>) {
    this.#copies = copies
  }

  async translate(topic: string, partition: number, sourceOffset: number, signal: AbortSignal) {
    const copy = this.#copies.get(textOf({ topic, partition }))
    if (copy === undefined) return { pending: `${topic}-${partition} is no copy that has ended` }
    if ('reason' in copy) return { pending: `${topic}-${partition}: ${copy.reason}` }
    const { offset } = await copy.map.findTarget(sourceOffset, signal, copy.end)
    return { targetTopic: copy.map.flow.targetTopic, offset, behindRecords: 0 }
  }

  async translateBack(
    topic: string,
    partition: number,
    targetOffset: number,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const copy = this.#copies.get(textOf({ topic, partition }))
    if (copy === undefined || 'reason' in copy) return undefined
    return (await copy.map.findSource(targetOffset, signal, copy.end)).offset
  }
}
