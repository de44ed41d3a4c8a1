import type { FetchPartition, FetchSessionStep } from '../../kafka/index.ts'

/**
 * What one broker is asked for, as an incremental fetch session (KIP-227): the broker keeps the list of partitions and
 * positions in mind, a request names only those that changed or are no longer wanted, and an answer only those with
 * news. Pure: no I/O.
 *
 * Always holds: after a request whose answer was missed or refused, the next one names everything. A place that is put
 * again goes to the end of the order, as the broker does with a partition that had data: so nobody starves, with a
 * session or without. A broker that has no room for a session answers with id 0; then every request is a full one, and
 * each of them asks for a session again.
 */
export class FetchSession<Place extends FetchPartition> {
  readonly #places = new Map<string, Place>()
  readonly #changed = new Map<string, Place>()
  readonly #forgotten = new Map<string, PlaceName>()
  #id = 0
  #epoch = BEGIN

  /** How many places are asked for. */
  get size(): number {
    return this.#places.size
  }

  get(name: PlaceName): Place | undefined {
    return this.#places.get(placeKey(name))
  }

  /**
   * Asks for a partition from now on, or at another position. True where it was left out and no request has said so: the
   * broker still has it in mind, and will answer only news of it.
   */
  put(place: Place): boolean {
    const key = placeKey(place)
    for (const places of [this.#places, this.#changed]) {
      places.delete(key)
      places.set(key, place)
    }
    return this.#forgotten.delete(key)
  }

  drop({ topicId, partition }: PlaceName): void {
    const key = placeKey({ topicId, partition })
    if (!this.#places.delete(key)) return
    this.#changed.delete(key)
    this.#forgotten.set(key, { topicId, partition })
  }

  /** The next request; `settle` or `lose` has to follow. */
  next(): { readonly partitions: readonly Place[]; readonly session: FetchSessionStep } {
    const isFull = this.#epoch === BEGIN
    const partitions = [...(isFull ? this.#places : this.#changed).values()]
    const forgotten = isFull ? [] : [...this.#forgotten.values()]
    this.#changed.clear()
    this.#forgotten.clear()
    return { partitions, session: { id: this.#id, epoch: this.#epoch, forgotten } }
  }

  /** Whether the answer counts. One that does not is about the session alone: the next request begins another. */
  settle({ errorCode, sessionId }: { readonly errorCode: number; readonly sessionId: number }): boolean {
    if (errorCode !== 0) {
      this.lose()
      if (errorCode === FETCH_SESSION_ID_NOT_FOUND) this.#id = 0
      return false
    }
    this.#id = sessionId
    this.#epoch = sessionId === 0 ? BEGIN : this.#epoch === EPOCH_MAX ? FIRST : this.#epoch + 1
    return true
  }

  /** No answer came: what the broker has in mind is not known. The old session, if it is there, is ended. */
  lose(): void {
    this.#epoch = BEGIN
  }
}

export interface PlaceName {
  readonly topicId: string
  readonly partition: number
}

const FETCH_SESSION_ID_NOT_FOUND = 70
const INVALID_FETCH_SESSION_EPOCH = 71
const INCONSISTENT_TOPIC_ID = 103
const FETCH_SESSION_TOPIC_ID_ERROR = 106

/** Codes of a whole answer that say something of the session, not of the broker. */
export const SESSION_CODES: ReadonlySet<number> = new Set([
  FETCH_SESSION_ID_NOT_FOUND,
  INVALID_FETCH_SESSION_EPOCH,
  INCONSISTENT_TOPIC_ID,
  FETCH_SESSION_TOPIC_ID_ERROR,
])

const BEGIN = 0
const FIRST = 1
const EPOCH_MAX = 2 ** 31 - 1

function placeKey({ topicId, partition }: PlaceName): string {
  return `${topicId}/${partition}`
}
