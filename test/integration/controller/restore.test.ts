import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Authority,
  type AuthorityEvents,
  Journal,
  openAuthority,
  StateCopies,
} from '../../../src/authority/index.ts'
import { ControllerBeats } from '../../../src/controller/controller-beats.ts'
import { runRestore } from '../../../src/controller/restore.ts'
import { StateTopics } from '../../../src/controller/state-topics.ts'
import { createEvents, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { eventually } from '../replication/copy-trial.ts'
import { startTwoRegions } from '../replication/two-regions.ts'

const { source: eu, target: us } = await startTwoRegions()

const never = new AbortController().signal
const context = { clock, random }
const events = createEvents<AuthorityEvents>()
const clusters = new Map<string, Cluster>()
let folder: string
let states: StateTopics

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-restore-'))
  for (const [name, { bootstrap }] of [
    ['eu', eu],
    ['us', us],
  ] as const) {
    clusters.set(name, openCluster({ name, bootstrap, context }))
  }
  states = new StateTopics({ clusters, context })
})

afterAll(async () => {
  await states.close()
  await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
  await rm(folder, { recursive: true, force: true })
})

function open(name: string): Authority {
  return openAuthority({ kind: 'sqlite', path: join(folder, name) }, { ...context, events })
}

/** A configuration whose authority is to be a new file. */
async function configure(name: string, euBootstrap: readonly string[] = eu.bootstrap): Promise<string> {
  const config = {
    apiVersion: 'isthmus/v1',
    regions: [
      { name: 'eu', bootstrap: euBootstrap },
      { name: 'us', bootstrap: us.bootstrap },
    ],
    failoverGroups: [{ name: 'orders', regions: ['eu', 'us'], topics: { include: ['orders.*'] } }],
    authority: { kind: 'sqlite', path: join(folder, name) },
  }
  const file = join(folder, `${name}.yaml`)
  await writeFile(file, JSON.stringify(config))
  return file
}

const wish = { from: 'us', reason: 'eu is lost', by: 'ada' }

test('nothing is found, and nothing is made, where no controller ever was', async () => {
  const config = await configure('never')
  const restore = runRestore({ config, ...wish, isDryRun: true }, context, never)
  await expect(restore).rejects.toMatchObject({ code: 'RESTORE_NOTHING_FOUND' })
  for (const cluster of clusters.values()) {
    const { topics } = await cluster.metadata('all', never)
    expect(topics.filter(({ name }) => name.startsWith('__isthmus'))).toEqual([])
  }
})

test('an authority that died with its region is started anew from what the other region has', async () => {
  const old = open('old')
  const journal = new Journal({ authority: old, context })
  await journal.append({ actor: 'a', kind: 'tested', facts: {} }, never)
  const acquired = await old.acquire('controller', { holder: 'old', ttlMs: 60_000 }, never)
  if (acquired.kind !== 'held') throw new Error('the lease is not free')
  const document = { generation: 1, epoch: 7, active: 'us', group: 'orders' }
  await old.write('groups/orders', document, { expected: 'absent', lease: acquired.lease }, never)
  const copies = new StateCopies({ authority: old, journal, regions: states, events, context, recheckMs: 1_000 })
  copies.start()
  const isCopied = () =>
    copies.status().every(({ behind, sight }) => behind === 0 && sight === 'read') ? true : undefined
  await eventually('both regions have a copy', isCopied, () => JSON.stringify(copies.status()), 30_000)
  const beats = new ControllerBeats({ states, name: 'old-controller', api: '10.0.0.1:8080', clock })
  beats.start()

  const config = await configure('new', ['127.0.0.1:9'])
  await expect(runRestore({ config, ...wish, isDryRun: false }, context, never)).rejects.toMatchObject({
    code: 'RESTORE_CONTROLLER_ANSWERS',
    message: expect.stringContaining('old-controller at 10.0.0.1:8080'),
  })
  await beats.stop()
  // As one that was killed leaves it.
  const dead = JSON.stringify({ format: 1, api: '10.0.0.1:8080', beat: 12, everyMs: 1_000 })
  await states.put('us', 'controller/old-controller', dead, never)
  await copies.stop()

  const planned = await runRestore({ config, ...wish, isDryRun: true }, context, never)
  const report = {
    generation: 2,
    documents: [{ key: 'groups/orders', region: 'us', generation: 1, epoch: 7 }],
    unread: [{ region: 'eu', reason: expect.any(String) }],
  }
  expect(planned).toMatchObject({ state: 'planned', ...report })
  const restored = await runRestore({ config, ...wish, isDryRun: false }, context, never)
  expect(restored).toMatchObject({ state: 'restored', ...report })

  const anew = open('new')
  expect((await anew.read('groups/orders', never))?.value).toEqual({ ...document, generation: 2 })
  const late = { expected: (await anew.read('groups/orders', never))?.revision ?? 0, lease: acquired.lease }
  expect(await anew.write('groups/orders', { epoch: 8 }, late, never)).toEqual({ kind: 'lease-lost' })
  const [entry] = await new Journal({ authority: anew, context }).read(never)
  expect(entry).toMatchObject({ number: 2, actor: 'ada', kind: 'authority-restored', facts: { reason: 'eu is lost' } })
  await expect(runRestore({ config, ...wish, isDryRun: true }, context, never)).rejects.toMatchObject({
    code: 'RESTORE_NOT_NEEDED',
  })
  await Promise.all([old.close(), anew.close()])
}, 120_000)
