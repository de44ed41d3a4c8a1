import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Kafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LocalRegion, localPorts, startRegion } from '../../src/local/index.ts'
import {
  createWorkloadClient,
  createWorkloadTopics,
  GROUPS,
  readTopic,
  SensorWorkload,
  type TopicRecord,
  TOPICS,
  WORKLOAD_TOPICS,
} from '../../src/local/workload/index.ts'
import { untilCopied } from '../support/copying.ts'
import { DelayProxy } from '../support/delay-proxy.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { withAdmin } from '../integration/local/region-clients.ts'
import { runIsthmus } from './command.ts'
import { grantRights, TARGET_RIGHTS } from './target-rights.ts'

/**
 * A plain region copied into a secured one, by a principal that has the rights of the list and no other, while brokers
 * are killed and restarted and connections are cut.
 */
const LINK = 'plain-to-secured'
const FLOWS = WORKLOAD_TOPICS.reduce((sum, { partitions }) => sum + partitions, 0)
const RATE = 300
const PREFIXES = {
  topic: ['sensors.', 'weather.', '__isthmus.'],
  group: [GROUPS.analytics, GROUPS.weatherWatch],
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

describe('a secured target of three brokers', () => {
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
    expect((await isthmus.flows(LINK)).map(({ state }) => state)).toEqual(Array(FLOWS).fill('running'))
    expect(isthmus.log.filter((line) => /AUTHORIZATION_FAILED/.test(line))).toEqual([])
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
    const { workload, isthmus, sourceClient, targetClient } = setup
    await workload.stop()
    await untilCopied(isthmus, { link: LINK, flowCount: FLOWS }, AbortSignal.timeout(60_000))
    const [before, after] = [await readAll(sourceClient), await readAll(targetClient)]
    expect(before.get(TOPICS.readings)?.length).toBeGreaterThan(RATE * 10)
    for (const topic of Object.values(TOPICS)) {
      expect(contentsOf(after.get(topic)), topic).toEqual(contentsOf(before.get(topic)))
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
  const workload = stack.use(new SensorWorkload({ fleet: { ratePerSecond: RATE } }))
  await workload.start(sourceClient)
  const regions = [source, { name: target.name, bootstrap: target.bootstrap, access }]
  const isthmus = stack.use(await IsthmusProcess.start({ regions, rest: linksText(), logLevel: 'debug' }))
  await untilMoreIsCopied({ isthmus, sourceClient })
  const clients = { sourceClient, targetClient, workload }
  return { source, target, proxies, folder, access, password: user.password, ...clients, isthmus }
}

function linksText(): string {
  const groups = PREFIXES.group.join(', ')
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
  const ends = await withAdmin(sourceClient, (admin) => admin.fetchTopicOffsets(TOPICS.readings))
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

type Reading = ReadonlyMap<string, readonly TopicRecord[]>

async function readAll(kafka: Kafka): Promise<Reading> {
  const read = Object.values(TOPICS).map(async (topic) => [topic, await readTopic(kafka, topic)] as const)
  return new Map(await Promise.all(read))
}

/** Everything that a reader sees of a record, its offset left aside. */
function contentsOf(records: readonly TopicRecord[] = []): string[] {
  return records.map(({ partition, timestampMs, key, value, headers }) => {
    return JSON.stringify([partition, timestampMs, key, value?.toString('base64') ?? null, headers])
  })
}

/** True once each group's committed position on the target is before the same record as its position at the source. */
async function areInStep(setup: Setup, before: Reading, after: Reading): Promise<true | undefined> {
  const { sourceClient, targetClient } = setup
  for (const groupId of PREFIXES.group) {
    const [source, target] = await Promise.all(
      [sourceClient, targetClient].map((kafka) =>
        withAdmin(kafka, (admin) => remaining(admin, groupId, kafka === sourceClient ? before : after)),
      ),
    )
    if (source?.size === 0 || JSON.stringify([...(source ?? [])]) !== JSON.stringify([...(target ?? [])]))
      return undefined
  }
  return true
}

/** Records that a group has still to read, by partition. */
async function remaining(
  admin: {
    fetchOffsets: (query: {
      groupId: string
    }) => Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>
  },
  groupId: string,
  reading: Reading,
): Promise<Map<string, number>> {
  const positions = await admin.fetchOffsets({ groupId })
  const left = positions.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => {
      const records = reading.get(topic) ?? []
      const unread = records.filter((record) => record.partition === partition && record.offset >= BigInt(offset))
      return [`${topic}/${partition}`, unread.length] as const
    }),
  )
  return new Map(left.sort(([one], [other]) => one.localeCompare(other)))
}
