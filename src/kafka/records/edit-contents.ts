import { corrupt } from './batch-header.ts'
import { readContents, type RecordContents } from './decode-records.ts'
import { encodeBody } from './encode-batch.ts'
import type { EditRecord } from './packing.ts'

/** Undefined leaves the record out; the contents it was given keep the record as it is, byte for byte. */
export type ChangeContents = (contents: RecordContents) => RecordContents | undefined

/** An edit for `repackBatches` that looks at what is in a record. Faults of the edit: RECORDS_CORRUPT. */
export function editContents(change: ChangeContents): EditRecord {
  return (sourceOffset, body) => {
    const contents = contentsOf(sourceOffset, body)
    const changed = change(contents)
    if (changed === undefined || changed === contents) return changed && body
    return encodeBody(changed)
  }
}

function contentsOf(sourceOffset: number, { bytes, bodyAt, end }: Parameters<EditRecord>[1]): RecordContents {
  try {
    return readContents({ bytes, position: bodyAt }, end)
  } catch (error) {
    throw corrupt(sourceOffset, 'its record is malformed', error)
  }
}
