import { expect, test } from 'vitest'
import { type Authority, type AuthorityEvents, Journal, StateCopies } from '../../../../src/authority/index.ts'
import { RegionsInMemory } from '../../../support/authority/regions-in-memory.ts'
import { never, stageInMemory } from '../stage-in-memory.ts'

async function startCopies(...names: string[]) {
  const stage = stageInMemory()
  const regions = new RegionsInMemory(...names)
  const authority = stage.open()
  const journal = new Journal({ authority, context: stage.context })
  const refused: AuthorityEvents['copies:refused'][] = []
  stage.events.on('copies:refused', (event) => refused.push(event))
  const copies = new StateCopies({ authority, journal, regions, events: stage.events, context: stage.context })
  const write = async (key: string, value: object) => {
    const expected = (await authority.read(key, never))?.revision ?? 'absent'
    await authority.write(key, value, { expected }, never)
    await stage.clock.pass(1)
  }
  return { stage, regions, authority, journal, copies, refused, write }
}

test('every document of the groups, and nothing else, goes to every region with its stamp', async () => {
  const { stage, regions, authority, journal, copies, write } = await startCopies('eu', 'us')
  await journal.append({ actor: 'a', kind: 'tested', facts: {} }, never)
  await write('groups/orders', { generation: 1, epoch: 4, active: 'eu' })
  await write('operations/o1', { of: 'orders' })
  expect(copies.status()[0]?.trouble).toBe('not looked at yet')
  copies.start()
  await stage.clock.pass(10)
  await write('groups/orders', { generation: 1, epoch: 5, active: 'us' })
  const stored = await authority.read('groups/orders', never)
  const { id } = await authority.identity(never)
  for (const region of ['eu', 'us']) {
    expect(regions.copy(region, 'groups/orders')).toEqual({
      format: 1,
      key: 'groups/orders',
      generation: 1,
      epoch: 5,
      revision: stored?.revision,
      authority: id,
      journal: await journal.head(never),
      value: stored?.value,
    })
  }
  expect(regions.puts.filter((put) => put.includes('operations'))).toEqual([])
  expect(copies.status()).toEqual(
    ['eu', 'us'].map((region) => {
      const revisions = { behind: 0, behindForMs: 0, upToRevision: stored?.revision }
      return { region, ...revisions, trouble: undefined, refused: [], strays: [], sight: 'read' }
    }),
  )
  await copies.stop()
})

test('a region that is down falls behind, is told of once, and is brought up when it is back', async () => {
  const { stage, regions, copies, write } = await startCopies('eu', 'us')
  await write('groups/a', { epoch: 1 })
  copies.start()
  await stage.clock.pass(10)
  regions.down.add('us')
  for (let epoch = 2; epoch < 6; epoch++) await write('groups/a', { epoch })
  await write('groups/b', { epoch: 1 })
  await stage.clock.pass(30_000)
  expect(regions.copy('eu', 'groups/a')?.epoch).toBe(5)
  expect(regions.copy('us', 'groups/a')?.epoch).toBe(1)
  const [, us] = copies.status()
  expect(us).toMatchObject({ region: 'us', behind: 2, trouble: expect.stringContaining('us is down') })
  expect(us?.behindForMs).toBeGreaterThan(29_000)
  regions.down.delete('us')
  await stage.clock.pass(15_000)
  expect(regions.copy('us', 'groups/a')?.epoch).toBe(5)
  expect(regions.copy('us', 'groups/b')?.epoch).toBe(1)
  expect(copies.status()[1]).toMatchObject({ behind: 0, behindForMs: 0, trouble: undefined })
  expect(stage.told.filter((name) => name.startsWith('copies:'))).toEqual(['copies:behind', 'copies:caught-up'])
  await copies.stop()
})

test('an older copy that a frozen process wrote late is repaired at the next look', async () => {
  const { stage, regions, copies, write } = await startCopies('eu')
  await write('groups/a', { epoch: 1 })
  copies.start()
  await stage.clock.pass(10)
  const old = regions.copy('eu', 'groups/a')
  await write('groups/a', { epoch: 2 })
  if (old !== undefined) regions.overwrite('eu', old)
  await stage.clock.pass(61_000)
  expect(regions.copy('eu', 'groups/a')?.epoch).toBe(2)
  await copies.stop()
})

test('a new authority writes over nothing that a lost one has left', async () => {
  const { stage, regions, copies, refused, write } = await startCopies('eu')
  const left = {
    format: 1 as const,
    key: 'groups/a',
    generation: 1,
    epoch: 7,
    revision: 90,
    authority: 'lost',
    value: {},
  }
  regions.overwrite('eu', left)
  await write('groups/a', { generation: 1, epoch: 1 })
  await write('groups/b', { generation: 1, epoch: 1 })
  copies.start()
  await stage.clock.pass(130_000)
  expect(regions.copy('eu', 'groups/a')).toEqual(left)
  expect(regions.copy('eu', 'groups/b')?.epoch).toBe(1)
  expect(refused).toEqual([
    expect.objectContaining({ region: 'eu', key: 'groups/a', why: 'foreign', reason: expect.stringContaining('lost') }),
  ])
  expect(copies.status()[0]).toMatchObject({ behind: 1, refused: [{ key: 'groups/a', why: 'foreign' }] })
  await copies.stop()
})

