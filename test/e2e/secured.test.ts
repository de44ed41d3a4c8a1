import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigResourceTypes, type Kafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalRegion, localPorts, startRegion } from '../../src/local/index.ts'
import {
  createWorkloadClient,
  createWorkloadTopics,
  GROUPS,
  SensorWorkload,
  TOPICS,
  WORKLOAD_TOPICS,
} from '../../src/local/workload/index.ts'
import { untilCopied } from '../support/copying.ts'
import { DelayProxy } from '../support/delay-proxy.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { produce, withAdmin } from '../integration/local/region-clients.ts'
import { type CommittedRecord, readCommitted, untilNoTransactionIsOpen } from './committed-records.ts'
import { runIsthmus } from '../support/command.ts'
import { createTopic } from './create-topic.ts'
import { canRunKafka, testEngine } from './engine.ts'
import { grantRights, TARGET_RIGHTS } from './target-rights.ts'

/**
 * A plain region copied into a secured one, by a principal that has the rights of the list and no other, while brokers
 * are killed and restarted and connections are cut.
 */
const LINK = 'plain-to-secured'
const SPARE = 'sensors.spare'
/** The spare topic grows to two partitions. */
const FLOWS = WORKLOAD_TOPICS.reduce((sum, { partitions }) => sum + partitions, 2)
const RATE = 300
const COPIED_GROUPS = [GROUPS.analytics, GROUPS.weatherWatch]
const PREFIXES = {
  topic: ['sensors.', 'weather.', '__isthmus.'],
  group: [...COPIED_GROUPS, '__isthmus.'],
  'transactional-id': ['__isthmus.'],
}

interface Setup {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly proxies: readonly DelayProxy[]
  readonly folder: string
  /** Keys of the target in the configuration file. */
  readonly access: string
  readonly password: string
  readonly sourceClient: Kafka
  /** The super user's. */
  readonly targetClient: Kafka
  readonly workload: SensorWorkload
  readonly isthmus: IsthmusProcess
}

testEngine()

describe.runIf(canRunKafka)('a secured target of three brokers', () => {
  const stack = new AsyncDisposableStack()
  let setup: Setup
  beforeAll(async () => {
    setup = await prepare(stack)
  }, 180_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  test('topics and groups are there with no other rights than the listed ones', async () => {
    const { isthmus } = setup
    const synced = await eventually(
      'both groups are in step',
      async () => {
        const { groups } = JSON.parse(await isthmus.get(`/api/v1/links/${LINK}/groups`)) as GroupsOfLink
        return groups.length === 2 && groups.every(({ state }) => state === 'synced') ? groups : undefined
      },
      { limitMs: 60_000 },
    )
    expect(synced.map(({ group }) => group).sort()).toEqual([GROUPS.analytics, GROUPS.weatherWatch])
    expect(isthmus.log.filter((line) => /AUTHORIZATION_FAILED/.test(line))).toEqual([])
  })

  test('growth, a config and a log start of the source are followed', async () => {
    const { isthmus, sourceClient, targetClient } = setup
    await produce(sourceClient, SPARE, ['one', 'two', 'three'])
    await withAdmin(sourceClient, async (admin) => {
      await admin.createPartitions({ topicPartitions: [{ topic: SPARE, count: 2 }] })
      await admin.deleteTopicRecords({ topic: SPARE, partitions: [{ partition: 0, offset: '2' }] })
      const configEntries = [{ name: 'max.message.bytes', value: '2000000' }]
      const resources = [{ type: ConfigResourceTypes.TOPIC, name: SPARE, configEntries }]
      await admin.alterConfigs({ validateOnly: false, resources })
    })
    const follows = async () => {
      const [ends, { resources }] = await withAdmin(targetClient, async (admin) => [
        await admin.fetchTopicOffsets(SPARE),
        await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: SPARE, configNames: ['max.message.bytes'] }],
        }),
      ])
      const first = ends.find(({ partition }) => partition === 0)
      const size = resources[0]?.configEntries[0]?.configValue
      return ends.length === 2 && first?.low === '2' && first.high === '3' && size === '2000000' ? true : undefined
    }
    await eventually('the target follows', follows, { limitMs: 60_000 })
    const areRunning = async () => {
      const flows = await isthmus.flows(LINK)
      return flows.length === FLOWS && flows.every(({ state }) => state === 'running') ? true : undefined
    }
    await eventually('every flow runs', areRunning, { limitMs: 30_000 })
  })

  test('a killed leader comes back while records flow', async () => {
    const leader = await leaderOf(setup.targetClient, TOPICS.readings)
    await setup.target.stopBroker(leader, { hard: true })
    await untilMoreIsCopied(setup)
    await setup.target.startBroker(leader)
    await untilMoreIsCopied(setup)
  })

  test('connections to every broker are cut, twice', async () => {
    for (const _ of ['once', 'again']) {
      for (const proxy of setup.proxies) proxy.cut()
      await untilMoreIsCopied(setup)
    }
  })

  test('every broker is restarted in turn', async () => {
    const { source, target } = setup
    const places = [
      { region: target, index: 0 },
      { region: target, index: 1 },
      { region: target, index: 2 },
      { region: source, index: 0 },
    ]
    for (const { region, index } of places) {
      await region.stopBroker(index, { hard: false })
      await region.startBroker(index)
      await untilMoreIsCopied(setup)
    }
  })

  test('after all that both sides hold the same records, and the groups stand at the same ones', async () => {
    const { workload, isthmus } = setup
    await workload.stop()
    const plain = { name: setup.source.name, bootstrap: setup.source.bootstrap }
    await untilNoTransactionIsOpen(plain, Object.values(TOPICS), AbortSignal.timeout(80_000))
    await untilCopied(isthmus, { link: LINK, flowCount: FLOWS }, AbortSignal.timeout(60_000))
    const [before, after] = [await readAll(plain), await readAll(adminOf(setup.target))]
    expect(before.get(TOPICS.readings)?.length).toBeGreaterThan(RATE * 10)
    for (const topic of Object.values(TOPICS)) {
      expect(compare(contentsOf(before.get(topic)), contentsOf(after.get(topic))), topic).toEqual(EQUAL)
    }
    await eventually('the last positions are in step', () => areInStep(setup, before, after), { limitMs: 20_000 })
    expect((await isthmus.status())?.links.map(({ recordsLost }) => recordsLost)).toEqual([0])
  })

  test('its password is in no log, no answer, no metric and no argument', async () => {
    const { isthmus, password } = setup
    const paths = ['/api/v1/status', '/api/v1/links', `/api/v1/links/${LINK}/flows`, '/api/v1/lag', '/openapi.json']
    const answers = await Promise.all([...paths, '/metrics', '/readyz'].map((path) => isthmus.get(path)))
    const { stdout: args } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(isthmus.pid)])
    expect(args).toContain('run --config')
    for (const text of [...answers, ...isthmus.log, args]) expect(text).not.toContain(password)
  })

  test('a wrong password is refused by name and not repeated', async () => {
    const file = join(setup.folder, 'wrong.yaml')
    const wrong = writeSecret(setup.folder, 'wrong-password', 'not-the-password-4711')
    writeFileSync(file, configOf(setup, setup.access.replace(/passwordFile: [^ }]+/, `passwordFile: ${wrong}`)))
    const { code, stdout, stderr } = await runIsthmus(['check', '--config', file, '--online'])
    expect(stdout).toContain('failed  secured:')
    expect(stdout).toMatch(/credential|password|authentication/i)
    expect(`${stdout}${stderr}`).not.toContain('not-the-password-4711')
    expect(code).toBe(2)
  })

  test('SIGTERM hands everything over within ten seconds', async () => {
    const { isthmus } = setup
    const startedMs = performance.now()
    expect(await isthmus.terminate()).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect(isthmus.log.some((line) => line.includes('was handed over'))).toBe(true)
  })
})

