import { expect, test } from 'vitest'
import { never, stageInMemory } from './stage-in-memory.ts'

test('a renewal that comes in between a look and the take keeps the lease', async () => {
  const stage = stageInMemory()
  const [holder, other] = [stage.open(), stage.open()]
  const held = await holder.acquire('lease', { holder: 'a', ttlMs: 1_000 }, never)
  const lease = held.kind === 'held' ? held.lease : undefined
  const terms = { holder: 'b', ttlMs: 1_000 }
  await other.acquire('lease', terms, never)
  await stage.clock.pass(1_001)
  stage.delayCommits(100)
  const taking = other.acquire('lease', terms, never)
  await stage.clock.pass(50)
  stage.delayCommits(0)
  expect(lease && (await holder.renew(lease, never))).toEqual({ kind: 'held' })
  const taken = await stage.through(taking)
  expect(taken).toEqual({ kind: 'held-by', holder: 'a', token: lease?.token, freeInMs: 1_000 })
})

test('a holder that did not hear of its success finds it when it asks again', async () => {
  const stage = stageInMemory()
  const authority = stage.open()
  await authority.identity(never)
  stage.mishaps.push('unknown-and-done')
  const terms = { holder: 'a', ttlMs: 1_000 }
  await expect(authority.acquire('lease', terms, never)).rejects.toMatchObject({ code: 'AUTHORITY_OUTCOME_UNKNOWN' })
  const held = await authority.acquire('lease', terms, never)
  expect(held.kind).toBe('held')
  expect((await stage.open().acquire('lease', { holder: 'b', ttlMs: 1_000 }, never)).kind).toBe('held-by')
})
