import { describe, expect, test } from 'vitest'
import type { AuthorityStage } from './stage.ts'
import { type AuthorityClient, never, openClient } from './stage.ts'

/** Documents and compare-and-set: what every backend has to keep. */
export function describeDocuments(name: string, stageOf: () => AuthorityStage): void {
  const open = (): AuthorityClient => openClient(stageOf().options)

  describe(`${name}: documents`, () => {
    test('a document is created once, and read by everybody as it was written', async () => {
      const [one, other] = [open().authority, open().authority]
      const value = { text: 'Ω ≠ "µ"\n\u0000', number: -1.5, list: [null, true], nested: { empty: {} } }
      const written = await one.write('once/a', value, { expected: 'absent' }, never)
      const again = await other.write('once/a', { other: 1 }, { expected: 'absent' }, never)
      const read = await other.read('once/a', never)
      expect(written.kind).toBe('written')
      expect(again).toEqual({ kind: 'conflict', current: read })
      expect(read?.value).toEqual(value)
      expect(read?.revision).toBe(written.kind === 'written' ? written.revision : -1)
    })

    test('of many writers that expect the same revision, one succeeds', async () => {
      const clients = [open(), open(), open()]
      const first = await clients[0]?.authority.write('race/a', { by: 'first' }, { expected: 'absent' }, never)
      const expected = first?.kind === 'written' ? first.revision : -1
      const tries = Array.from({ length: 12 }, (_, at) => ({ at, client: clients[at % 3] as AuthorityClient }))
      const outcomes = await Promise.all(
        tries.map(({ at, client }) => client.authority.write('race/a', { by: at }, { expected }, never)),
      )
      const winners = tries.filter(({ at }) => outcomes[at]?.kind === 'written').map(({ at }) => at)
      const read = await open().authority.read('race/a', never)
      expect(winners).toHaveLength(1)
      expect(read?.value).toEqual({ by: winners[0] })
      const losers = outcomes.filter(({ kind }) => kind !== 'written')
      expect(losers).toEqual(losers.map(() => ({ kind: 'conflict', current: read })))
    })

    test('counting up from several clients loses nothing', async () => {
      const counted = await Promise.all([open(), open()].map((client) => countUp(client, 'count/a', 25)))
      const read = await open().authority.read('count/a', never)
      expect(counted).toEqual([25, 25])
      expect(read?.value).toEqual({ count: 50 })
    })

    test('a revision never comes back, not even after a removal', async () => {
      const { authority } = open()
      const revisions: number[] = []
      for (let round = 0; round < 3; round++) {
        const written = await authority.write('gone/a', { round }, { expected: 'absent' }, never)
        const expected = written.kind === 'written' ? written.revision : -1
        const removed = await authority.remove('gone/a', { expected }, never)
        revisions.push(expected)
        expect(removed.kind).toBe('written')
        expect(await authority.read('gone/a', never)).toBeUndefined()
      }
      expect(revisions).toEqual([...new Set(revisions)].sort((left, right) => left - right))
    })

    test('a removal names the revision, and a stale one changes nothing', async () => {
      const { authority } = open()
      const first = await authority.write('stale/a', { at: 1 }, { expected: 'absent' }, never)
      const expected = first.kind === 'written' ? first.revision : -1
      await authority.write('stale/a', { at: 2 }, { expected }, never)
      const removed = await authority.remove('stale/a', { expected }, never)
      expect(removed.kind).toBe('conflict')
      expect((await authority.read('stale/a', never))?.value).toEqual({ at: 2 })
    })

    test('a list has what its prefix says, in order, page by page, both ways', async () => {
      const { authority } = open()
      for (const key of ['list/c', 'list/a', 'list/b/x', 'list/b', 'lisu', 'list', 'listing/a']) {
        await authority.write(key, { key }, { expected: 'absent' }, never)
      }
      const keysOf = async (page: object) => (await authority.list('list/', never, page)).map(({ key }) => key)
      expect(await keysOf({})).toEqual(['list/a', 'list/b', 'list/b/x', 'list/c'])
      expect(await keysOf({ limit: 2 })).toEqual(['list/a', 'list/b'])
      expect(await keysOf({ limit: 2, after: 'list/b' })).toEqual(['list/b/x', 'list/c'])
      expect(await keysOf({ limit: 1, order: 'descending' })).toEqual(['list/c'])
      expect(await keysOf({ order: 'descending', after: 'list/b/x' })).toEqual(['list/b', 'list/a'])
    })

    test('what is too large is refused before it is sent', async () => {
      const { authority } = open()
      const write = authority.write('large/a', { text: 'x'.repeat(600_000) }, { expected: 'absent' }, never)
      await expect(write).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LARGE' })
      expect(await authority.read('large/a', never)).toBeUndefined()
    })

    test('a call whose signal is aborted does nothing', async () => {
      const { authority } = open()
      const reason = new Error('no longer wanted')
      await expect(authority.write('late/a', {}, { expected: 'absent' }, AbortSignal.abort(reason))).rejects.toThrow()
      expect(await authority.read('late/a', never)).toBeUndefined()
    })

    test('an authority has one identity, whoever asks first', async () => {
      const identities = await Promise.all([open(), open(), open()].map(({ authority }) => authority.identity(never)))
      expect(identities).toEqual(identities.map(() => ({ id: identities[0]?.id, generation: 1 })))
    })
  })
}

/** Adds one, again and again; gives how often it succeeded. */
export async function countUp({ authority }: AuthorityClient, key: string, times: number): Promise<number> {
  let done = 0
  for (let tried = 0; done < times && tried < times * 100; tried++) {
    const read = await authority.read(key, never)
    const { count } = (read?.value ?? { count: 0 }) as { count: number }
    const outcome = await authority.write(key, { count: count + 1 }, { expected: read?.revision ?? 'absent' }, never)
    if (outcome.kind === 'written') done++
  }
  return done
}
