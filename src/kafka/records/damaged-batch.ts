import { encodeBatch } from './encode-batch.ts'

/** Any bit inside the value of the one record. */
const FROM_THE_END = 3

/** A batch of one record whose checksum is wrong: a broker that would take a write from this client refuses it. */
export function encodeDamagedBatch(nowMs: number): Buffer {
  const records = [{ timestamp: nowMs, key: null, value: Buffer.from('isthmus canary') }]
  const batch = encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  const insideValue = batch.length - FROM_THE_END
  batch[insideValue] = (batch[insideValue] ?? 0) ^ 0xff
  return batch
}
