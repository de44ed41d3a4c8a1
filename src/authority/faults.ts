import { defineFaults } from '../core/index.ts'

/** What can be wrong with the authority: where it is stored, its journal, and the copies it is restored from. */
export const authorityFaults = defineFaults({
  AUTHORITY_UNREACHABLE: {
    message: 'the authority ({where}) does not answer: {reason}',
    remedy:
      'Bring {where} back. Until then no move can be started or go on; replication does not need the authority. Where it is lost for good, `isthmus authority restore` starts a new one from the copies in the regions.',
    retriable: true,
    status: 503,
  },
  AUTHORITY_OUTCOME_UNKNOWN: {
    message: 'the authority ({where}) did not say whether it took the write of {keys}: {reason}',
    remedy: 'Read again before anything else is decided; Isthmus does so by itself.',
    retriable: false,
    status: 503,
  },
  AUTHORITY_REFUSED: {
    message: 'the authority ({where}) refuses: {reason}',
    remedy: 'Correct what it names: login and rights of Isthmus, limits on the size of requests, free space.',
    retriable: false,
    status: 503,
  },
  AUTHORITY_FILE_UNUSABLE: {
    message: 'the authority file {where} cannot be used: {reason}',
    remedy:
      'Give authority.path a file on a local disk that Isthmus may write, and replace it only while no controller runs.',
    retriable: false,
    status: 503,
  },
  DOCUMENT_TOO_LARGE: {
    message: 'document {key} has {bytes} bytes, more than {bytesMax}',
    remedy: 'This is a defect of Isthmus: please report it with the document.',
    retriable: false,
    status: 500,
  },
  DOCUMENT_UNREADABLE: {
    message: 'document {key} of the authority ({where}) cannot be read: {reason}',
    remedy: 'Something else wrote it. Remove what writes there, then use `isthmus authority restore`.',
    retriable: false,
    status: 500,
  },
  JOURNAL_BUSY: {
    message: 'the journal did not take an entry of kind {kind}: {reason}',
    remedy: 'Look for another controller that writes without a pause; it is tried again by itself.',
    retriable: true,
    status: 503,
  },
  RESTORE_CONTROLLER_ANSWERS: {
    message: 'the authority is not restored while a controller answers: {controllers}',
    remedy: 'Stop every controller that uses the old authority, then repeat the command.',
    retriable: false,
    status: 409,
  },
  RESTORE_REGION_UNREADABLE: {
    message: 'region {region} gives no copies of the state: {reason}',
    remedy: 'Name a region that answers with --from, or bring {region} back.',
    retriable: true,
    status: 503,
  },
  RESTORE_NOTHING_FOUND: {
    message: 'no copy of the state is in {regions}',
    remedy: 'Make sure that these are the regions of the lost authority; where they are, start with a new one.',
    retriable: false,
    status: 404,
  },
  RESTORE_NOT_NEEDED: {
    message: 'the authority ({where}) already has {key} as new as any copy, or newer',
    remedy: 'Start the controllers with it. To go back on purpose, point authority at an empty store.',
    retriable: false,
    status: 409,
  },
  RESTORE_AMBIGUOUS: {
    message: 'two different documents {key} claim generation {generation}, epoch {epoch}: those in {left} and {right}',
    remedy:
      'Two authorities have written them. Find out which is right, remove the other one with its copies from its region, then repeat the command.',
    retriable: false,
    status: 409,
  },
})
