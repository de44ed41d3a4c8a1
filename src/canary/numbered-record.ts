import { createHash } from 'node:crypto'
import type { RecordContents } from '../kafka/index.ts'

/**
 * The records of a canary stream: the key names stream and partition, the value stream, number and a checksum over both
 * and the key. What belongs to another stream is told from what belongs to this one and is damaged.
 */
export interface NumberedRecord {
  /** Unlike any other in the topic: a drill that another process takes over begins a new one. */
  readonly stream: string
  readonly partition: number
  readonly number: number
}

const CHECKSUM_CHARACTERS = 16

export function encodeNumbered({ stream, partition, number }: NumberedRecord): { key: Buffer; value: Buffer } {
  const key = `${stream}/${partition}`
  const said = `${stream} ${number}`
  return { key: Buffer.from(key), value: Buffer.from(`${said} ${checksumOf(key, said)}`) }
}

/** The number; `damaged` where it is of this stream and is not what was written; undefined for one of another. */
export function readNumbered(
  { key, value }: Pick<RecordContents, 'key' | 'value'>,
  { stream, partition }: Omit<NumberedRecord, 'number'>,
): number | 'damaged' | undefined {
  const keyText = key?.toString() ?? ''
  const text = value?.toString() ?? ''
  if (!keyText.startsWith(`${stream}/`) && !text.startsWith(`${stream} `)) return undefined
  const number = Number(text.split(' ')[1])
  if (!Number.isSafeInteger(number)) return 'damaged'
  const whole = encodeNumbered({ stream, partition, number })
  return whole.key.toString() === keyText && whole.value.toString() === text ? number : 'damaged'
}

function checksumOf(key: string, said: string): string {
  return createHash('sha256').update(`${key}\n${said}`).digest('hex').slice(0, CHECKSUM_CHARACTERS)
}
