/**
 * Map entries as Kafka records. Key: text, see `entry-key.ts`. Value: a version byte, then compact binary (JSON for an
 * incident); a deletion has none. What the key says is not repeated in the value. A segment behind the first takes three to four bytes:
 * the distance to the one before on the target, how much further it is on the source, and its causes.
 */
import { invariant, isFault, unreachable } from '../../core/index.ts'
import { type EntryKey, type FlowEntry, type FlowEntryKey, keyOf, type MapEntry } from './entry.ts'
import { decodeIncident, encodeIncident } from './entry-incident.ts'
import { formatEntryKey, KEY_KINDS, parseEntryKey } from './entry-key.ts'
import { offsetMapFaults } from './faults.ts'
import { type AttributedSegment, isAscending } from './segments.ts'
import { CompactReader, CompactWriter } from './varint.ts'

const FORMAT_VERSION = 1

/** Ids recur in every record of a topic; made anew each time, their texts took a third of the time of reading a map. */
const uuidTexts = new Map<string, string>()
const UUIDS_MAX = 10_000

/** A map entry as the map topic holds it. */
export interface EncodedEntry {
  readonly key: Buffer
  /** Null deletes. */
  readonly value: Buffer | null
}

interface KeyAndValue {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Where a record was read, for the faults. */
export interface MapRecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export function encodeEntry(entry: MapEntry): EncodedEntry {
  return { key: Buffer.from(formatEntryKey(keyOf(entry)), 'utf8'), value: encodeValue(entry) }
}

/** Faults: MAP_FORMAT_UNKNOWN where a newer version wrote the record, MAP_ENTRY_DAMAGED where nobody could have. */
export function decodeEntry(key: Buffer | null, value: Buffer | null, place: MapRecordPlace): MapEntry {
  return decodeEntryOf(parseEntryKey(key?.toString('utf8') ?? ''), { key, value }, place)
}

/** The same where it has been read already what the key says. */
export function decodeEntryOf(named: EntryKey | undefined, record: KeyAndValue, place: MapRecordPlace): MapEntry {
  try {
    return decodeRecord(named, record, place)
  } catch (error) {
    if (isFault(error)) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw offsetMapFaults.fault('MAP_ENTRY_DAMAGED', { ...place, why }, error)
  }
}

function encodeValue(entry: MapEntry): Buffer | null {
  const writer = new CompactWriter().byte(FORMAT_VERSION)
  switch (entry.kind) {
    case 'tombstone':
      return null
    case 'owner':
      return writer.unsigned(entry.atMs).text(entry.transactionalId).text(entry.processId).finish()
    case 'floor':
      writer.unsigned(entry.atMs).unsigned(entry.mapOffset)
      return writer.unsigned(entry.first.source).unsigned(entry.first.target).finish()
    case 'hand-over':
      return writer.unsigned(entry.atMs).finish()
    case 'incident':
      return writer.bytes(encodeIncident(entry.facts)).finish()
    case 'flow':
      writer.unsigned(entry.atMs).signed(entry.epochStart).signed(entry.sourceLeaderEpoch)
      writer.bytes(uuidBytes(entry.sourceTopicId)).bytes(uuidBytes(entry.targetTopicId)).text(entry.sourceClusterId)
      writeSegments(writer, entry.segments)
      return writer.finish()
    default:
      return unreachable(entry)
  }
}

function decodeRecord(key: EntryKey | undefined, record: KeyAndValue, place: MapRecordPlace): MapEntry {
  const { value } = record
  const version = value?.[0] ?? FORMAT_VERSION
  if (version > FORMAT_VERSION) {
    throw offsetMapFaults.fault('MAP_FORMAT_UNKNOWN', { ...place, why: `version ${version}` })
  }
  if (key === undefined) {
    const text = record.key?.toString('utf8') ?? ''
    const kind = text.split('/', 1)[0] ?? ''
    if (KEY_KINDS.includes(kind)) throw new RangeError(`its key ${JSON.stringify(text)} is not well-formed`)
    throw offsetMapFaults.fault('MAP_FORMAT_UNKNOWN', { ...place, why: `kind ${JSON.stringify(kind)}` })
  }
  if (value === null) return { kind: 'tombstone', key }
  const reader = new CompactReader(value)
  if (reader.byte() !== FORMAT_VERSION) throw new RangeError(`there is no version ${version}`)
  const entry = readEntry(key, reader)
  if (reader.remainingBytes > 0) throw new RangeError(`${reader.remainingBytes} bytes are left over`)
  return entry
}

function readEntry(key: EntryKey, reader: CompactReader): MapEntry {
  switch (key.kind) {
    case 'flow':
      return readFlow(key, reader)
    case 'floor': {
      const atMs = reader.unsigned()
      const mapOffset = reader.unsigned()
      return { ...key, atMs, mapOffset, first: { source: reader.unsigned(), target: reader.unsigned() } }
    }
    case 'owner': {
      const atMs = reader.unsigned()
      return { ...key, kind: 'owner', atMs, transactionalId: reader.text(), processId: reader.text() }
    }
    case 'hand-over':
      return { ...key, kind: 'hand-over', atMs: reader.unsigned() }
    case 'incident':
      return { ...key, facts: decodeIncident(reader.bytes(reader.remainingBytes).toString('utf8')) }
    default:
      return unreachable(key)
  }
}

function readFlow({ first, ...key }: FlowEntryKey, reader: CompactReader): FlowEntry {
  return {
    ...key,
    atMs: reader.unsigned(),
    epochStart: reader.signed(),
    sourceLeaderEpoch: reader.signed(),
    sourceTopicId: uuidText(reader.bytes(16)),
    targetTopicId: uuidText(reader.bytes(16)),
    sourceClusterId: reader.text(),
    segments: readSegments(reader, first),
  }
}

function writeSegments(writer: CompactWriter, segments: readonly AttributedSegment[]): void {
  invariant(isAscending(segments), 'the segments of a map entry do not ascend')
  let before: AttributedSegment | undefined
  writer.unsigned(segments.length)
  for (const segment of segments) {
    if (before !== undefined) {
      const step = segment.target - before.target
      writer.unsigned(step).signed(segment.source - before.source - step)
    }
    writer.unsigned(segment.causes)
    before = segment
  }
}

function readSegments(reader: CompactReader, first: { source: number; target: number }): AttributedSegment[] {
  const count = reader.unsigned()
  if (count === 0) throw new RangeError('it has no segments')
  let { source, target } = first
  const segments = [{ source, target, causes: reader.unsigned() }]
  while (segments.length < count) {
    const step = reader.unsigned()
    target += step
    source += step + reader.signed()
    if (!Number.isSafeInteger(source) || !Number.isSafeInteger(target)) throw new RangeError('an offset is too large')
    segments.push({ source, target, causes: reader.unsigned() })
  }
  if (!isAscending(segments)) throw new RangeError('its segments do not ascend')
  return segments
}

function uuidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  invariant(bytes.length === 16 && uuidText(bytes) === text, `${JSON.stringify(text)} is no lower-case UUID`)
  return bytes
}

function uuidText(bytes: Buffer): string {
  const binary = bytes.toString('latin1')
  const known = uuidTexts.get(binary)
  if (known !== undefined) return known
  if (uuidTexts.size >= UUIDS_MAX) uuidTexts.clear()
  const text = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  uuidTexts.set(binary, text)
  return text
}
