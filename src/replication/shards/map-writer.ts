import { backoffMs, type Clock, type Random, sleep } from '../../core/index.ts'
import { encodeBatch, errorName, type ProducerIdentity } from '../../kafka/index.ts'
import { encodeEntry, type MapEntry, type ShardMap } from '../offset-map/index.ts'
import { MAP_TOPIC } from './map-topic.ts'
import type { TargetLog } from './target-log.ts'

const BATCH_BYTES_MAX = 512 * 1024
const PRODUCE_TIMEOUT_MS = 5_000
const RETRY_DELAYS = { firstMs: 50, mostMs: 1_000 }
const TELL_EVERY_TRIES = 8
const SEQUENCE_SPAN = 2 ** 31

const INVALID_PRODUCER_EPOCH = 47
const OUT_OF_ORDER_SEQUENCE = 45
const UNKNOWN_PRODUCER_ID = 59

/** Why the tenure of a shard has to end. */
export type TenureEnd = { readonly kind: 'fenced' | 'restart'; readonly reason: string }

export interface MapWriterOptions {
  readonly shard: number
  readonly mapTopicId: string
  readonly identity: ProducerIdentity
  readonly log: TargetLog
  /** Entries are applied to it once they are acknowledged. */
  readonly map: ShardMap
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  onEnd(end: TenureEnd): void
  /** A batch is refused, or its fate unknown, for some time. */
  readonly onTrouble?: ((reason: string) => void) | undefined
}

/**
 * Appends map entries of one shard, in call order, as idempotent batches of the shard's own producer id and epoch:
 * what fences the data fences the map.
 *
 * One batch is in flight at a time; everything that waits goes into the next one. A batch whose fate is unknown is
 * sent again with the same sequence: the broker answers a repeat of the last batch with its first offset.
 */
export class MapWriter {
  readonly #options: MapWriterOptions
  #waiting: Waiting[] = []
  #nextSequence = 0
  #isRunning = false
  #isClosed = false

  constructor(options: MapWriterOptions) {
    this.#options = options
  }

  /** Resolves once the entry is on the target and applied to the map in memory. Rejects when the tenure ends first. */
  append(entry: MapEntry): Promise<void> {
    const { signal } = this.#options
    if (signal.aborted || this.#isClosed) return Promise.reject(endError(signal))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, encoded: encodeEntry(entry), resolve, reject })
      if (!this.#isRunning) void this.#run()
    })
  }

  /** What is appended after it is refused: a hand-over counts only as the last word of its epoch. */
  appendLast(entry: MapEntry): Promise<void> {
    const appended = this.append(entry)
    this.#isClosed = true
    return appended
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      try {
        const baseOffset = await this.#send(taken)
        for (const [index, { entry, resolve }] of taken.entries()) {
          this.#options.map.apply(entry, baseOffset + index)
          resolve()
        }
      } catch (error) {
        for (const { reject } of [...taken, ...this.#waiting]) reject(error)
        this.#waiting = []
      }
    }
    this.#isRunning = false
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { encoded } of this.#waiting) {
      bytes += encoded.key.length + (encoded.value?.length ?? 0) + 32
      if (count > 0 && bytes > BATCH_BYTES_MAX) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Answers the offset of the first entry. */
  async #send(taken: readonly Waiting[]): Promise<number> {
    const { clock, random, signal, log, shard, mapTopicId, identity } = this.#options
    const timestamp = clock.nowMs()
    const batch = encodeBatch({
      records: taken.map(({ encoded }) => ({ timestamp, key: encoded.key, value: encoded.value, headers: [] })),
      codec: 'none',
      ...identity,
      baseSequence: this.#nextSequence,
    })
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw endError(signal)
      const target = { topic: MAP_TOPIC, topicId: mapTopicId, partition: shard, batch }
      const outcome = await log.append(target, PRODUCE_TIMEOUT_MS, signal)
      if (outcome.kind === 'answered' && outcome.errorCode === 0) {
        this.#nextSequence = (this.#nextSequence + taken.length) % SEQUENCE_SPAN
        return outcome.baseOffset
      }
      const trouble = outcome.kind === 'answered' ? errorName(outcome.errorCode) : outcome.reason
      if (attempt % TELL_EVERY_TRIES === 0) this.#options.onTrouble?.(`the map takes no entries: ${trouble}`)
      if (outcome.kind === 'answered') this.#judge(outcome.errorCode)
      await sleep(clock, backoffMs(RETRY_DELAYS, attempt, random), signal)
      await log.refresh(MAP_TOPIC, signal)
    }
  }

  #judge(errorCode: number): void {
    const reason = `the map partition ${MAP_TOPIC}-${this.#options.shard} answered ${errorName(errorCode)}`
    if (errorCode === INVALID_PRODUCER_EPOCH) this.#options.onEnd({ kind: 'fenced', reason })
    if (errorCode === OUT_OF_ORDER_SEQUENCE || errorCode === UNKNOWN_PRODUCER_ID) {
      this.#options.onEnd({ kind: 'restart', reason })
    }
  }
}

interface Waiting {
  readonly entry: MapEntry
  readonly encoded: { readonly key: Buffer; readonly value: Buffer | null }
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

function endError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the tenure of the shard ended')
}
