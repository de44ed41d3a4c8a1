import { expect, test } from 'vitest'
import { Journal, type RestoreOptions, restoreAuthority, StateCopies } from '../../../../src/authority/index.ts'
import { RegionsInMemory } from '../../../support/authority/regions-in-memory.ts'
import { never, stageInMemory } from '../stage-in-memory.ts'

/** An authority that lived, with its copies in three regions; `us` missed the last change. */
async function livedBefore() {
  const stage = stageInMemory()
  const regions = new RegionsInMemory('eu', 'us', 'ap')
  const authority = stage.open()
  const journal = new Journal({ authority, context: stage.context })
  await journal.append({ actor: 'a', kind: 'tested', facts: {} }, never)
  await authority.write('groups/a', { generation: 1, epoch: 1, active: 'eu' }, { expected: 'absent' }, never)
  await authority.write('groups/b', { generation: 1, epoch: 6 }, { expected: 'absent' }, never)
  const copies = new StateCopies({ authority, journal, regions, events: stage.events, context: stage.context })
  copies.start()
  await stage.clock.pass(10)
  regions.down.add('us')
  const expected = (await authority.read('groups/a', never))?.revision ?? -1
  await authority.write('groups/a', { generation: 1, epoch: 2, active: 'us' }, { expected }, never)
  await stage.clock.pass(10)
  await copies.stop()
  regions.down.delete('us')
  return { stage, regions, authority, journal }
}

function optionsFor(
  stage: ReturnType<typeof stageInMemory>,
  regions: RegionsInMemory,
  more: Partial<RestoreOptions> = {},
): RestoreOptions {
  const { store, context } = stage
  const answeringControllers = async () => []
  const who = { actor: 'operator', reason: 'eu is gone' }
  return { store, regions, from: 'us', ...who, answeringControllers, mode: 'apply', context, ...more }
}

test('the newest copy of each document over all regions, with the next generation', async () => {
  const { regions, journal } = await livedBefore()
  const head = await journal.head(never)
  const fresh = stageInMemory()
  const restored = await restoreAuthority(optionsFor(fresh, regions), never)
  expect(restored.generation).toBe(2)
  expect(restored.documents).toEqual(
    expect.arrayContaining([
      { key: 'groups/a', region: expect.stringMatching(/^(eu|ap)$/), generation: 1, epoch: 2 },
      { key: 'groups/b', region: 'eu', generation: 1, epoch: 6 },
    ]),
  )
  const authority = fresh.open()
  expect((await authority.read('groups/a', never))?.value).toEqual({ generation: 2, epoch: 2, active: 'us' })
  expect((await authority.read('groups/b', never))?.value).toEqual({ generation: 2, epoch: 6 })
  expect((await authority.identity(never)).generation).toBe(2)
  const journalNow = new Journal({ authority, context: fresh.context })
  const [entry] = await journalNow.read(never)
  expect(entry).toMatchObject({
    number: (head?.number ?? 0) + 1,
    previousHash: head?.hash,
    kind: 'authority-restored',
    actor: 'operator',
    facts: { from: 'us', reason: 'eu is gone' },
  })
  await journalNow.append({ actor: 'a', kind: 'tested', facts: {} }, never)
  expect(await journalNow.verify(never)).toMatchObject({ kind: 'intact', entries: 2, first: (head?.number ?? 0) + 1 })
})

test('a plan changes nothing', async () => {
  const { regions } = await livedBefore()
  const fresh = stageInMemory()
  const planned = await restoreAuthority(optionsFor(fresh, regions, { mode: 'plan' }), never)
  expect(planned).toMatchObject({ generation: 2, unread: [] })
  for (const prefix of ['groups/', 'journal/', 'authority']) {
    expect(await fresh.open().list(prefix, never)).toEqual([])
  }
})

test('regions that are down are named; the one that was asked for has to answer', async () => {
  const { regions } = await livedBefore()
  regions.down.add('eu')
  const fresh = stageInMemory()
  const gone = restoreAuthority(optionsFor(fresh, regions, { from: 'eu' }), never)
  await expect(gone).rejects.toMatchObject({ code: 'RESTORE_REGION_UNREADABLE' })
  const unknown = restoreAuthority(optionsFor(fresh, regions, { from: 'mars' }), never)
  await expect(unknown).rejects.toMatchObject({ code: 'RESTORE_REGION_UNREADABLE' })
  const restored = await restoreAuthority(optionsFor(fresh, regions), never)
  expect(restored.unread).toEqual([{ region: 'eu', reason: 'eu is down' }])
})

