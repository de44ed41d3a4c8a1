import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SASLOptions } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findEngines } from '../../../bin/prerequisites.js'
import { containerClient } from '../../../src/local/container-engine.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { clientOf, consume, NO_RETRY, produce, securedClientOf, withAdmin } from './region-clients.ts'

const { docker, java, maven } = await findEngines()
const engines = [
  { engine: 'container', isHere: docker.found, detail: docker.detail },
  { engine: 'jvm', isHere: java.found && maven.found, detail: `${java.detail}, ${maven.detail}` },
] as const

describe.each(engines)('the $engine engine', ({ engine, isHere, detail }) => {
  test('is on this machine', ({ skip }) => {
    if (!isHere && process.env.ISTHMUS_REQUIRE !== 'all') skip(detail)
    expect(isHere, detail).toBe(true)
  })

  describe.runIf(isHere)('a region with one broker', () => {
    let region: LocalRegion
    const progress: string[] = []

    beforeAll(async () => {
      region = await startRegion({
        name: 'single',
        engine,
        brokerConfig: { 'message.max.bytes': '2000000' },
        onProgress: (line) => progress.push(line),
      })
    }, 240_000)

    afterAll(() => region?.stop())

    test('says when it is ready', () => {
      expect(progress.at(-1)).toMatch(/^single: one broker \(\w+\) ready after [\d.]+ s$/)
    })

    test('takes and gives records on the loopback address', async () => {
      expect(region.bootstrap).toHaveLength(1)
      expect(region.bootstrap[0]).toMatch(/^127\.0\.0\.1:(2\d|3[01])\d{3}$/)
      await withAdmin(clientOf(region), (admin) => admin.createTopics({ topics: [{ topic: 'readings' }] }))
      await produce(clientOf(region), 'readings', ['one', 'two'])
      expect(await consume(clientOf(region), 'readings', 2)).toEqual(['one', 'two'])
    })

    test('has the settings that the caller gave', async () => {
      const log = await readFile(join(region.logDir, 'broker-1.log'), 'utf8')
      expect(log).toContain('message.max.bytes = 2000000')
    })

    test.each([
      { hard: true, manner: 'killed' },
      { hard: false, manner: 'shut down' },
    ])('keeps its data and its address when its broker is $manner and started again', async ({ hard, manner }) => {
      const topic = `kept-${hard}`
      await withAdmin(clientOf(region), (admin) => admin.createTopics({ topics: [{ topic }] }))
      await produce(clientOf(region), topic, [manner])
      await region.stopBroker(0, { hard })
      const list = withAdmin(clientOf(region, { retry: NO_RETRY }), (admin) => admin.listTopics())
      await expect(list).rejects.toThrow('ECONNREFUSED')
      await region.startBroker(0)
      expect(await consume(clientOf(region), topic, 1)).toEqual([manner])
    })

    test('answers nothing while its broker is frozen, and goes on where it was', async () => {
      await region.pauseBroker(0)
      const impatient = clientOf(region, { requestTimeout: 1_000, connectionTimeout: 1_000, retry: NO_RETRY })
      await expect(withAdmin(impatient, (admin) => admin.listTopics())).rejects.toThrow(/timed out|timeout/i)
      await region.resumeBroker(0)
      expect(await withAdmin(clientOf(region), (admin) => admin.listTopics())).toContain('readings')
    })

    test('can be killed while it is frozen', async () => {
      await region.pauseBroker(0)
      await region.stopBroker(0, { hard: true })
      await region.startBroker(0)
      expect(await withAdmin(clientOf(region), (admin) => admin.listTopics())).toContain('readings')
    })

    test('leaves its logs and nothing else', async () => {
      await region.stop()
      await region.stop()
      await access(join(region.logDir, 'broker-1.log'))
      await expect(access(join(dirname(region.logDir), 'work'))).rejects.toThrow('ENOENT')
      expect(await remainsOf(engine, region.logDir)).toEqual([])
    })
  })

  describe.runIf(isHere)('a broker that cannot start', () => {
    test('is reported with the end of its log and where the rest is', async () => {
      const start = startRegion({ name: 'broken', engine, brokerConfig: { 'log.segment.bytes': 'many' } })
      await expect(start).rejects.toMatchObject({
        code: 'LOCAL_BROKER_FAILED',
        message: expect.stringMatching(/broker-1\.log and ends with:[^]*Invalid value many for configuration log\.seg/),
      })
    })
  })

  describe.runIf(isHere)('regions started at the same time', () => {
    test('do not get in each other’s way', async () => {
      const regions = await Promise.all(['east', 'west'].map((name) => startRegion({ name, engine })))
      try {
        const created = regions.map((region) =>
          withAdmin(clientOf(region), (admin) => admin.createTopics({ topics: [{ topic: `only-${region.name}` }] })),
        )
        expect(await Promise.all(created)).toEqual([true, true])
        for (const region of regions) {
          const topics = await withAdmin(clientOf(region), (admin) => admin.listTopics())
          expect(topics).toEqual([`only-${region.name}`])
        }
      } finally {
        await Promise.all(regions.map((region) => region.stop()))
      }
    }, 240_000)

    test('can be given up while they start', async () => {
      const signal = AbortSignal.timeout(1_500)
      await expect(startRegion({ name: 'given-up', engine, signal })).rejects.toThrow(/timeout/i)
    })
  })

  describe.runIf(isHere)('a secured region', () => {
    let region: LocalRegion

    beforeAll(async () => {
      region = await startRegion({ name: 'secured', engine, secured: true })
    }, 240_000)

    afterAll(() => region?.stop())

    test('has three brokers that replicate to each other', async () => {
      expect(region.bootstrap).toHaveLength(3)
      await withAdmin(securedClientOf(region), async (admin) => {
        const topics = [{ topic: 'replicated', numPartitions: 3, replicationFactor: 3 }]
        await admin.createTopics({ topics, waitForLeaders: true })
      })
      await produce(securedClientOf(region), 'replicated', ['one'])
      expect(await consume(securedClientOf(region), 'replicated', 1)).toEqual(['one'])
      const inSync = () =>
        withAdmin(securedClientOf(region), async (admin) => {
          const { topics } = await admin.fetchTopicMetadata({ topics: ['replicated'] })
          return topics.flatMap((topic) => topic.partitions.map((partition) => partition.isr.length))
        })
      await vi.waitFor(async () => expect(await inSync()).toEqual([3, 3, 3]), { timeout: 20_000, interval: 500 })
    })

    test.each(['scram-sha-512', 'scram-sha-256', 'plain'] as const)(
      'takes the right password by %s',
      async (mechanism) => {
        const sasl = { mechanism, username: 'admin', password: 'admin-secret' } as SASLOptions
        const topics = withAdmin(securedClientOf(region, { sasl }), (admin) => admin.listTopics())
        await expect(topics).resolves.toBeInstanceOf(Array)
      },
    )

    test.each(['scram-sha-512', 'scram-sha-256', 'plain'] as const)(
      'refuses a wrong password by %s',
      async (mechanism) => {
        const sasl = { mechanism, username: 'admin', password: 'wrong' } as SASLOptions
        const topics = withAdmin(securedClientOf(region, { sasl }), (admin) => admin.listTopics())
        await expect(topics).rejects.toThrow(/authentication failed|invalid credentials|SASL/i)
      },
    )

    test('refuses plain text', async () => {
      await expect(withAdmin(clientOf(region, { retry: NO_RETRY }), (admin) => admin.listTopics())).rejects.toThrow()
    })

    test('is refused by clients that trust another authority', async () => {
      const client = securedClientOf(region, { ssl: { ca: [] }, retry: NO_RETRY })
      await expect(withAdmin(client, (admin) => admin.listTopics())).rejects.toThrow(/certificate/)
    })

    test('allows ordinary users nothing until an ACL does', async () => {
      const sasl = { mechanism: 'scram-sha-512', username: 'app', password: 'app-secret' } as const
      const create = withAdmin(securedClientOf(region, { sasl }), (admin) =>
        admin.createTopics({ topics: [{ topic: 'not-mine' }] }),
      )
      await expect(create).rejects.toMatchObject({ errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED' }] })
    })

    test('knows clients by their certificate on the other listener, and refuses those without', async () => {
      const { mtlsBootstrap, tls } = region.security ?? { mtlsBootstrap: [] }
      const brokers = [...mtlsBootstrap]
      const withCertificate = clientOf(region, {
        brokers,
        ssl: { ca: [tls?.ca ?? ''], cert: tls?.cert, key: tls?.key },
      })
      const without = clientOf(region, { brokers, ssl: { ca: [tls?.ca ?? ''] }, retry: NO_RETRY })
      await expect(
        withAdmin(withCertificate, (admin) => admin.createTopics({ topics: [{ topic: 'by-certificate' }] })),
      ).resolves.toBe(true)
      await expect(withAdmin(without, (admin) => admin.listTopics())).rejects.toThrow()
    })

    test('goes on with two of its brokers', async () => {
      await region.stopBroker(2, { hard: true })
      const client = securedClientOf(region, { brokers: region.bootstrap.slice(0, 2) })
      await produce(client, 'replicated', ['two', 'three'])
      await region.startBroker(2)
    })
  })

  describe.runIf(isHere)('a session that is killed', () => {
    test('leaves no broker behind', async () => {
      const script = fileURLToPath(new URL('hold-region.ts', import.meta.url))
      const session = spawn(process.execPath, [script, engine], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = (await once(createInterface({ input: session.stdout }), 'line')) as [string]
      const { logDir } = JSON.parse(line) as { logDir: string }
      expect(await remainsOf(engine, logDir)).toHaveLength(1)

      session.kill('SIGKILL')
      await once(session, 'exit')

      await vi.waitFor(async () => expect(await remainsOf(engine, logDir)).toEqual([]), { timeout: 15_000 })
      await vi.waitFor(() => expect(access(join(dirname(logDir), 'work'))).rejects.toThrow('ENOENT'), {
        timeout: 5_000,
      })
    })
  })
})

/** Brokers of a region that are still there: process ids, or names of containers, running or not. */
async function remainsOf(engine: 'container' | 'jvm', logDir: string): Promise<string[]> {
  const runName = basename(dirname(logDir))
  if (engine === 'container') {
    const container = (await containerClient()).container.getById(`${runName}-1`)
    return container.inspect().then(
      ({ Name }) => [Name],
      () => [],
    )
  }
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,args='], { maxBuffer: 16 * 1024 * 1024 })
  const ofRun = stdout.split('\n').filter((process) => process.includes(`${runName}/work`))
  return ofRun.map((process) => process.trim().split(' ')[0] ?? '')
}
