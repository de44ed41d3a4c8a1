import { describe, expect, test } from 'vitest'
import { Journal } from '../../../../src/authority/index.ts'
import { authorityPort, journalPort } from '../../../../src/failover/effects/authority-port.ts'
import { never, stageInMemory } from '../../authority/stage-in-memory.ts'

describe('the authority as the machine asks it', () => {
  test('reads what it wrote, and tells a conflict without the document', async () => {
    const stage = stageInMemory()
    await using authority = stage.open()
    const port = authorityPort(authority)
    expect(await stage.through(port.read('groups/orders', never))).toBeUndefined()
    const written = await stage.through(port.write('groups/orders', { epoch: 1 }, { expected: 'absent' }, never))
    expect(written).toMatchObject({ kind: 'written' })
    expect(await stage.through(port.read('groups/orders', never))).toEqual({
      value: { epoch: 1 },
      revision: written.kind === 'written' ? written.revision : undefined,
    })
    const again = await stage.through(port.write('groups/orders', { epoch: 2 }, { expected: 'absent' }, never))
    expect(again).toEqual({ kind: 'conflict' })
  })

  test('a write without an answer is unknown, a read without one throws what is retriable', async () => {
    const stage = stageInMemory()
    await using authority = stage.open()
    const port = authorityPort(authority)
    await stage.through(port.read('groups/orders', never))
    stage.mishaps.push('unknown-and-lost')
    const outcome = await stage.through(port.write('groups/orders', { epoch: 1 }, { expected: 'absent' }, never))
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('groups/orders') })
    stage.down()
    await expect(stage.through(port.read('groups/orders', never))).rejects.toMatchObject({
      code: 'AUTHORITY_UNREACHABLE',
      retriable: true,
    })
  })

  test('a lease has one holder, and its former one may not write with it', async () => {
    const stage = stageInMemory()
    await using authority = stage.open()
    const port = authorityPort(authority)
    const first = await stage.through(port.acquire('leader', 'one', 3_000, never))
    expect(first).toMatchObject({ name: 'leader', holder: 'one' })
    expect(await stage.through(port.acquire('leader', 'two', 3_000, never))).toBeUndefined()
    if (first === undefined) return
    expect(await stage.through(port.renew(first, never))).toBe(true)
    await stage.through(port.release(first, never))
    expect(await stage.through(port.acquire('leader', 'two', 3_000, never))).toMatchObject({ holder: 'two' })
    expect(await stage.through(port.renew(first, never))).toBe(false)
    const late = port.write('groups/orders', { epoch: 1 }, { expected: 'absent', lease: first }, never)
    expect(await stage.through(late)).toEqual({ kind: 'lease-lost' })
  })

  test('an entry is in the chain when append returns', async () => {
    const stage = stageInMemory()
    await using authority = stage.open()
    const journal = new Journal({ authority, context: stage.context })
    const entry = { actor: 'one', kind: 'transition', group: 'orders', facts: { phase: 'fencing' } } as const
    await stage.through(journalPort(journal).append(entry, never))
    expect(await stage.through(journal.read(never))).toMatchObject([entry])
  })
})