test('an authority that was put back to an older state writes over nothing newer', async () => {
  const { stage, regions, authority, copies, refused, write } = await startCopies('eu')
  const { id } = await authority.identity(never)
  const newer = {
    format: 1 as const,
    key: 'groups/a',
    generation: 1,
    epoch: 3,
    revision: 500,
    authority: id,
    value: {},
  }
  regions.overwrite('eu', newer)
  await write('groups/a', { generation: 1, epoch: 2 })
  copies.start()
  await stage.clock.pass(10)
  expect(regions.copy('eu', 'groups/a')).toEqual(newer)
  expect(refused.map(({ why, remedy }) => [why, remedy.includes('authority restore')])).toEqual([['newer', true]])
  await copies.stop()
})

test('copies of what the authority does not have, and what is no copy, stay where they are', async () => {
  const { stage, regions, copies, write } = await startCopies('eu')
  regions.overwrite('eu', { key: 'groups/gone', format: 1, generation: 1, epoch: 1, revision: 1, authority: 'x' })
  regions.overwrite('eu', { key: 'fence/standby/a' })
  await write('groups/a', { epoch: 1 })
  copies.start()
  await stage.clock.pass(61_000)
  expect(regions.puts).toEqual(['eu groups/a'])
  await copies.stop()
})

test('what another controller has copied before the watch told it here is not newer than the authority', async () => {
  const { stage, regions, authority, journal, refused, write } = await startCopies('eu')
  await write('groups/a', { epoch: 1 })
  const { events, context } = stage
  const copies = new StateCopies({ authority: watchedOnce(authority), journal, regions, events, context })
  copies.start()
  await stage.clock.pass(10)
  await write('groups/a', { epoch: 2 })
  const revision = (await authority.read('groups/a', never))?.revision ?? 0
  const copied = regions.copy('eu', 'groups/a')
  regions.overwrite('eu', { ...copied, key: 'groups/a', epoch: 2, revision })
  await stage.clock.pass(120_000)
  expect(refused).toEqual([])
  expect(copies.status()[0]).toMatchObject({ behind: 0, upToRevision: revision, refused: [] })
  await copies.stop()
})

/** Its watch is behind for good after the first state. */
function watchedOnce(authority: Authority): Authority {
  const watch: Authority['watch'] = async function* (prefix, signal) {
    for await (const documents of authority.watch(prefix, signal)) {
      yield documents
      return
    }
  }
  return new Proxy(authority, {
    get(target, name) {
      const found: unknown = name === 'watch' ? watch : Reflect.get(target, name, target)
      return typeof found === 'function' ? (found.bind(target) as unknown) : found
    },
  })
}

test('copies of documents that the authority does not have are told', async () => {
  const { stage, regions, copies, write } = await startCopies('eu', 'us')
  regions.overwrite('us', { format: 1, key: 'groups/lost', generation: 1, epoch: 3, revision: 9, authority: 'other' })
  await write('groups/a', { epoch: 1 })
  expect(copies.status().map(({ sight }) => sight)).toEqual(['untried', 'untried'])
  regions.down.add('eu')
  copies.start()
  await stage.clock.pass(10)
  expect(copies.status()).toMatchObject([
    { sight: 'unread', strays: [] },
    { sight: 'read', strays: ['groups/lost'] },
  ])
  await copies.stop()
})

test('a region that was not looked at lately says nothing, until it is looked at again', async () => {
  const { stage, regions, copies, write } = await startCopies('eu', 'us')
  await write('groups/a', { epoch: 1 })
  copies.start()
  await stage.clock.pass(60_000)
  expect(copies.status().map(({ sight }) => sight)).toEqual(['read', 'read'])
  regions.stuck.add('us')
  await stage.clock.pass(7_000)
  // One that merely does not answer is no reason to wait, however long a call into it takes.
  for (let seconds = 0; seconds < 30; seconds++) {
    expect(copies.status().map(({ sight }) => sight)).not.toContain('untried')
    await stage.clock.pass(1_000)
  }
  // As for a process that was frozen: time has passed, and nothing was done in it.
  stage.clock.jump(20_000)
  expect(copies.status().map(({ sight }) => sight)).toEqual(['untried', 'untried'])
  await stage.clock.pass(10)
  expect(copies.status().map(({ sight }) => sight)).toEqual(['read', 'untried'])
  regions.stuck.delete('us')
  await copies.stop()
})
