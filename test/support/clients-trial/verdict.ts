import type { ContentLog } from '../content-log.ts'
import type { Note } from './program.ts'

/** What came of the applications' records, judged by the log of the region that is active last. Pure. */
export interface ClientsVerdict {
  readonly acknowledged: number
  /** Acknowledged, and not in the log. */
  readonly lost: number
  /** Records that stand in the log twice: sent again because it was unclear what had become of them. */
  readonly twice: number
  readonly read: number
  /** Times that a group went on at another place than behind what it had committed. */
  readonly wrong: number
  /** Records in the log that a group has never read. */
  readonly unread: number
  /** A few of the wrong ones, in words. */
  readonly examples: readonly string[]
}

interface Place {
  /** The next record that the group has not read, and the first that it may read again: it could not commit behind it. */
  next: number
  committed: number
}

const EXAMPLES_MAX = 5

export function judgeClients(
  log: ContentLog,
  notes: readonly Note[],
  /** Those that have to have read everything. */
  consumers: readonly string[],
): ClientsVerdict {
  const { indexes, twice } = indexLog(log)
  const indexesOf = ({ topic, partition, id }: Note) => indexes.get(`${topic}/${partition}`)?.get(id) ?? []
  const acked = notes.filter(({ verdict }) => verdict === 'acked')
  const reads = notes.filter(({ verdict }) => verdict !== 'acked')
  const lost = acked.filter((note) => indexesOf(note).length === 0)
  const examples = lost.slice(0, EXAMPLES_MAX).map(({ app, id }) => `${app} has lost ${id}`)
  let wrong = 0
  let unread = 0
  const places = new Map<string, Place>()
  for (const note of reads) {
    const key = `${note.app} ${note.topic}/${note.partition}`
    const place = places.get(key) ?? { next: 0, committed: 0 }
    places.set(key, place)
    const all = indexesOf(note)
    const at = all.find((one) => one === place.next) ?? all[0]
    if (at === undefined || at < place.committed || at > place.next) {
      wrong++
      const where = at === undefined ? 'which is nowhere' : `number ${at}`
      if (wrong <= EXAMPLES_MAX) examples.push(`${key} read ${note.id}, ${where}, and had come to ${place.next}`)
    }
    if (at === undefined) continue
    if (at > place.next) unread += at - place.next
    place.next = at + 1
    if (note.verdict === 'read') place.committed = at + 1
  }
  for (const app of consumers) {
    for (const [partition, records] of log) {
      const place = places.get(`${app} ${partition}`)
      unread += Math.max(0, records.length - (place?.next ?? 0))
    }
  }
  return { acknowledged: acked.length, lost: lost.length, twice, read: reads.length, wrong, unread, examples }
}

/** Where each record stands in its partition; more than one place where it was sent again. */
function indexLog(log: ContentLog) {
  const indexes = new Map<string, ReadonlyMap<string, readonly number[]>>()
  let twice = 0
  for (const [partition, records] of log) {
    const byId = new Map<string, number[]>()
    for (const [at, { value }] of records.entries()) {
      const places = byId.get(value ?? '') ?? []
      if (places.push(at) > 1) twice++
      byId.set(value ?? '', places)
    }
    indexes.set(partition, byId)
  }
  return { indexes, twice }
}
