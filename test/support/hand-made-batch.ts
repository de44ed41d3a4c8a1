import { crc32c } from '@node-rs/crc32'

/** A small uncompressed record batch, laid out by hand, so that tests of the wire do not depend on the records code. */
export interface HandMadeBatch {
  readonly values: readonly string[]
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly timestampMs?: number
}

const HEADER_BYTES = 61

export function makeBatch(options: HandMadeBatch): Buffer {
  const { values, producerId = -1n, producerEpoch = -1, baseSequence = -1, timestampMs = 1_700_000_000_000 } = options
  const records = Buffer.concat(values.map(layRecord))
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeInt32BE(HEADER_BYTES - 12 + records.length, 8)
  header.writeInt32BE(-1, 12)
  header.writeInt8(2, 16)
  header.writeInt32BE(values.length - 1, 23)
  header.writeBigInt64BE(BigInt(timestampMs), 27)
  header.writeBigInt64BE(BigInt(timestampMs), 35)
  header.writeBigInt64BE(producerId, 43)
  header.writeInt16BE(producerEpoch, 51)
  header.writeInt32BE(baseSequence, 53)
  header.writeInt32BE(values.length, 57)
  const batch = Buffer.concat([header, records])
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

/** length attributes timestampDelta offsetDelta key(-1) value headers(0); all varints of one byte, so keep values short. */
function layRecord(value: string, offsetDelta: number): Buffer {
  const bytes = Buffer.from(value)
  const body = Buffer.from([0, 0, zigZag(offsetDelta), zigZag(-1), zigZag(bytes.length), ...bytes, 0])
  return Buffer.concat([Buffer.from([zigZag(body.length)]), body])
}

function zigZag(value: number): number {
  const encoded = value < 0 ? -value * 2 - 1 : value * 2
  if (encoded > 127) throw new RangeError(`${value} needs more than one byte`)
  return encoded
}
