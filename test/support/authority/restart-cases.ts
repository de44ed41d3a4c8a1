import { describe, expect, test } from 'vitest'
import { Journal, settleWrite } from '../../../src/authority/index.ts'
import { isFault } from '../../../src/core/index.ts'
import { type AuthorityClient, type AuthorityStage, mustAcquire, never, openClient, takeOver } from './stage.ts'
import { Watched } from './watch-cases.ts'

/** A server that is killed and started again: what every backend that has one must keep. */
export function describeRestarts(name: string, stageOf: () => AuthorityStage): void {
  const open = (): AuthorityClient => openClient(stageOf().options)
  const restart = async () => stageOf().restart?.()

  describe(`${name}: killed and started again`, () => {
    test('documents, leases and tokens are as they were, and go on growing', async () => {
      const client = open()
      const lease = await mustAcquire(client, 'keep', 'holder')
      const first = await client.authority.write('keep/a', { at: 1 }, { expected: 'absent', lease }, never)
      await restart()
      const expected = first.kind === 'written' ? first.revision : -1
      expect(await client.authority.read('keep/a', never)).toMatchObject({ revision: expected, value: { at: 1 } })
      const second = await client.authority.write('keep/a', { at: 2 }, { expected, lease }, never)
      expect(second.kind === 'written' && second.revision > expected).toBe(true)
      const next = await takeOver(open(), 'keep', 'next')
      expect(next.token).toBeGreaterThan(lease.token)
      const late = await client.authority.write('keep/a', { at: 3 }, { expected, lease }, never)
      expect(late).toEqual({ kind: 'lease-lost' })
    })

    test('every write that was answered is there, and the others were written once or not at all', async () => {
      const [one, other] = [open(), open()]
      const stop = new AbortController()
      const counting = [one, other].map((client, at) => countThrough(client, `w${at}`, stop.signal))
      for (let kill = 0; kill < 3; kill++) {
        await waitForCount(open(), 20 * (kill + 1))
        await restart()
      }
      await waitForCount(open(), 100)
      stop.abort()
      const counts = await Promise.all(counting)
      const read = await open().authority.read('through/a', never)
      const { count, last } = (read?.value ?? { count: -1, last: {} }) as CountDocument
      expect(last).toEqual({ w0: counts[0], w1: counts[1] })
      expect(Object.values(last).reduce((sum, one) => sum + one, 0)).toBe(count)
    })

    test('a watch goes on afterwards with what happened since', async () => {
      const [writer, reader] = [open(), open()]
      await using watch = new Watched(reader.authority.watch('since/', AbortSignal.timeout(60_000)))
      await watch.until(() => true)
      await restart()
      const value = { at: 7 }
      const write = { key: 'since/a', value, terms: { expected: 'absent' as const } }
      await settleWrite(writer.authority, write, { ...writer.context, signal: never })
      await watch.until((state) => state['since/a'] === 7)
    })

    test('the journal that two controllers write meanwhile has no hole and no entry twice', async () => {
      const clients = [open(), open()]
      const journals = clients.map(({ authority, context }) => new Journal({ authority, context }))
      const before = (await journals[0]?.head(never))?.number ?? 0
      const appending = journals.map(async (journal, at) => {
        const told: string[] = []
        for (let entry = 0; entry < 30; entry++) {
          const facts = { id: `${at}-${entry}` }
          await untilAnswered(() => journal.append({ actor: `j${at}`, kind: 'tested', facts }, never))
          told.push(facts.id)
        }
        return told
      })
      await restart()
      const told = (await Promise.all(appending)).flat()
      const entries = (await journals[0]?.read(never, { after: before, limit: 500 })) ?? []
      expect(entries).toHaveLength(told.length)
      expect(new Set(entries.map(({ facts }) => facts['id']))).toEqual(new Set(told))
      expect(await journals[1]?.verify(never)).toMatchObject({ kind: 'intact', entries: before + told.length })
    })
  })
}

interface CountDocument {
  readonly count: number
  /** How often each writer added one. */
  readonly last: Readonly<Record<string, number>>
}

/** Counts up until the signal aborts, settling what got no answer; gives how often it succeeded. */
async function countThrough(
  { authority, context }: AuthorityClient,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  let own = 0
  while (!signal.aborted) {
    const read = await untilAnswered(() => authority.read('through/a', never))
    const { count, last } = (read?.value ?? { count: 0, last: {} }) as CountDocument
    const value = { count: count + 1, last: { ...last, [name]: own + 1 } }
    const terms = { expected: read?.revision ?? ('absent' as const) }
    const write = { key: 'through/a', value, terms, deadlineMs: 60_000 }
    const outcome = await untilAnswered(() => settleWrite(authority, write, { ...context, signal: never }))
    if (outcome.kind === 'written') own++
    else if (outcome.kind === 'conflict') {
      // Ours may have been there, unheard, until the other writer went on from it: the document tells.
      const current = (outcome.current?.value ?? { last: {} }) as CountDocument
      if (current.last[name] === own + 1) own++
    }
  }
  return own
}

async function waitForCount({ authority }: AuthorityClient, least: number): Promise<void> {
  for await (const documents of authority.watch('through/', AbortSignal.timeout(60_000))) {
    const { count = 0 } = (documents[0]?.value ?? {}) as Partial<CountDocument>
    if (count >= least) return
  }
  throw new Error(`${least} was not reached`)
}

/** While nobody answers, nothing was done. */
async function untilAnswered<Result>(call: () => Promise<Result>): Promise<Result> {
  for (const until = Date.now() + 60_000; ; ) {
    try {
      return await call()
    } catch (error) {
      if (!isFault(error, 'AUTHORITY_UNREACHABLE') || Date.now() > until) throw error
    }
  }
}
