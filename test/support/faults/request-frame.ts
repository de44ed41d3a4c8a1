import { Reader } from '@platformatic/kafka'
import { API_VERSIONS, type ApiName } from '../../../src/kafka/wire/versions.ts'

/** What the header of a request says (request header v1 and v2 begin alike). */
export interface RequestHead {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
}

const SIZE_BYTES = 4
const FIXED_HEAD_BYTES = 10
/** Far above what brokers take; a larger one means that this is no Kafka stream. */
const FRAME_BYTES_MOST = 128 << 20

const NAMES: ReadonlyMap<number, ApiName> = new Map(
  Object.entries(API_VERSIONS).map(([name, { key }]) => [key, name as ApiName]),
)

/** Undefined for APIs that only other clients speak. */
export function apiNameOf({ apiKey }: RequestHead): ApiName | undefined {
  return NAMES.get(apiKey)
}

export function readRequestHead(frame: Buffer): RequestHead {
  const length = frame.readInt16BE(SIZE_BYTES + 8)
  const start = SIZE_BYTES + FIXED_HEAD_BYTES
  return {
    apiKey: frame.readInt16BE(SIZE_BYTES),
    version: frame.readInt16BE(SIZE_BYTES + 2),
    correlationId: frame.readInt32BE(SIZE_BYTES + 4),
    clientId: length < 0 ? null : frame.toString('utf8', start, start + length),
  }
}

/** What follows the header and its tagged fields: every version that we speak has these. */
export function bodyOf(frame: Buffer): Buffer {
  const start = SIZE_BYTES + FIXED_HEAD_BYTES + Buffer.byteLength(readRequestHead(frame).clientId ?? '')
  const header = Reader.from(frame.subarray(start))
  header.readTaggedFields()
  return frame.subarray(start + header.position)
}

/** Correlation id of an answer. */
export function readAnswerId(frame: Buffer): number {
  return frame.readInt32BE(SIZE_BYTES)
}

/** A whole answer frame: response header v1, but v0 for ApiVersions: no tagged fields. */
export function layAnswer(correlationId: number, api: ApiName | undefined, body: Buffer): Buffer {
  const tags = Buffer.alloc(api === 'ApiVersions' ? 0 : 1)
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + tags.length + body.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, tags, body])
}

/** Cuts a byte stream into Kafka's frames, each with its size in front. */
export class FrameCutter {
  #chunks: Buffer[] = []
  #bytes = 0

  /** The frames that are complete with this chunk. */
  take(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    while (this.#bytes >= SIZE_BYTES) {
      if ((this.#chunks[0]?.length ?? 0) < SIZE_BYTES) this.#join()
      const size = SIZE_BYTES + (this.#chunks[0]?.readInt32BE(0) ?? 0)
      if (size < SIZE_BYTES || size > FRAME_BYTES_MOST) throw new RangeError(`a frame of ${size} bytes is not Kafka's`)
      if (this.#bytes < size) break
      this.#join()
      const all = this.#chunks[0] ?? Buffer.alloc(0)
      frames.push(all.subarray(0, size))
      this.#chunks = [all.subarray(size)]
      this.#bytes -= size
    }
    return frames
  }

  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
  }
}
