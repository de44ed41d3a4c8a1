import type { AuthorityIdentity, StoredDocument } from '../authority.ts'
import type { JournalHead } from '../journal/entry.ts'
import { compareStamps, type StateCopy, stampOf } from './copy.ts'

export interface CopyInputs {
  readonly identity: AuthorityIdentity
  readonly documents: readonly StoredDocument[]
  readonly journal: JournalHead | undefined
  /** What the region has. */
  readonly copies: ReadonlyMap<string, StateCopy>
}

export interface CopyPlan {
  readonly puts: readonly StateCopy[]
  readonly refused: readonly CopyRefusal[]
}

export interface CopyRefusal {
  readonly key: string
  readonly why: 'newer' | 'foreign'
  /** What the region has. */
  readonly copy: StateCopy
}

/**
 * What a region still needs. Nothing newer than the authority is written over, nor what another authority has written
 * in the same generation: that would destroy what a lost authority is restored from. Copies of documents that the
 * authority does not have stay for the same reason.
 */
export function planCopies({ identity, documents, journal, copies }: CopyInputs): CopyPlan {
  const puts: StateCopy[] = []
  const refused: CopyRefusal[] = []
  for (const { key, value, revision } of documents) {
    const stamp = stampOf(value, revision, identity.generation)
    const copy = copies.get(key)
    if (copy !== undefined && copy.authority !== identity.id && copy.generation >= stamp.generation) {
      refused.push({ key, why: copy.generation > stamp.generation ? 'newer' : 'foreign', copy })
    } else if (copy !== undefined && compareStamps(copy, stamp) > 0) {
      refused.push({ key, why: 'newer', copy })
    } else if (copy === undefined || compareStamps(copy, stamp) < 0) {
      puts.push({ format: 1, key, ...stamp, authority: identity.id, journal: journal ?? null, value })
    }
  }
  return { puts, refused }
}
