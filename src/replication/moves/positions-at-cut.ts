/**
 * The positions of a link's groups on the target, once its source is cut and the target holds everything: told by the
 * logs and the maps, so that it makes no difference which process runs the link, nor whether any does.
 *
 * What always holds: a look writes nothing. To bring positions over is left to whoever runs the link as long as that
 * may be: another writer's position would be a stranger's to it. Only what it has not written by then is written here,
 * and never backwards.
 */
import { type Clock, createEvents, pause } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { LinkSpec } from '../link-options.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import { concludePositions } from '../positions/conclude-positions.ts'
import type { PositionDecision } from '../positions/decide-positions.ts'
import { PositionSync } from '../positions/position-sync.ts'
import type { GroupStatus } from '../status.ts'
import { renameTopic } from '../topics/selection.ts'
import { eachOf } from './each-of.ts'
import { type EndedCopy, EndedTranslator } from './follow-positions.ts'
import { type CopySightContext, endOf, look } from './look-at-copies.ts'
import { textOf } from './partition-text.ts'

export interface PositionsAtCutOptions {
  readonly link: Pick<LinkSpec, 'name' | 'source' | 'groups' | 'rename' | 'isStandby'>
  readonly source: Cluster
  readonly target: Cluster
  /** By source topic and partition. */
  readonly copies: ReadonlyMap<string, EndedCopy>
  /** How long whoever runs the link may take, milliseconds: more than two of its passes. */
  readonly patienceMs: number
  /** Has the link pass over its groups at once, where this process runs it. */
  readonly hurry: ((signal: AbortSignal) => Promise<unknown>) | undefined
  readonly clock: Clock
}

const LOOK_EVERY_MS = 100
const COPIES_AT_ONCE = 32

export class PositionsAtCut {
  readonly #options: PositionsAtCutOptions

  constructor(options: PositionsAtCutOptions) {
    this.#options = options
  }

  /** The groups as they would be, if what they have committed at the source were brought over now. */
  async look(signal: AbortSignal): Promise<readonly GroupStatus[]> {
    const decision = await this.#decide(this.#makeSync(), signal)
    return concludePositions(decision, new Map(), this.#options.link.name).statuses
  }

  /** For groups that cannot commit at the source any more: has their positions on the target, and says where that failed. */
  async bringOver(signal: AbortSignal): Promise<readonly GroupStatus[]> {
    const { clock, patienceMs, link } = this.#options
    const untilMs = clock.monotonicMs() + patienceMs
    for (;;) {
      // What a look remembers would make the next write of whoever runs the link a stranger's.
      const sync = this.#makeSync()
      const decision = await this.#decide(sync, signal)
      if (!decision.groups.some(isLate)) return concludePositions(decision, new Map(), link.name).statuses
      if (clock.monotonicMs() >= untilMs) {
        await sync.act(decision, signal)
        return sync.statuses
      }
      await this.#wait(Math.min(untilMs - clock.monotonicMs(), patienceMs), signal)
      signal.throwIfAborted()
    }
  }

  /** For the next look to be worth it. */
  async #wait(mostMs: number, signal: AbortSignal): Promise<void> {
    const { clock, hurry } = this.#options
    if (hurry === undefined) return pause(clock, LOOK_EVERY_MS, signal)
    const enough = new AbortController()
    const either = AbortSignal.any([signal, enough.signal])
    const passed = hurry(either).catch(() => undefined)
    await Promise.race([passed, pause(clock, mostMs, either)])
    enough.abort()
    // Partitions that other processes have are theirs to write.
    await pause(clock, LOOK_EVERY_MS, signal)
  }

  async #decide(sync: PositionSync, signal: AbortSignal): Promise<PositionDecision> {
    return sync.decide(await sync.observe(signal))
  }

  #makeSync(): PositionSync {
    const { link, source, target, copies, clock } = this.#options
    const nameOf = (topic: string) => renameTopic(link.rename, { source: link.source, topic })
    return new PositionSync({
      link: link.name,
      source,
      target,
      selection: link.groups,
      isStandby: link.isStandby ?? false,
      targetTopicOf: (topic, partition) => (copies.has(textOf({ topic, partition })) ? nameOf(topic) : undefined),
      translator: new EndedTranslator(copies),
      clock,
      // The caller is given what there is to tell.
      events: createEvents<ReplicationEvents>(),
    })
  }
}

function isLate({ positions }: PositionDecision['groups'][number]): boolean {
  return positions.some(({ kind, isRenewal }) => kind === 'commit' && isRenewal !== true)
}

/** Where the copies of a link end now, by source topic and partition. */
export async function readCopyEnds(
  context: CopySightContext,
  link: Pick<LinkSpec, 'source' | 'target' | 'topics' | 'transform'>,
  copies: Iterable<CopiedFlow>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, EndedCopy>> {
  const ends = new Map<string, EndedCopy>()
  await eachOf(copies, COPIES_AT_ONCE, async (copy) => {
    const found = await look(context, link, copy, signal, async (map): Promise<EndedCopy> => {
      if (map.closedAt !== undefined) return { map, end: map.closedAt }
      const end = await endOf(context, link, { copy, map }, signal)
      // As the link itself has it: behind the markers that its own takeovers have left.
      return 'reason' in end ? end : { map, end: { source: end.copied.source, target: end.targetEnd } }
    })
    if (found !== undefined) ends.set(textOf(copy.key), found)
  })
  return ends
}
