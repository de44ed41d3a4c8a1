import { expect, test } from 'vitest'
import { type AuthorityEvents, Journal, MemoryStore, openAuthority } from '../../../src/authority/index.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { JournalFollower } from '../../../src/observability/feed/journal-follower.ts'

const never = new AbortController().signal

test('every entry is told once and in order, also those that were written while the authority was silent', async () => {
  let isSilent = false
  const context = { clock: systemClock, random: systemRandom }
  const open = (store: MemoryStore) =>
    openAuthority({ kind: 'memory', store }, { ...context, events: createEvents<AuthorityEvents>() })
  const shared = new MemoryStore(context)
  const journal = new Journal({ authority: open(shared), context })
  const gone = new Journal({
    authority: open(new MemoryStore({ ...context, mishap: () => 'unreachable' as const })),
    context,
  })
  const append = (kind: string) => journal.append({ actor: 'me', kind, facts: {} }, never)
  const told: string[] = []
  await append('before')
  const follower = new JournalFollower({
    ...context,
    journal: {
      head: (signal) => (isSilent ? gone : journal).head(signal),
      read: (signal, page) => (isSilent ? gone : journal).read(signal, page),
    },
    onEntry: ({ kind }) => told.push(kind),
    everyMs: 10,
  })
  follower.start()
  await expect.poll(async () => (told.length === 0 ? await append('first') : told[0]), { timeout: 5_000 }).toBe('first')
  isSilent = true
  const known = told.length
  for (let at = 0; at < 450; at++) await append(`silent-${at}`)
  isSilent = false
  await expect.poll(() => told.at(-1), { timeout: 15_000 }).toBe('silent-449')
  expect(told.slice(known).filter((kind) => kind !== 'first')).toEqual(
    Array.from({ length: 450 }, (_, at) => `silent-${at}`),
  )
  await follower.stop()
})
