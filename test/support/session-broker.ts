import type {
  BrokerChannel,
  Cluster,
  FetchedPartition,
  FetchPartition,
  FetchRequest,
  FetchResponse,
} from '../../src/kafka/index.ts'

/**
 * The fetch side of a broker in memory, with sessions as KIP-227 has them: it keeps the partitions and positions of a
 * session in mind, answers within one only what has news, and moves a partition with data to the end of the order.
 * A request waits until one of its partitions has data, or until `answerEmpty`.
 */
export class SessionBroker {
  readonly requests: FetchRequest[] = []
  /** False: it has no slot left and answers with session id 0. */
  grantsSessions = true
  /** Partitions that fit into one answer. */
  answerMax = Number.POSITIVE_INFINITY
  readonly #logs = new Map<string, Log>()
  #session: { readonly id: number; epoch: number; readonly places: Map<string, Place> } | undefined
  #nextId = 1
  #wakeUp = Promise.withResolvers<void>()
  #mayBeEmpty = false
  #channels: (() => void)[] = []

  /** Appends a batch. */
  append(topicId: string, partition: number, batch: Buffer, records: number): void {
    const log = this.#log(topicId, partition)
    log.batches.push({ bytes: batch, end: log.end + records })
    log.end += records
    this.#wake()
  }

  /** The answer to whatever waits now may be empty. */
  answerEmpty(): void {
    this.#mayBeEmpty = true
    this.#wake()
  }

  /** As when other clients need the slot. */
  evictSession(): void {
    this.#session = undefined
  }

  /** As a restart: connections and sessions are gone. */
  restart(): void {
    this.#session = undefined
    for (const close of this.#channels.splice(0)) close()
  }

  /** What a fetch loop needs of a cluster. */
  get cluster(): Cluster {
    const stub: Pick<Cluster, 'openChannel' | 'noteLeader'> = {
      openChannel: () => Promise.resolve(this.#open()),
      noteLeader: () => undefined,
    }
    return stub as Cluster
  }

  #open(): BrokerChannel {
    let isOpen = true
    const closed = Promise.withResolvers<never>()
    closed.promise.catch(() => undefined)
    const close = () => {
      isOpen = false
      closed.reject(new Error('the connection is gone'))
    }
    this.#channels.push(close)
    return {
      nodeId: 1,
      get isOpen() {
        return isOpen
      },
      onClose: () => undefined,
      fetch: (request) => Promise.race([this.#answer(request), closed.promise]),
      produce: () => Promise.reject(new Error('it only answers fetches')),
      close: async () => close(),
    }
  }

  async #answer(request: FetchRequest): Promise<FetchResponse> {
    this.requests.push(request)
    const context = this.#contextOf(request)
    if (typeof context === 'number') return { errorCode: context, throttleMs: 0, sessionId: 0, partitions: [] }
    const { places, isFull, sessionId } = context
    for (;;) {
      if (this.#mayBeEmpty || [...places.values()].some((place) => this.#batchAt(place) !== undefined)) {
        this.#mayBeEmpty = false
        return { errorCode: 0, throttleMs: 0, sessionId, partitions: this.#look(places, isFull) }
      }
      this.#wakeUp = Promise.withResolvers()
      await this.#wakeUp.promise
    }
  }

  #contextOf({ session, partitions }: FetchRequest) {
    const named = new Map(partitions.map((one) => [keyOf(one), { ...one, toldEnd: -1 }]))
    if (session === undefined || session.epoch <= 0) {
      if (session?.epoch !== 0 || !this.grantsSessions) return { places: named, isFull: true, sessionId: 0 }
      this.#session = { id: this.#nextId++, epoch: 1, places: named }
      return { places: named, isFull: true, sessionId: this.#session.id }
    }
    const held = this.#session
    if (held === undefined || held.id !== session.id) return FETCH_SESSION_ID_NOT_FOUND
    if (held.epoch !== session.epoch) return INVALID_FETCH_SESSION_EPOCH
    held.epoch++
    for (const [key, place] of named) held.places.set(key, { ...place, toldEnd: held.places.get(key)?.toldEnd ?? -1 })
    for (const place of session.forgotten) held.places.delete(keyOf(place))
    return { places: held.places, isFull: false, sessionId: held.id }
  }

  #look(places: Map<string, Place>, isFull: boolean): FetchedPartition[] {
    const answered: FetchedPartition[] = []
    let withData = 0
    for (const key of Array.from(places.keys())) {
      const place = places.get(key)
      if (place === undefined) continue
      const log = this.#log(place.topicId, place.partition)
      const batch = withData < this.answerMax ? this.#batchAt(place) : undefined
      if (batch === undefined && place.toldEnd === log.end && !isFull) continue
      place.toldEnd = log.end
      answered.push(answerOf(place, log, batch?.bytes ?? Buffer.alloc(0)))
      if (batch === undefined) continue
      withData++
      places.delete(key)
      places.set(key, place)
    }
    return answered
  }

  #batchAt({ topicId, partition, fetchOffset }: Place) {
    return this.#log(topicId, partition).batches.find(({ end }) => end > fetchOffset)
  }

  #log(topicId: string, partition: number): Log {
    const key = keyOf({ topicId, partition })
    const known = this.#logs.get(key)
    if (known !== undefined) return known
    const log: Log = { batches: [], end: 0 }
    this.#logs.set(key, log)
    return log
  }

  #wake(): void {
    this.#wakeUp.resolve()
  }
}

const FETCH_SESSION_ID_NOT_FOUND = 70
const INVALID_FETCH_SESSION_EPOCH = 71

interface Place extends FetchPartition {
  /** End of the log as the client was last told. */
  toldEnd: number
}

interface Log {
  readonly batches: { readonly bytes: Buffer; readonly end: number }[]
  end: number
}

function answerOf({ topicId, partition }: Place, log: Log, records: Buffer): FetchedPartition {
  return {
    topicId,
    partition,
    errorCode: 0,
    highWatermark: log.end,
    lastStableOffset: log.end,
    logStartOffset: 0,
    aborted: [],
    currentLeader: undefined,
    divergingEpoch: undefined,
    preferredReadReplica: -1,
    // The flow rewrites headers in place, and a broker answers the same bytes again.
    records: Buffer.from(records),
  }
}

function keyOf({ topicId, partition }: { readonly topicId: string; readonly partition: number }): string {
  return `${topicId}/${partition}`
}
