/**
 * The configs that a promotion puts in force, kept in the authority for the day when the region that they come from is
 * gone: a switchover reads them from its source, a failover finds them here. They go to every region with the group's
 * document, because their keys stand below it.
 */
import type { Authority } from '../authority/index.ts'
import { canonicalJson, type Clock, type Pass, type RegionName, regionName, runLoop } from '../core/index.ts'
import { type GroupDocument, groupKey, type Leadership } from '../failover/index.ts'
import type { LinkSpec, Moves, RecordedConfigs } from '../replication/index.ts'

/** Topics mostly need the same changes: what many have in common is written once. */
interface ConfigsDocument {
  readonly format: 1
  /** Those of the group, so that copies in the regions are told apart as its own are. */
  readonly generation: number
  readonly epoch: number
  readonly source: string
  readonly configs: readonly {
    readonly changes: RecordedConfigs['changes']
    readonly topics: readonly (readonly [topic: string, targetTopic: string])[]
  }[]
}

export interface RecordedConfigsOptions {
  readonly group: string
  readonly authority: Authority
  readonly leadership: Pick<Leadership, 'lease'>
  readonly moves: Pick<Moves, 'recordConfigs'>
  readonly document: () => GroupDocument | undefined
  readonly linkOf: (source: string, target: string) => LinkSpec
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

const EVERY_MS = 60_000
/** A group that was just made, or just moved, may have nothing to record yet. */
const SOON_MS = 2_000

export class ConfigsRecorder {
  readonly #options: RecordedConfigsOptions
  readonly #stopping = new AbortController()
  #recorded: { readonly epoch: number; readonly atMs: number } | undefined
  #running: Promise<void> | undefined

  constructor(options: RecordedConfigsOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, onError } = this.#options
    const observe = () => Promise.resolve({ document: this.#options.document(), reason: 'configs are recorded' })
    this.#running ??= runLoop(
      {
        observe,
        decide: (observed: Awaited<ReturnType<typeof observe>>) => observed,
        act: ({ document }, signal) => this.#pass(document, signal),
      },
      { clock, signal: this.#stopping.signal, everyMs: SOON_MS, afterErrorMs: SOON_MS, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** What was last recorded for a region that is to become active, from the region that is active now. */
  async read(target: RegionName, signal: AbortSignal): Promise<readonly RecordedConfigs[] | undefined> {
    const stored = await this.#options.authority.read(this.#key(target), signal)
    const document = stored?.value as ConfigsDocument | undefined
    return document?.configs.flatMap(({ changes, topics }) =>
      topics.map(([topic, targetTopic]) => ({ topic, targetTopic, changes })),
    )
  }

  async #pass(document: GroupDocument | undefined, signal: AbortSignal): Promise<Pass> {
    if (document === undefined || document.operation !== undefined) return soon('there is nothing to record now')
    const nowMs = this.#options.clock.monotonicMs()
    // A reign that has just begun has nothing on record.
    const isDue = this.#recorded?.epoch !== document.epoch || nowMs - this.#recorded.atMs >= EVERY_MS
    if (!isDue) return soon('it was recorded just now')
    const standbys = Object.keys(document.regions).filter((region) => document.regions[region]?.role === 'standby')
    for (const target of standbys) {
      if (this.#options.leadership.lease() === undefined) return soon('another process leads')
      if (!(await this.#record(document, target, signal))) return soon(`${target} has no topics yet`)
    }
    this.#recorded = { epoch: document.epoch, atMs: nowMs }
    return soon(`recorded for ${standbys.join(', ')}`)
  }

  /** False where there was nothing to record. */
  async #record({ active, generation, epoch }: GroupDocument, target: string, signal: AbortSignal): Promise<boolean> {
    const { authority, moves, linkOf, leadership } = this.#options
    const recorded = await moves.recordConfigs(linkOf(active, target), signal)
    const next: ConfigsDocument = { format: 1, generation, epoch, source: active, configs: pack(recorded) }
    const key = this.#key(regionName(target))
    const stored = await authority.read(key, signal)
    // A source that does not tell a topic any more must not make what is known of it forgotten.
    if (recorded.length === 0) return false
    const lease = leadership.lease()
    if (isSame(stored?.value, next) || lease === undefined) return true
    await authority.write(key, next, { expected: stored?.revision ?? 'absent', lease }, signal)
    return true
  }

  #key(target: RegionName): string {
    return `${groupKey(this.#options.group)}/configs/${target}`
  }
}

/** Pure. The order is that of the topics, so that the same configs make the same document. */
export function pack(recorded: readonly RecordedConfigs[]): ConfigsDocument['configs'] {
  const sorted = recorded.toSorted((one, other) => (one.topic < other.topic ? -1 : 1))
  const byChanges = Map.groupBy(sorted, ({ changes }) => JSON.stringify(changes))
  return [...byChanges.values()].flatMap((alike) => {
    const [first] = alike
    if (first === undefined) return []
    return [{ changes: first.changes, topics: alike.map(({ topic, targetTopic }) => [topic, targetTopic] as const) }]
  })
}

function isSame(stored: unknown, next: ConfigsDocument): boolean {
  return stored !== undefined && canonicalJson(stored) === canonicalJson(next)
}

function soon(reason: string): Pass {
  return { kind: 'wait', afterMs: SOON_MS, reason }
}