interface GroupsOfLink {
  readonly groups: readonly {
    readonly group: string
    readonly state: string
    readonly positions: readonly {
      readonly topic: string
      readonly partition: number
      readonly sourceOffset: number
      readonly targetOffset: number | null
    }[]
  }[]
}

async function prepare(stack: AsyncDisposableStack): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-secured-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const [sourcePort = 0, ...targetPorts] = await localPorts.take(4)
  const [source, target] = await Promise.all([
    startRegion({ name: 'plain', advertisedPorts: [sourcePort] }),
    startRegion({ name: 'secured', secured: true, advertisedPorts: targetPorts }),
  ])
  stack.use(source)
  stack.use(target)
  const addresses = [...source.bootstrap, ...target.bootstrap]
  const proxies = await Promise.all(
    [sourcePort, ...targetPorts].map(async (listenPort, at) => {
      const targetPort = Number(addresses[at]?.split(':')[1])
      return stack.use(await DelayProxy.start({ listenPort, targetPort, delayMs: 0 }))
    }),
  )
  const { security } = target
  const user = security?.users.find(({ username }) => username === 'isthmus')
  if (security === undefined || user === undefined) throw new Error('the region is not secured')
  const secured = { ssl: { ca: [security.tls.ca] }, sasl: { mechanism: 'scram-sha-512' as const, ...security.admin } }
  const targetClient = createWorkloadClient(target.bootstrap, secured)
  await withAdmin(targetClient, (admin) =>
    grantRights(admin, TARGET_RIGHTS, { principal: `User:${user.username}`, prefixes: PREFIXES }),
  )
  const caFile = writeSecret(folder, 'ca.crt', security.tls.ca)
  const passwordFile = writeSecret(folder, 'password', `${user.password}\n`)
  const sasl = `mechanism: scram-sha-512, username: ${user.username}, passwordFile: ${passwordFile}`
  const access = `tls: { caFile: ${caFile} }, sasl: { ${sasl} }`

  const sourceClient = createWorkloadClient(source.bootstrap)
  await createWorkloadTopics(sourceClient)
  await createTopic(sourceClient, SPARE, 1)
  const workload = stack.use(new SensorWorkload({ fleet: { ratePerSecond: RATE } }))
  await workload.start(sourceClient)
  const regions = [source, { name: target.name, bootstrap: target.bootstrap, access }]
  const isthmus = stack.use(await IsthmusProcess.start({ regions, rest: linksText(), logLevel: 'debug' }))
  await untilMoreIsCopied({ isthmus, sourceClient })
  const clients = { sourceClient, targetClient, workload }
  return { source, target, proxies, folder, access, password: user.password, ...clients, isthmus }
}

