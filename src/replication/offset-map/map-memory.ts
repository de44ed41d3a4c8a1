/**
 * One budget for the offset maps of a process. Chunks that take no more entries are held here, most recently used last;
 * where their sum passes the budget, the ones unused for longest give up their segments and are read back on demand.
 * What a chunk keeps then, and each flow's newest chunk, is not counted: about 300 bytes a chunk of 256 segments or more,
 * and up to 12 KiB a flow. Names and ids, which recur in every flow of a topic, are held once.
 */
export interface Evictable {
  /** What it would free now. */
  readonly bytes: number
  evict(): void
}

export interface MapMemoryOptions {
  /** Bytes of segments that may be held; 24 a segment. */
  readonly limitBytes: number
  /** Segments from which on a chunk takes no more entries. @defaultValue 256 */
  readonly chunkSegments?: number
}

/** Then they are held anew. */
const TEXTS_MAX = 100_000

export class MapMemory {
  readonly limitBytes: number
  readonly chunkSegments: number
  readonly #heldBytes = new Map<Evictable, number>()
  readonly #texts = new Map<string, string>()
  #usedBytes = 0

  constructor({ limitBytes, chunkSegments = 256 }: MapMemoryOptions) {
    this.limitBytes = limitBytes
    this.chunkSegments = chunkSegments
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Takes a loaded chunk in, or notes that it was used. The chunk itself is never the one evicted for it. */
  hold(chunk: Evictable): void {
    this.release(chunk)
    this.#heldBytes.set(chunk, chunk.bytes)
    this.#usedBytes += chunk.bytes
    for (const oldest of this.#heldBytes.keys()) {
      if (this.#usedBytes <= this.limitBytes || oldest === chunk) return
      this.release(oldest)
      oldest.evict()
    }
  }

  release(chunk: Evictable): void {
    this.#usedBytes -= this.#heldBytes.get(chunk) ?? 0
    this.#heldBytes.delete(chunk)
  }

  /** The same text, as the object that others hold already. */
  shareText(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear()
    this.#texts.set(text, text)
    return text
  }
}
