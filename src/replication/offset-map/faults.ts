import { defineFaults } from '../../core/index.ts'

/** What can be wrong with the map topic as it is read. */
export const offsetMapFaults = defineFaults({
  MAP_FORMAT_UNKNOWN: {
    message:
      'the offset map record at {topic}-{partition} offset {offset} has a format this version cannot read: {why}',
    remedy:
      'A newer Isthmus wrote to this map. Run that version or a newer one; going back to an older version is only possible before the newer one first owned a shard.',
    retriable: false,
    status: 500,
  },
  MAP_ENTRY_DAMAGED: {
    message: 'the offset map record at {topic}-{partition} offset {offset} is damaged: {why}',
    remedy:
      'Something other than Isthmus wrote to the map topic, or its data was damaged on disk. Stop all writers but Isthmus, then rebuild the map of the flows of this shard by comparing both logs.',
    retriable: false,
    status: 500,
  },
  MAP_ENTRY_MISSING: {
    message: 'the offset map no longer holds all entries of flow {flow} between map offsets {from} and {to}',
    remedy:
      'Entries were deleted that were still needed. Check that the map topic is compacted and has no time or size limit, then rebuild the map of this flow by comparing both logs.',
    retriable: false,
    status: 500,
  },
})
