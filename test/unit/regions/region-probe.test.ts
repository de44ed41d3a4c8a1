import { beforeEach, describe, expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import { gradeSample } from '../../../src/regions/grade.ts'
import { healthTimings } from '../../../src/regions/options.ts'
import { type RegionLook, RegionProbe } from '../../../src/regions/region-probe.ts'
import { encodeReport } from '../../../src/regions/report.ts'
import { ManualClock } from '../replication/flows/flow-fixtures.ts'
import { appendReport, ScriptedRegion } from './scripted-region.ts'

const timings = { ...healthTimings(), timeoutMs: 5_000, partitionsMs: 10_000, voterLagMs: 10_000 }
const never = new AbortController().signal
const report = (vantage: string, sequence = 1) =>
  encodeReport({ vantage, standsIn: null, sequence, doubt: null, sees: new Map([[regionName('eu'), 'healthy']]) })

let clock: ManualClock
let region: ScriptedRegion
let probe: RegionProbe

beforeEach(() => {
  clock = new ManualClock()
  region = new ScriptedRegion(3)
  region.nowMs = () => clock.nowMs() + 700
  probe = probeOf({})
})

const probeOf = (change: { canary?: boolean; bootstrap?: string[] }) =>
  new RegionProbe({
    region: regionName('eu'),
    cluster: region,
    bootstrap: region.bootstrap,
    canary: true,
    timings,
    clock,
    ...change,
  })

/** Lets the time pass that the parts of the look wait for. */
async function look(value = report('self')): Promise<RegionLook> {
  const looking = probe.look(value, never)
  await clock.pass(11_000)
  return looking
}
const gradeOf = ({ sample }: RegionLook) => gradeSample(sample, timings)
const codesOf = (it: RegionLook) => gradeOf(it).findings.map(({ code }) => code)

test('a region that is well: brokers, quorum, partitions, canaries and the time there', async () => {
  const { sample } = await look()
  expect(sample.brokers).toMatchObject([1, 2, 3].map((nodeId) => ({ nodeId, state: 'answers', isFresh: true })))
  expect(sample.quorum).toMatchObject({ kind: 'ok', value: { leaderId: 1, voters: [1] } })
  expect(sample.partitions).toMatchObject({ kind: 'ok' })
  expect(sample.canary).toMatchObject({ kind: 'ok', value: { tried: 3, written: 3, refusals: [] } })
  expect(sample.clock).toEqual({ kind: 'ok', value: { offsetMs: 700, uncertaintyMs: 1 } })
  expect(gradeSample(sample, timings).grade).toBe('good')
  expect(region.open).toBe(0)
})

describe('brokers', () => {
  test('one that is dead, and one that hangs, are named, and cost the others nothing', async () => {
    await look()
    region.brokers.set(2, 'hung')
    const it = await look()
    expect(codesOf(it)).toEqual(['broker-silent', 'canary-partial'])
    expect(it.sample.brokers[1]).toMatchObject({ nodeId: 2, state: 'silent', code: 'REGION_LOOK_TIMED_OUT' })
    expect(it.sample.canary).toMatchObject({ value: { tried: 3, written: 2 } })
    region.brokers.set(2, 'dead')
    expect((await look()).sample.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 3])
  })

  test('all of them silent: it fails, with those that were known', async () => {
    await look()
    for (const nodeId of [1, 2, 3]) region.brokers.set(nodeId, nodeId === 1 ? 'hung' : 'dead')
    const it = await look()
    expect(gradeOf(it)).toMatchObject({ grade: 'failing', findings: [{ code: 'no-broker-answers' }] })
    expect(it.sample).toMatchObject({
      quorum: { kind: 'unknown' },
      partitions: { kind: 'unknown' },
      canary: { kind: 'unknown' },
    })
    expect(it.sample.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
  })

  test('one that turns us away is there; one that only hangs up is not', async () => {
    for (const nodeId of [1, 2, 3]) region.brokers.set(nodeId, 'hangs-up')
    expect(gradeOf(await look()).grade).toBe('failing')
    region.brokers.set(3, 'locked')
    expect(gradeOf(await look()).grade).toBe('blind')
    region.brokers.set(3, 'defect')
    expect(gradeOf(await look()).grade).toBe('blind')
  })

  test('brokers that moved to other addresses are found through the bootstrap addresses', async () => {
    probe = probeOf({ bootstrap: ['b1:9092', 'b4:9092'] })
    await look()
    for (const nodeId of [1, 2, 3]) region.brokers.set(nodeId, 'dead')
    region.brokers.set(4, 'up')
    region.leaders = [4]
    const found: string[] = []
    for (let at = 0; at < 2; at++) found.push(gradeOf(await look()).grade)
    expect(found).toContain('good')
  })

  test('of many, some are looked at each time, all in turn, and none is forgotten', async () => {
    region = new ScriptedRegion(30)
    probe = probeOf({ bootstrap: ['b1:9092'] })
    await look()
    const seen = new Set<number | undefined>()
    for (let at = 0; at < 3; at++) {
      const { brokers } = (await look()).sample
      const fresh = brokers.filter(({ isFresh }) => isFresh)
      expect(fresh.length).toBeLessThanOrEqual(13)
      for (const { nodeId } of fresh) seen.add(nodeId)
    }
    expect(seen.size).toBe(30)
    expect((await look()).sample.brokers).toHaveLength(30)
  })
})

describe('the controller quorum', () => {
  test('that does not answer is lost, while the rest is seen', async () => {
    region.quorum = 'lost'
    const it = await look()
    expect(codesOf(it)).toEqual(['quorum-lost'])
    expect(it.sample.canary).toMatchObject({ value: { written: 3 } })
    expect(region.open).toBe(0)
  })

  test.each(['zookeeper', 'forbidden'] as const)(
    'that cannot be asked (%s) is not held against the region',
    async (why) => {
      region.quorum = why
      const it = await look()
      expect(it.sample.quorum.kind).toBe('unknown')
      expect(gradeOf(it).grade).toBe('good')
    },
  )

  test('tells the time where no canary does', async () => {
    probe = probeOf({ canary: false })
    const { sample } = await look()
    expect(sample.canary).toEqual({ kind: 'unknown', reason: 'no canaries are written to this region' })
    expect(sample.clock).toMatchObject({ kind: 'ok', value: { offsetMs: 700 } })
    expect(region.logs.size).toBe(0)
  })
})

describe('partitions', () => {
  const partition = (leaderId: number, isr: number[]) => {
    return { partition: 0, errorCode: 0, leaderId, leaderEpoch: 1, replicas: [1, 2, 3], isr }
  }
  const topic = (name: string, one: ReturnType<typeof partition>) => {
    return { name, topicId: name, isInternal: false, errorCode: 0, partitions: [one] }
  }

  test('are looked at again at once while something is wrong with them, else after a while', async () => {
    await look()
    region.topics = [topic('a', partition(-1, [3])), topic('b', partition(1, [1]))]
    const soon = probe.look(report('self'), never)
    await clock.pass(0)
    // The first look has been more than ten seconds ago: `look` lets eleven pass.
    expect(codesOf(await soon)).toEqual(['partitions-offline', 'partitions-under-min-isr'])
    region.topics = [topic('a', partition(1, [1, 2, 3]))]
    const sooner = probe.look(report('self'), never)
    await clock.pass(0)
    expect(codesOf(await sooner)).toEqual([])
    region.topics = [topic('a', partition(-1, [3]))]
    const unseen = probe.look(report('self'), never)
    await clock.pass(0)
    expect(codesOf(await unseen)).toEqual([])
  })

  test('name brokers that hold replicas and are gone', async () => {
    region.topics = [topic('a', { ...partition(1, [1, 2]), replicas: [1, 2, 9] })]
    expect(codesOf(await look())).toEqual(['broker-missing'])
  })
})

describe('canaries', () => {
  test('have their topic made once, and again after a while where that failed', async () => {
    region.leaders = undefined
    region.createCode = 44
    const reasons: unknown[] = []
    for (let at = 0; at < 4; at++) reasons.push((await look()).sample.canary)
    expect(new Set(reasons.map((it) => JSON.stringify(it))).size).toBe(1)
    expect(reasons[0]).toEqual({ kind: 'unknown', reason: '__isthmus.health could not be made: POLICY_VIOLATION' })
    expect(region.created).toBe(2)
    region.createCode = 0
    for (let at = 0; at < 4; at++) await look()
    expect((await look()).sample.canary.kind).toBe('ok')
  })

  test('that no broker can take leave the region stuck', async () => {
    region.produceCode = 19
    const { grade, findings } = gradeOf(await look())
    expect([grade, findings[0]?.text]).toEqual([
      'stuck',
      'no broker takes a write: __isthmus.health-0 was refused with NOT_ENOUGH_REPLICAS (19)',
    ])
  })

  test('that this principal may not write say nothing about the region', async () => {
    region.produceCode = 29
    const it = await look()
    expect(it.sample.canary).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('29') })
    expect(gradeOf(it).grade).toBe('good')
  })

  test('without any leader leave it stuck', async () => {
    region.leaders = [-1, -1]
    expect(gradeOf(await look())).toMatchObject({ grade: 'stuck', findings: [{ code: 'writes-refused' }] })
  })

  test('bring the reports of others, with an age by the clock of the broker', async () => {
    await look()
    appendReport(region, 1, report('other', 8), region.nowMs() - 4_000)
    appendReport(region, 1, Buffer.from('something else'), region.nowMs())
    const { heard } = await look(report('self', 2))
    const others = heard.filter((it) => it.report.vantage === 'other')
    expect(others.map(({ report: it, ageMs }) => [it.sequence, ageMs])).toEqual([[8, 4_000]])
    const again = (await look(report('self', 3))).heard
    expect(again.filter((it) => it.report.vantage === 'other')).toEqual([])
    expect(again.filter((it) => it.report.vantage === 'self').map((it) => it.report.sequence)).toEqual([3, 3, 3])
  })
})

test('an aborted look ends at once and leaves nothing open', async () => {
  region.quorum = 'lost'
  const stop = new AbortController()
  const looking = probe.look(report('self'), stop.signal)
  const ended = expect(looking).rejects.toThrow('stop')
  await clock.pass(100)
  stop.abort(new Error('stop'))
  await ended
  expect(region.open).toBe(0)
})
