import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What the applications of a trial noted: see FailoverApps.java. Times are milliseconds of their one clock. */
export interface WriteNote {
  readonly verdict: 'kept' | 'aborted' | 'refused' | 'unclear'
  readonly writer: string
  readonly region: string
  readonly topic: string
  readonly partition: number
  /** -1 where none is known. */
  readonly offset: number
  readonly id: string
  readonly key: string
  readonly sentMs: number
  readonly answeredMs: number
}

export interface ReadNote {
  readonly verdict: 'read' | 'unclear'
  readonly group: string
  readonly region: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly id: string
}

const NANOS_PER_MS = 1e6

export async function loadWrites(file: string): Promise<WriteNote[]> {
  const notes: WriteNote[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [verdict, writer = '', region = '', topic = '', partition, offset, id = '', key = '', sent, answered] =
      line.split(' ')
    if (answered === undefined) throw new Error(`${file}: bad line ${line}`)
    notes.push({
      verdict: verdict as WriteNote['verdict'],
      writer,
      region,
      topic,
      partition: Number(partition),
      offset: Number(offset),
      id,
      key,
      sentMs: Number(sent) / NANOS_PER_MS,
      answeredMs: Number(answered) / NANOS_PER_MS,
    })
  }
  return notes.sort((a, b) => a.sentMs - b.sentMs)
}

export async function loadReads(file: string): Promise<ReadNote[]> {
  const notes: ReadNote[] = []
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [verdict, group = '', region = '', topic = '', partition, offset, id] = line.split(' ')
    if (id === undefined) throw new Error(`${file}: bad line ${line}`)
    const place = { group, region, topic, partition: Number(partition), offset: Number(offset) }
    notes.push({ verdict: verdict as ReadNote['verdict'], ...place, id })
  }
  return notes
}
