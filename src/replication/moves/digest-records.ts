import type { Hash } from 'node:crypto'

/** Takes key and value of a record into a digest, with their lengths in front, so that no two lists of records come to the same. */
export function digestRecord(
  digest: Hash,
  { key, value }: { readonly key: Buffer | null; readonly value: Buffer | null },
): void {
  for (const part of [key, value]) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(part?.length ?? -1)
    digest.update(length)
    if (part !== null) digest.update(part)
  }
}
