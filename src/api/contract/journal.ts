import { Type } from 'typebox'
import { count, nullableInteger, nullableText, object, orNull, text } from './schema-kit.ts'

const JournalEntryBody = object(
  {
    number: count('From 1 on, without gaps.'),
    generation: count('Generation of the authority.'),
    at: text('When, ISO 8601, by the clock of whoever wrote it.'),
    actor: text('Who.'),
    kind: text('What it is, such as `request` or `transition`.'),
    group: nullableText('Failover group; null where it is about none.'),
    operation: nullableText('Id of the operation; null where it is about none.'),
    facts: Type.Record(Type.String(), Type.Unknown(), { description: 'What happened.' }),
    nonce: text('Tells it from an entry with the same words.'),
    previousHash: text('Hash of the entry before.'),
    hash: text('SHA-256 over everything else in the entry, as canonical JSON.'),
  },
  'An entry of the journal.',
)
export type JournalEntryBody = Type.Static<typeof JournalEntryBody>

export const JournalBody = object(
  {
    entries: Type.Array(JournalEntryBody),
    next: nullableInteger('Give it as `after` for the next page; null on the last.'),
  },
  'A page of the journal. With a filter a page may be empty and have a next one.',
)
export type JournalBody = Type.Static<typeof JournalBody>

export const JournalQuery = object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'Entries a page.' })),
    after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before.' })),
    order: Type.Optional(Type.Enum(['ascending', 'descending'], { default: 'ascending' })),
    group: Type.Optional(Type.String({ maxLength: 63, description: 'Only this failover group.' })),
    operation: Type.Optional(Type.String({ maxLength: 100, description: 'Only this operation.' })),
  },
  'Which entries.',
)
export type JournalQuery = Type.Static<typeof JournalQuery>

export const VerificationAnchor = object(
  {
    number: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of an entry that was seen before.' })),
    hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Its hash.' })),
  },
  'An entry that the journal is known to have had. Without one, entries that were cut off at the end are not missed.',
)

export const JournalVerdictBody = object(
  {
    verdict: Type.Enum(['intact', 'broken']),
    entries: nullableInteger('How many there are; null where it is broken.'),
    first: nullableInteger('Number of the first, above 1 where the authority was restored; null where there is none.'),
    head: orNull(
      object({ number: count('Its number.'), hash: text('Its hash.') }, 'The last entry: the anchor of a later check.'),
      'Null where there is none, or the journal is broken.',
    ),
    brokenAt: nullableInteger('Number of the entry that is wrong; null where none is.'),
    reason: nullableText('What is wrong with it; null where nothing is.'),
  },
  'Whether the chain of the journal holds.',
)
export type JournalVerdictBody = Type.Static<typeof JournalVerdictBody>
