import { type Clock, type Events } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { LinkSpec } from '../link-options.ts'
import type { CopiedFlow, FlowMap } from '../offset-map/index.ts'
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

export class PositionFollower implements AsyncDisposable {
  readonly #sync: PositionSync
  readonly #controller = new AbortController()
  readonly #running: Promise<void>

  constructor(options: FollowPositionsOptions) {
    const { link, source, target, copies, everyMs, clock, events } = options
    const maps = new Map(copies.map(({ flow, map }) => [textOf(flow.key), map]))
    this.#sync = new PositionSync({
      link: link.name,
      source,
      target,
      selection: link.groups,
      targetTopicOf: (topic, partition) =>
        maps.has(textOf({ topic, partition })) ? renameTopic(link.rename, { source: link.source, topic }) : undefined,
      translator: new EndedTranslator(maps),
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

/** Over copies that have ended: whatever lies behind their end is where it ended. */
export class EndedTranslator implements PositionTranslator {
  readonly #maps: ReadonlyMap<string, FlowMap>

  /** By source topic and partition. */
  constructor(maps: ReadonlyMap<string, FlowMap>) {
    this.#maps = maps
  }

  async translate(topic: string, partition: number, sourceOffset: number, signal: AbortSignal) {
    const map = this.#maps.get(textOf({ topic, partition }))
    if (map?.closedAt === undefined) return { pending: `${topic}-${partition} is no copy that has ended` }
    const { offset } = await map.findTarget(sourceOffset, signal, map.closedAt)
    return { targetTopic: map.flow.targetTopic, offset, behindRecords: 0 }
  }

  async translateBack(
    topic: string,
    partition: number,
    targetOffset: number,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const map = this.#maps.get(textOf({ topic, partition }))
    return map?.closedAt && (await map.findSource(targetOffset, signal, map.closedAt)).offset
  }
}
