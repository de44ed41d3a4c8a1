import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { renderMetricsReference } from '../../src/observability/index.ts'
import { HEALTH_TOPIC } from '../../src/regions/index.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { canRunKafka, testEngine } from './engine.ts'

/** What operators see of a region that stops answering, and comes back: metrics and the log. */
const REST = `failoverGroups:
  - { name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }
health: { everySeconds: 0.5, timeoutSeconds: 2, canarySlowSeconds: 1.9, downAfterSeconds: 4, recoverAfterSeconds: 1, vantage: desk }`

testEngine()

describe.runIf(canRunKafka)('two regions of a failover group', () => {
  const stack = new AsyncDisposableStack()
  let eu: LocalRegion
  let us: LocalRegion
  let isthmus: IsthmusProcess

  beforeAll(async () => {
    ;[eu, us] = await Promise.all([startRegion({ name: 'eu' }), startRegion({ name: 'us' })])
    stack.use(eu)
    stack.use(us)
    isthmus = stack.use(await IsthmusProcess.start({ regions: [eu, us], rest: REST }))
  }, 120_000)
  afterAll(() => stack.disposeAsync(), 60_000)

  const untilServed = (series: string) =>
    eventually(
      `the metrics have ${series}`,
      async () => {
        const text = await isthmus.get('/metrics').catch(() => '')
        return text.includes(`${series}\n`) ? text : undefined
      },
      { limitMs: 60_000 },
    )
  const logged = () => isthmus.log.flatMap((line) => /"msg":"(.*)"/.exec(line)?.[1] ?? [])

  test('are up, write and read a canary, and have their clocks read', async () => {
    await untilServed('isthmus_region_verdict{region="eu",verdict="up"} 1')
    await untilServed('isthmus_region_canaries_refused{region="us"} 0')
    const text = await untilServed('isthmus_region_canaries_refused{region="eu"} 0')
    expect(text).toMatch(/^isthmus_region_canary_seconds\{region="eu"\} 0\.\d+$/m)
    expect(text).toMatch(/^isthmus_region_clock_offset_seconds\{region="us"\} -?\d/m)
    expect(text).toContain('isthmus_region_quorum_answers{region="us"} 1\n')
    expect(text).toContain('isthmus_vantage_points{} 1\n')
  })

  test('the topic of the canaries is not copied', async () => {
    await using cluster = openCluster({
      name: 'us',
      bootstrap: us.bootstrap,
      context: { clock: systemClock, random: systemRandom },
    })
    const { topics } = await cluster.metadata([HEALTH_TOPIC], AbortSignal.timeout(10_000))
    expect(topics).toMatchObject([{ errorCode: 0, partitions: [{ partition: 0 }] }])
    const [end] = await cluster.listOffsets(
      { isolation: 'read_uncommitted', partitions: [{ topic: HEALTH_TOPIC, partition: 0, timestamp: -1 }] },
      AbortSignal.timeout(10_000),
    )
    expect(end?.offset).toBeGreaterThan(0)
    const look = async () => (await isthmus.status())?.links[0]
    const { flows } = await eventually('the link of the group is there', look, { limitMs: 60_000 })
    expect(Object.values(flows)).toEqual([0, 0, 0, 0, 0])
  })

  test('metrics have every documented name of moves', async () => {
    const names = [
      ...renderMetricsReference().matchAll(/`(isthmus_(?:authority|state_copy|controller|failover_group)_\w+)`/g),
    ]
    const documented = new Set(names.map(([, name]) => name ?? ''))
    expect(documented.size).toBeGreaterThan(8)
    const text = await isthmus.get('/metrics')
    expect([...documented].filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([])
  })

  test('one is frozen: suspect, down, and up again when it goes on', async () => {
    await eu.pauseBroker(0)
    await untilServed('isthmus_region_health{region="eu",level="down"} 1')
    const text = await untilServed('isthmus_region_verdict{region="eu",verdict="unconfirmed"} 1')
    expect(text).toContain('isthmus_region_brokers_answering{region="eu"} 0\n')
    expect(text).toContain('isthmus_region_verdict{region="us",verdict="up"} 1\n')
    await eu.resumeBroker(0)
    await untilServed('isthmus_region_verdict{region="eu",verdict="up"} 1')
    const story =
      /is suspect as seen from here[^]*is down as seen from here, after suspect: none of 1 broker answers[^]*verdict on region eu is unconfirmed: it is down from here[^]*verdict on region eu is up/
    const lines = () => logged().filter((line) => /^(region|the verdict on region) eu/.test(line))
    const isTold = () => Promise.resolve(story.test(lines().join('\n')) ? true : undefined)
    await eventually('the log tells it', isTold, { limitMs: 10_000 })
    expect(lines().filter((line) => line.includes('canaries'))).toEqual([])
  })

  test('the process ends in time, though a region does not answer', async () => {
    await eu.pauseBroker(0)
    await untilServed('isthmus_region_health{region="eu",level="suspect"} 1')
    const startedMs = performance.now()
    await isthmus.terminate()
    expect(performance.now() - startedMs).toBeLessThan(15_000)
    await eu.resumeBroker(0)
  })
})
