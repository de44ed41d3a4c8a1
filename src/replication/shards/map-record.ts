import type { BatchHeader, DecodedRecord } from '../../kafka/index.ts'
import {
  decodeEntryOf,
  type EntryKey,
  isSameProducer,
  type MapEntry,
  type MapRecordPlace,
  parseEntryKey,
} from '../offset-map/index.ts'

/** Whether the producer of a record has owned the shard; with what the record's key says, where it says anything. */
export type HasOwned = (producerId: bigint, named: EntryKey | undefined) => boolean

export type MapRecord = { readonly entry: MapEntry } | { readonly foreign: EntryKey | undefined }

/**
 * What a record of the map topic says, and whether an owner of the shard has said it. Owners write an entry under the
 * producer and epoch that its key names; they delete those of earlier owners too. Whatever else is there was put by
 * somebody who should not write to the map, and is not looked into.
 *
 * Faults: MAP_FORMAT_UNKNOWN and MAP_ENTRY_DAMAGED where an owner wrote what cannot be read.
 */
export function readMapRecord(
  record: DecodedRecord,
  header: BatchHeader,
  place: MapRecordPlace,
  hasOwned: HasOwned,
): MapRecord {
  const { key, value } = record
  const named = parseEntryKey(key?.toString('utf8') ?? '')
  const isByOwner =
    named !== undefined && value !== null ? isSameProducer(header, named) : hasOwned(header.producerId, named)
  return isByOwner ? { entry: decodeEntryOf(named, record, place) } : { foreign: named }
}
