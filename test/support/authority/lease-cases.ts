import { describe, expect, test } from 'vitest'
import { ShiftedClock } from './shifted-clock.ts'
import { type AuthorityClient, type AuthorityStage, mustAcquire, never, openClient, takeOver } from './stage.ts'

const YEAR_MS = 31_557_600_000

/** Leases and fencing tokens: what every backend has to keep. */
export function describeLeases(name: string, stageOf: () => AuthorityStage): void {
  const open = (clock?: ShiftedClock): AuthorityClient => openClient(stageOf().options, clock)

  describe(`${name}: leases`, () => {
    test('a lease has one holder, and everybody else hears who', async () => {
      const clients = [open(), open(), open(), open()]
      const outcomes = await Promise.all(
        clients.map(({ authority }, at) => authority.acquire('one', { holder: `c${at}`, ttlMs: 10_000 }, never)),
      )
      const held = outcomes.flatMap((outcome) => (outcome.kind === 'held' ? [outcome.lease] : []))
      const refused = outcomes.flatMap((outcome) => (outcome.kind === 'held-by' ? [outcome] : []))
      expect(held).toHaveLength(1)
      expect(refused.map(({ holder, token }) => ({ holder, token }))).toEqual(
        refused.map(() => ({ holder: held[0]?.holder, token: held[0]?.token })),
      )
    })

    test('it is free only after no renewal was seen for its whole time', async () => {
      const [holder, other] = [open(), open()]
      const lease = await mustAcquire(holder, 'time', 'holder', 10_000)
      const look = () => other.authority.acquire('time', { holder: 'other', ttlMs: 1 }, never)
      expect(await look()).toMatchObject({ kind: 'held-by', freeInMs: 10_000 })
      other.clock.advance(9_000)
      expect(await look()).toMatchObject({ kind: 'held-by', holder: 'holder', token: lease.token })
      await holder.authority.renew(lease, never)
      other.clock.advance(9_000)
      expect(await look()).toMatchObject({ kind: 'held-by', freeInMs: 10_000 })
      other.clock.advance(10_001)
      expect((await look()).kind).toBe('held')
    })

    test('two that wait for the same lease do not both get it', async () => {
      await mustAcquire(open(), 'wait', 'gone')
      const waiting = [open(), open(), open()]
      const takes = waiting.map((client, at) => takeOver(client, 'wait', `w${at}`).catch(() => undefined))
      const taken = (await Promise.all(takes)).filter((lease) => lease !== undefined)
      expect(taken).toHaveLength(1)
    })

    test('tokens grow with each holder, over releases too', async () => {
      const tokens: number[] = []
      for (const holder of ['a', 'b', 'c']) {
        const client = open()
        const lease = await takeOver(client, 'grow', holder)
        tokens.push(lease.token)
        if (holder !== 'b') await client.authority.release(lease, never)
      }
      expect(tokens).toEqual([...new Set(tokens)].sort((left, right) => left - right))
      expect(tokens.every((token) => Number.isSafeInteger(token))).toBe(true)
    })

    test('a released lease is free at once, and of no use to who gave it back', async () => {
      const [holder, other] = [open(), open()]
      const lease = await mustAcquire(holder, 'back', 'holder')
      await holder.authority.release(lease, never)
      expect(await holder.authority.write('back/a', {}, { expected: 'absent', lease }, never)).toEqual({
        kind: 'lease-lost',
      })
      expect(await holder.authority.renew(lease, never)).toEqual({ kind: 'lease-lost' })
      expect((await mustAcquire(other, 'back', 'other')).token).toBeGreaterThan(lease.token)
    })

    test('the authority refuses every write of a holder that was superseded', async () => {
      const [frozen, next] = [open(), open()]
      const old = await mustAcquire(frozen, 'fence', 'frozen')
      const first = await frozen.authority.write('fence/a', { by: 'frozen' }, { expected: 'absent', lease: old }, never)
      const expected = first.kind === 'written' ? first.revision : -1
      const lease = await takeOver(next, 'fence', 'next')
      const late = await frozen.authority.write('fence/a', { by: 'late' }, { expected, lease: old }, never)
      const removed = await frozen.authority.remove('fence/a', { expected, lease: old }, never)
      const made = await frozen.authority.write('fence/b', {}, { expected: 'absent', lease: old }, never)
      expect([late, removed, made]).toEqual([late, removed, made].map(() => ({ kind: 'lease-lost' })))
      expect(await frozen.authority.renew(old, never)).toEqual({ kind: 'lease-lost' })
      expect((await next.authority.read('fence/a', never))?.value).toEqual({ by: 'frozen' })
      expect((await next.authority.write('fence/a', { by: 'next' }, { expected, lease }, never)).kind).toBe('written')
    })

    test('letting go of a lost lease takes nothing from its new holder', async () => {
      const [frozen, next] = [open(), open()]
      const old = await mustAcquire(frozen, 'let', 'frozen')
      const lease = await takeOver(next, 'let', 'next')
      await frozen.authority.release(old, never)
      expect(await next.authority.renew(lease, never)).toEqual({ kind: 'held' })
    })

    test('a renewal changes no token, and writes with it go on', async () => {
      const client = open()
      const lease = await mustAcquire(client, 'beat', 'holder')
      for (let beat = 0; beat < 5; beat++) await client.authority.renew(lease, never)
      expect((await client.authority.write('beat/a', {}, { expected: 'absent', lease }, never)).kind).toBe('written')
      expect(await mustAcquire(client, 'beat', 'holder')).toEqual(lease)
    })

    test('a lease with a conflict says conflict, and without its holder lease-lost', async () => {
      const [holder, next] = [open(), open()]
      const lease = await mustAcquire(holder, 'both', 'holder')
      await holder.authority.write('both/a', {}, { expected: 'absent', lease }, never)
      const conflict = await holder.authority.write('both/a', {}, { expected: 'absent', lease }, never)
      await takeOver(next, 'both', 'next')
      const lost = await holder.authority.write('both/a', {}, { expected: 'absent', lease }, never)
      expect([conflict.kind, lost.kind]).toEqual(['conflict', 'lease-lost'])
    })

    test('what a clock shows, and since when it runs, decides nothing', async () => {
      const past = open(new ShiftedClock({ wallShiftMs: -30 * YEAR_MS, monotonicShiftMs: 0 }))
      const future = open(new ShiftedClock({ wallShiftMs: 30 * YEAR_MS, monotonicShiftMs: 1e12 }))
      const lease = await mustAcquire(past, 'clock', 'past')
      const looked = await future.authority.acquire('clock', { holder: 'future', ttlMs: 10_000 }, never)
      await past.authority.renew(lease, never)
      const again = await future.authority.acquire('clock', { holder: 'future', ttlMs: 10_000 }, never)
      expect([looked.kind, again.kind]).toEqual(['held-by', 'held-by'])
      expect((await takeOver(future, 'clock', 'future')).token).toBeGreaterThan(lease.token)
    })
  })
}
