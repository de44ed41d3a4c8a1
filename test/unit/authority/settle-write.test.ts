import { expect, test } from 'vitest'
import { type Mishap, settleWrite } from '../../../src/authority/index.ts'
import { never, stageInMemory } from './stage-in-memory.ts'

const write = { key: 'groups/a', value: { by: 'us' }, terms: { expected: 'absent' as const } }

test.each<Mishap>(['unknown-and-done', 'unknown-and-lost', 'unknown-and-late'])(
  'a write whose answer is missing (%s) is done once, and known to be',
  async (mishap) => {
    const stage = stageInMemory()
    const authority = stage.open()
    stage.mishaps.push(mishap)
    const outcome = await stage.through(settleWrite(authority, write, { ...stage.context, signal: never }))
    const read = await authority.read('groups/a', never)
    await stage.clock.pass(5_000)
    expect(outcome).toEqual({ kind: 'written', revision: read?.revision })
    expect(await authority.read('groups/a', never)).toEqual(read)
  },
)

test('what somebody else wrote meanwhile is a conflict', async () => {
  const stage = stageInMemory()
  const authority = stage.open()
  stage.mishaps.push('unknown-and-lost')
  const settling = settleWrite(authority, write, { ...stage.context, signal: never })
  await stage.clock.pass(1)
  await stage.open().write('groups/a', { by: 'them' }, { expected: 'absent' }, never)
  expect(await stage.through(settling)).toMatchObject({ kind: 'conflict', current: { value: { by: 'them' } } })
})

test('an outcome that stays unknown is a fault of its own, even where the store then falls silent', async () => {
  const stage = stageInMemory()
  stage.mishaps.push('unknown-and-done')
  const settling = settleWrite(stage.open(), write, { ...stage.context, signal: never })
  await stage.clock.pass(1)
  stage.down()
  await expect(stage.through(settling)).rejects.toMatchObject({ code: 'AUTHORITY_OUTCOME_UNKNOWN' })
})

test('a store that never answered has done nothing, and says so at once', async () => {
  const stage = stageInMemory()
  const authority = stage.open()
  stage.down()
  const settling = settleWrite(authority, write, { ...stage.context, signal: never })
  await expect(settling).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  await expect(authority.read('groups/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  expect([authority.answers, stage.told]).toEqual([false, ['authority:unreachable']])
  stage.up()
  expect(await authority.read('groups/a', never)).toBeUndefined()
  expect([authority.answers, stage.told]).toEqual([true, ['authority:unreachable', 'authority:answers']])
})
