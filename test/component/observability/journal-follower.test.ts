import { expect, test } from 'vitest'
import { type AuthorityEvents, Journal, MemoryStore, openAuthority } from '../../../src/authority/index.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { JournalFollower } from '../../../src/observability/feed/journal-follower.ts'

const never = new AbortController().signal
const context = { clock: systemClock, random: systemRandom }
const open = (store: MemoryStore) =>
  openAuthority({ kind: 'memory', store }, { ...context, events: createEvents<AuthorityEvents>() })
const entry = (kind: string) => ({ actor: 'me', kind, facts: {} })

test('every entry is told once and in order, also those that were written while the authority was silent', async () => {
  let isSilent = false
  const errors: unknown[] = []
  const shared = new MemoryStore(context)
  const journal = new Journal({ authority: open(shared), context })
  const gone = new Journal({
    authority: open(new MemoryStore({ ...context, mishap: () => 'unreachable' as const })),
    context,
  })
  const append = (kind: string) => journal.append(entry(kind), never)
  const told: string[] = []
  await append('before')
  const follower = new JournalFollower({
    clock: systemClock,
    journal: {
      head: (signal) => (isSilent ? gone : journal).head(signal),
      read: (signal, page) => (isSilent ? gone : journal).read(signal, page),
    },
    onEntry: ({ kind }) => told.push(kind),
    onError: (error) => errors.push(error),
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
  expect(errors).toEqual([])
  await follower.stop()
})

test('an entry that cannot be told is an error, and no end of the others', async () => {
  const journal = new Journal({ authority: open(new MemoryStore(context)), context })
  await journal.append(entry('before'), never)
  const told: string[] = []
  const errors: unknown[] = []
  const follower = new JournalFollower({
    clock: systemClock,
    journal,
    onEntry({ kind }) {
      if (kind === 'odd') throw new Error('no words for it')
      told.push(kind)
    },
    onError: (error) => errors.push(error),
    everyMs: 10,
  })
  follower.start()
  await expect
    .poll(async () => (told.length === 0 ? await journal.append(entry('first'), never) : told[0]), { timeout: 5_000 })
    .toBe('first')
  await journal.append(entry('odd'), never)
  await journal.append(entry('last'), never)
  await expect.poll(() => told.at(-1), { timeout: 15_000 }).toBe('last')
  expect(errors).toEqual([new Error('no words for it')])
  await follower.stop()
})
