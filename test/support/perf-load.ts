import { writeFileSync } from 'node:fs'
import { type Random, randomBelow, seededRandom } from '../../src/core/index.ts'
import { runJava, toolsClasspath } from './java/classpath.ts'

/** Records of one kind, and how a producer writes them. */
export interface DataSet {
  readonly name: string
  readonly topic: string
  readonly records: number
  /** Mean size of a value, uncompressed. */
  readonly bytes: number
  readonly compression: 'none' | 'lz4'
  readonly payload: 'random' | 'json'
  /** One record a batch, each sent at once. */
  readonly isUnbatched?: boolean
}

const BATCH_BYTES = 131_072
const RANDOM_LINES = 4_000
const JSON_LINES = 20_000
const PRINTABLE = { first: 33, count: 94 }

/** Writes the payload file that `writeLoad` picks its records from: one line, one value. */
export function writePayloads({ payload, bytes }: DataSet, file: string): void {
  const random = seededRandom(bytes)
  const count = payload === 'random' ? RANDOM_LINES : JSON_LINES
  const line = payload === 'random' ? () => randomText(bytes, random) : (index: number) => sensorJson(index, random)
  writeFileSync(file, Array.from({ length: count }, (_, index) => `${line(index)}\n`).join(''))
}

function randomText(bytes: number, random: Random): string {
  const codes = Array.from({ length: bytes }, () => PRINTABLE.first + randomBelow(random, PRINTABLE.count))
  return String.fromCharCode(...codes)
}

function sensorJson(index: number, random: Random): string {
  const celsius = (randomBelow(random, 6_000) - 2_000) / 100
  const facts = {
    sensor: `sensor-${String(randomBelow(random, 500)).padStart(4, '0')}`,
    at: 1_700_000_000_000 + index * 250 + randomBelow(random, 250),
    site: `hall-${randomBelow(random, 40)}`,
    celsius,
    humidity: randomBelow(random, 10_000) / 100,
    battery: randomBelow(random, 100),
    status: 'ok',
  }
  return JSON.stringify(facts)
}

/** Writes a data set with Kafka's own ProducerPerformance; answers its records a second. */
export async function writeLoad(
  { records, compression, isUnbatched = false }: DataSet,
  to: { readonly bootstrap: readonly string[]; readonly topic: string; readonly payloads: string },
  signal: AbortSignal,
): Promise<number> {
  const properties = [
    `bootstrap.servers=${to.bootstrap.join(',')}`,
    `batch.size=${isUnbatched ? 0 : BATCH_BYTES}`,
    `linger.ms=${isUnbatched ? 0 : 20}`,
    `compression.type=${compression}`,
    'buffer.memory=67108864',
  ]
  const args = ['--topic', to.topic, '--num-records', String(records), '--throughput', '-1']
  args.push('--payload-file', to.payloads, '--command-property', ...properties)
  let perSecond: number | undefined
  const onLine = (line: string) => {
    const total = /^(\d+) records sent, ([\d.]+) records\/sec .*99\.9th/.exec(line)
    if (total !== null) perSecond = Number(total[2])
  }
  const classpath = await toolsClasspath(signal)
  await runJava('org.apache.kafka.tools.ProducerPerformance', args, { signal, onLine, classpath })
  if (perSecond === undefined) throw new Error('ProducerPerformance did not tell its throughput')
  return perSecond
}
