import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AuthorityEvents,
  type AuthorityOptions,
  type CopyRegions,
  Journal,
  openAuthority,
  openStore,
  type RestoreOptions,
  restoreAuthority,
  StateCopies,
} from '../../../src/authority/index.ts'
import { createEvents, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import { type Cluster, KeyedTopic, openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'

const context = { clock, random }
const STATE_TOPIC = '__isthmus.state'
const signal = () => AbortSignal.timeout(60_000)

let folder: string
let regions: Map<string, LocalRegion>
let clusters: Map<string, Cluster>
let topics: Map<string, KeyedTopic>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-copies-'))
  const started = await Promise.all(['eu', 'us'].map((name) => startRegion({ name: `copies-${name}`, brokers: 1 })))
  regions = new Map([
    ['eu', started[0] as LocalRegion],
    ['us', started[1] as LocalRegion],
  ])
  clusters = new Map([...regions].map(([name, { bootstrap }]) => [name, openCluster({ name, bootstrap, context })]))
  topics = new Map(
    [...clusters].map(([name, cluster]) => {
      return [name, new KeyedTopic({ cluster, topic: STATE_TOPIC, context, deadlineMs: 3_000 })]
    }),
  )
}, 180_000)

afterAll(async () => {
  for (const topic of topics?.values() ?? []) await topic[Symbol.asyncDispose]()
  for (const cluster of clusters?.values() ?? []) await cluster.close()
  for (const region of regions?.values() ?? []) await region.stop()
  await rm(folder, { recursive: true, force: true })
})

function placesOfCopies(): CopyRegions {
  const topic = (region: string) => topics.get(region) as KeyedTopic
  return {
    regions: [...topics.keys()],
    put: (region, key, text, stop) => topic(region).put(key, text, stop),
    readAll: (region, stop) => topic(region).readAll(stop),
  }
}

/** A process with an authority in a file and its copies in both regions. */
function startProcess(options: AuthorityOptions) {
  const events = createEvents<AuthorityEvents>()
  const told: string[] = []
  events.onAny((name) => told.push(name))
  const authority = openAuthority(options, { ...context, events })
  const journal = new Journal({ authority, context })
  const copies = new StateCopies({ authority, journal, regions: placesOfCopies(), events, context })
  copies.start()
  const stop = async () => {
    await copies.stop()
    await authority.close()
  }
  return { authority, journal, copies, told, stop }
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 60_000; !(await holds()); ) {
    if (Date.now() > until) throw new Error('it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('the region with the authority is lost: a new one starts from what the other region has', async () => {
  const lost = { kind: 'sqlite' as const, path: join(folder, 'lost.db') }
  const before = startProcess(lost)
  await before.journal.append({ actor: 'a', kind: 'tested', facts: {} }, signal())
  const first = { generation: 1, epoch: 1, active: 'eu' }
  const written = await before.authority.write('groups/orders', first, { expected: 'absent' }, signal())
  const expected = written.kind === 'written' ? written.revision : -1
  await eventually(() => before.copies.status().every(({ upToRevision }) => upToRevision === expected))
  const second = { ...first, epoch: 2, active: 'us' }
  const moved = await before.authority.write('groups/orders', second, { expected }, signal())
  const last = moved.kind === 'written' ? moved.revision : -1
  await eventually(() => before.copies.status().every(({ upToRevision }) => upToRevision === last))
  await before.stop()

  await regions.get('eu')?.stopBroker(0, { hard: true })
  const fresh = { kind: 'sqlite' as const, path: join(folder, 'fresh.db') }
  await using store = openStore(fresh, { ...context, events: createEvents<AuthorityEvents>() })
  const options: RestoreOptions = {
    store,
    regions: placesOfCopies(),
    from: 'us',
    reason: 'eu is gone',
    actor: 'operator',
    answeringControllers: async () => [],
    mode: 'apply',
    context,
  }
  const restored = await restoreAuthority(options, signal())
  expect(restored).toMatchObject({
    generation: 2,
    documents: [{ key: 'groups/orders', region: 'us', generation: 1, epoch: 2 }],
    unread: [{ region: 'eu' }],
  })

  const after = startProcess(fresh)
  expect((await after.authority.read('groups/orders', signal()))?.value).toEqual({
    generation: 2,
    epoch: 2,
    active: 'us',
  })
  await eventually(() => after.told.includes('copies:behind'))
  await regions.get('eu')?.startBroker(0)
  await eventually(() => after.told.includes('copies:caught-up'))
  expect(after.copies.status().map(({ behind }) => behind)).toEqual([0, 0])
  expect(await after.journal.verify(signal())).toMatchObject({ kind: 'intact', entries: 1, first: 2 })
  await after.stop()

  // The old one is found again, and started by mistake: it may not write over what is newer.
  const mistaken = startProcess(lost)
  await eventually(() => mistaken.copies.status().every(({ refused }) => refused.length === 1))
  expect(mistaken.copies.status().map(({ refused }) => refused)).toEqual(
    ['eu', 'us'].map(() => [{ key: 'groups/orders', why: 'newer' }]),
  )
  await mistaken.stop()
  for (const topic of topics.values()) {
    const copy = JSON.parse((await topic.readAll(signal())).get('groups/orders') ?? '{}') as object
    expect(copy).toMatchObject({ generation: 2, epoch: 2 })
  }
}, 240_000)