test('while a controller answers nothing is restored', async () => {
  const { regions } = await livedBefore()
  const fresh = stageInMemory()
  const answeringControllers = async () => ['controller-b']
  const refused = restoreAuthority(optionsFor(fresh, regions, { answeringControllers }), never)
  await expect(refused).rejects.toMatchObject({
    code: 'RESTORE_CONTROLLER_ANSWERS',
    message: expect.stringContaining('controller-b'),
  })
  expect(await fresh.open().list('groups/', never)).toEqual([])
})

test('an authority that has what the copies have needs none', async () => {
  const { stage, regions } = await livedBefore()
  const refused = restoreAuthority(optionsFor(stage, regions), never)
  await expect(refused).rejects.toMatchObject({ code: 'RESTORE_NOT_NEEDED' })
  const fresh = stageInMemory()
  await restoreAuthority(optionsFor(fresh, regions), never)
  const twice = restoreAuthority(optionsFor(fresh, regions), never)
  await expect(twice).rejects.toMatchObject({ code: 'RESTORE_NOT_NEEDED' })
})

test('without copies there is nothing to restore', async () => {
  const fresh = stageInMemory()
  const refused = restoreAuthority(optionsFor(fresh, new RegionsInMemory('us')), never)
  await expect(refused).rejects.toMatchObject({ code: 'RESTORE_NOTHING_FOUND' })
})

test('an authority that was started anew by mistake is written over, and its leases are void', async () => {
  const { regions } = await livedBefore()
  const fresh = stageInMemory()
  const authority = fresh.open()
  const acquired = await authority.acquire('controller', { holder: 'a', ttlMs: 10_000 }, never)
  const lease = acquired.kind === 'held' ? acquired.lease : undefined
  await authority.write('groups/a', { generation: 1, epoch: 1, active: 'eu' }, { expected: 'absent' }, never)
  await restoreAuthority(optionsFor(fresh, regions), never)
  expect((await authority.read('groups/a', never))?.value).toMatchObject({ generation: 2, epoch: 2 })
  const late = await authority.write('groups/z', {}, { expected: 'absent', ...(lease && { lease }) }, never)
  expect(late).toEqual({ kind: 'lease-lost' })
  const again = await authority.acquire('controller', { holder: 'a', ttlMs: 10_000 }, never)
  expect(again.kind === 'held' && again.lease.token).toBeGreaterThan(1_000_000_000_000)
})

test('of two authorities that claim the same epoch the named region decides, else nobody', async () => {
  const { regions } = await livedBefore()
  const copy = regions.copy('eu', 'groups/a')
  regions.overwrite('us', {
    ...copy,
    key: 'groups/a',
    authority: 'another',
    value: { generation: 1, epoch: 2, active: 'ap' },
  })
  const fresh = stageInMemory()
  regions.down.add('ap')
  await restoreAuthority(optionsFor(fresh, regions, { from: 'us' }), never)
  expect((await fresh.open().read('groups/a', never))?.value).toMatchObject({ active: 'ap' })
  regions.down.delete('ap')
  const third = new RegionsInMemory('eu', 'us', 'ap')
  for (const region of ['eu', 'us']) {
    const own = regions.copy(region, 'groups/a')
    if (own !== undefined) third.overwrite(region, own)
  }
  const unclear = restoreAuthority(optionsFor(stageInMemory(), third, { from: 'ap' }), never)
  await expect(unclear).rejects.toMatchObject({ code: 'RESTORE_AMBIGUOUS' })
})

test('the restored state goes to the regions that were behind', async () => {
  const { regions } = await livedBefore()
  const fresh = stageInMemory()
  await restoreAuthority(optionsFor(fresh, regions), never)
  const authority = fresh.open()
  const journal = new Journal({ authority, context: fresh.context })
  const copies = new StateCopies({ authority, journal, regions, events: fresh.events, context: fresh.context })
  copies.start()
  await fresh.clock.pass(100)
  const stamps = ['eu', 'us', 'ap'].map((region) => regions.copy(region, 'groups/a'))
  expect(stamps.map((copy) => [copy?.generation, copy?.epoch])).toEqual(stamps.map(() => [2, 2]))
  expect(fresh.told.filter((name) => name === 'copies:refused')).toEqual([])
  await copies.stop()
})

test.each(['unknown-and-done', 'unknown-and-lost'] as const)(
  'a commit without an answer (%s) is settled',
  async (mishap) => {
    const { regions } = await livedBefore()
    const fresh = stageInMemory()
    await fresh.open().identity(never)
    fresh.mishaps.push(mishap)
    const restoring = fresh.through(restoreAuthority(optionsFor(fresh, regions), never))
    if (mishap === 'unknown-and-done') expect((await restoring).generation).toBe(2)
    else await expect(restoring).rejects.toMatchObject({ code: 'AUTHORITY_OUTCOME_UNKNOWN' })
    const found = await fresh.open().read('groups/a', never)
    expect(found === undefined).toBe(mishap === 'unknown-and-lost')
  },
)
