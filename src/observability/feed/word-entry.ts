import type { JournalEntry } from '../../authority/index.ts'
import type { News, Severity } from './feed-event.ts'

/** Entries by which a process tells what it does beside what comes of it. */
const BAD_OUTCOMES: Readonly<Record<string, Severity>> = { failed: 'error', unknown: 'warning' }

/** Pure: an entry of the journal as news, in words that are the same in every process. */
export function wordEntry(entry: JournalEntry): News {
  const { kind: entryKind, actor, group = null, operation = null, facts, number } = entry
  const region = textOf(facts['region']) ?? null
  const about = { group, region, link: null, operation, facts: { ...facts, actor, journal: number } }
  return { ...about, ...wordFacts(entryKind, entry) }
}

/** Tells an entry from all others, also from one of the same number before a restoration. A commit is told once a move. */
export function uidOf(entry: JournalEntry): string {
  const { generation, number, hash, operation } = entry
  return isCommitted(entry) ? `committed-${operation}` : `journal-${generation}-${number}-${hash.slice(0, 8)}`
}

/**
 * An entry is written before what it tells of, which may then be refused; that the region is promoted is the first that
 * follows from a commit, and from nothing else.
 */
function isCommitted({ kind, operation, facts }: JournalEntry): boolean {
  return kind === 'effect-started' && facts['effect'] === 'promote' && operation !== undefined
}

function wordFacts(kind: string, entry: JournalEntry) {
  const { actor, group, operation, facts } = entry
  if (isCommitted(entry)) {
    const active = textOf(facts['to']) ?? 'another region'
    return news('move:committed', 'warning', `${active} is active in group ${group} (operation ${operation})`)
  }
  const reason = textOf(facts['reason']) ?? JSON.stringify(facts)
  const of = group === undefined ? '' : ` of group ${group}`
  switch (kind) {
    case 'request':
      return news('request', 'info', `${actor} has asked to ${reason}${group === undefined ? '' : ` (group ${group})`}`)
    case 'transition':
      return wordTransition({ group, operation, facts, reason })
    case 'effect-started':
      return news('effect:started', 'info', `${effectOf(facts)}${of} is begun by ${actor}`)
    case 'effect-ended': {
      const outcome = textOf(facts['outcome']) ?? 'ended'
      return news('effect:ended', BAD_OUTCOMES[outcome] ?? 'info', `${effectOf(facts)}${of} is ${outcome}: ${reason}`)
    }
    case 'authority-restored':
      return news('authority:restored', 'warning', `${actor} has restored the authority: ${reason}`)
    default:
      return news(`journal:${kind}`, 'info', `${actor}, ${kind}${of}: ${reason}`)
  }
}

function wordTransition({
  group,
  operation,
  facts,
  reason,
}: Pick<JournalEntry, 'group' | 'operation' | 'facts'> & { readonly reason: string }) {
  const phase = textOf(facts['phase'])
  if (phase === undefined) return news('group:changed', 'info', `group ${group}: ${reason}`)
  const severity = phase === 'needs-operator' ? 'error' : 'info'
  return news('move:phase', severity, `operation ${operation ?? ''} of group ${group} is at ${phase}: ${reason}`)
}

function news(kind: string, severity: Severity, sentence: string) {
  return { kind, severity, sentence }
}

function effectOf(facts: JournalEntry['facts']): string {
  return textOf(facts['effect']) ?? 'an effect'
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