function linksText(): string {
  const groups = COPIED_GROUPS.join(', ')
  return [
    'links:',
    `  - name: ${LINK}`,
    '    source: plain',
    '    target: secured',
    '    topics: { include: ["sensors.*", "weather.*"] }',
    `    consumerGroups: { include: [${groups}] }`,
  ].join('\n')
}

function configOf({ source, target }: Setup, access: string): string {
  return `apiVersion: isthmus/v1
regions:
  - { name: plain, bootstrap: [${source.bootstrap.join()}] }
  - { name: secured, bootstrap: [${target.bootstrap.join()}], ${access} }
${linksText()}
`
}

function writeSecret(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

/** Records that were written after the call are on the target, in every partition of the readings. */
async function untilMoreIsCopied({ isthmus, sourceClient }: Pick<Setup, 'isthmus' | 'sourceClient'>): Promise<void> {
  const lookAtEnds = () =>
    withAdmin(sourceClient, (admin) => admin.fetchTopicOffsets(TOPICS.readings)).catch(() => undefined)
  const ends = await eventually('the source tells its ends', lookAtEnds, { limitMs: 30_000 })
  const endOf = new Map(ends.map(({ partition, high }) => [partition, Number(high)]))
  const flowsOf = () => isthmus.flows(LINK).catch(() => [])
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`it ended: ${isthmus.log.slice(-3).join('\n')}`)
    const readings = (await flowsOf()).filter(({ topic }) => topic === TOPICS.readings)
    const isFurther = readings.every(({ partition, sourceNext }) => (sourceNext ?? 0) > (endOf.get(partition) ?? 0))
    return readings.length === endOf.size && isFurther ? true : undefined
  }
  await eventually('more is copied', look, { limitMs: 60_000 }).catch(async (error: unknown) => {
    const stuck = (await flowsOf()).filter(({ state }) => state !== 'running')
    throw new Error(JSON.stringify({ stuck: stuck.slice(0, 3), log: isthmus.log.slice(-8) }, null, 1), { cause: error })
  })
}

/** Index of the broker that leads the first partition. */
async function leaderOf(kafka: Kafka, topic: string): Promise<number> {
  const { topics } = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: [topic] }))
  const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === 0)?.leader
  if (leader === undefined || leader < 1) throw new Error(`${topic} has no leader`)
  return leader - 1
}

type Reading = ReadonlyMap<string, readonly CommittedRecord[]>

function readAll(options: Parameters<typeof readCommitted>[0]): Promise<Reading> {
  return readCommitted(options, Object.values(TOPICS), AbortSignal.timeout(60_000))
}

/** Access of the super user. */
function adminOf({ name, bootstrap, security }: LocalRegion): Parameters<typeof readCommitted>[0] {
  if (security === undefined) throw new Error(`${name} is not secured`)
  const { tls, admin } = security
  return { name, bootstrap, tls: { ca: tls.ca }, sasl: { mechanism: 'scram-sha-512', ...admin } }
}

function contentsOf(records: readonly CommittedRecord[] = []): string[] {
  return records.map(({ partition, content }) => `${partition} ${content}`)
}

const EQUAL = { missing: [], extra: [], firstDifference: -1 }

/** Counted as well as compared: a record that is there twice is an extra one. A few of each are enough to be shown. */
function compare(before: readonly string[], after: readonly string[]): typeof EQUAL | object {
  const counts = new Map<string, number>()
  for (const record of before) counts.set(record, (counts.get(record) ?? 0) + 1)
  for (const record of after) counts.set(record, (counts.get(record) ?? 0) - 1)
  const pick = (isWanted: (count: number) => boolean) =>
    [...counts]
      .filter(([, count]) => isWanted(count))
      .map(([record]) => record.slice(0, 200))
      .slice(0, 5)
  const firstDifference = after.findIndex((record, at) => record !== before[at])
  return { missing: pick((count) => count > 0), extra: pick((count) => count < 0), firstDifference }
}

/** True once each group has as much to read on the target as at the source. */
async function areInStep(setup: Setup, before: Reading, after: Reading): Promise<true | undefined> {
  for (const groupId of COPIED_GROUPS) {
    const source = await remaining(setup.sourceClient, groupId, before)
    const target = await remaining(setup.targetClient, groupId, after)
    if (source.length === 0 || source.join() !== target.join()) return undefined
  }
  return true
}

/** Records that a group has still to read, by partition. */
async function remaining(kafka: Kafka, groupId: string, reading: Reading): Promise<string[]> {
  const positions = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId }))
  const left = positions.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => {
      const records = (reading.get(topic) ?? []).filter((record) => record.partition === partition)
      return `${topic}-${partition}: ${records.filter((record) => record.offset >= Number(offset)).length}`
    }),
  )
  return left.sort()
}
