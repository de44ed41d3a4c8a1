import type { Authority, Journal } from '../../authority/index.ts'
import { describeError, isFault } from '../../core/index.ts'
import type { Json } from '../outcome.ts'
import type { AuthorityPort, JournalPort } from '../ports.ts'

/** The authority as the machine asks it. A write that was not answered is an answer here: the document is read again. */
export function authorityPort(authority: Authority): AuthorityPort {
  return {
    async read(key, signal) {
      const stored = await authority.read(key, signal)
      return stored && { value: stored.value as Json, revision: stored.revision }
    },
    async write(key, value, options, signal) {
      try {
        const outcome = await authority.write(key, objectOf(key, value), options, signal)
        return outcome.kind === 'conflict' ? { kind: 'conflict' } : outcome
      } catch (error) {
        if (!isFault(error, 'AUTHORITY_OUTCOME_UNKNOWN')) throw error
        return { kind: 'unknown', reason: describeError(error) }
      }
    },
    async acquire(name, holder, ttlMs, signal) {
      const acquisition = await authority.acquire(name, { holder, ttlMs }, signal)
      return acquisition.kind === 'held' ? { ...acquisition.lease, isFresh: acquisition.isFresh } : undefined
    },
    async renew(lease, signal) {
      return (await authority.renew(lease, signal)).kind === 'held'
    },
    release: (lease, signal) => authority.release(lease, signal),
  }
}

/** Entries need no lease: what was done is written down also by whoever has just lost it. */
export function journalPort(journal: Journal): JournalPort {
  return {
    async append(entry, signal) {
      await journal.append(entry, signal)
    },
  }
}

function objectOf(key: string, value: Json): object {
  if (typeof value === 'object' && value !== null) return value
  throw new TypeError(`${key} is to hold ${JSON.stringify(value)}, and a document is an object or a list`)
}
