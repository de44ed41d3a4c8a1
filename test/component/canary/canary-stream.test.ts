import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DrillStream, StreamReport } from '../../../src/failover/index.ts'
import { ERRORS } from '../../support/fake-broker/errors.ts'
import type { FaultRule } from '../../support/faults/fault-script.ts'
import { refuseProduce } from '../../support/faults/refuse-produce.ts'
import { eu, READER, TOPIC, TwoRegions, us } from './two-regions.ts'

/** A canary stream over two fake brokers; what links and fences do is done by hand. */
const never = new AbortController().signal
const LIMIT = { timeout: 15_000 }
const CLEAN = { lost: 0, lostSpanMs: 0, repeated: 0, reordered: 0, damaged: 0, overlaps: 0, readAgain: 0, unread: 0 }

let regions: TwoRegions

beforeEach(async () => {
  regions = await TwoRegions.start()
})

afterEach(async () => {
  await regions[Symbol.asyncDispose]()
})

async function started(options?: Parameters<TwoRegions['stream']>[0]): Promise<DrillStream> {
  const stream = regions.stream(options)
  await stream.start(never)
  return stream
}

/** So many more records are acknowledged in the region that the stream follows. */
async function untilAcknowledged(stream: DrillStream, more = 20): Promise<void> {
  const before = stream.progress().acknowledgedHere
  await expect.poll(() => stream.progress().acknowledgedHere, LIMIT).toBeGreaterThanOrEqual(before + more)
}

/** Fences the first region, has the second one get everything but the last records, and opens that. */
async function switchOver(stream: DrillStream, missing = 0): Promise<void> {
  regions.fence(eu)
  await expect.poll(() => readerAtEnd(), LIMIT).toBe(true)
  regions.copy(missing)
  const before = stream.progress().acknowledged
  regions.lift(us)
  await expect.poll(() => stream.progress().acknowledged, LIMIT).toBeGreaterThan(before)
}

function readerAtEnd(): boolean {
  const { topics, groups } = regions.state(eu)
  const partitions = [...(topics.get(TOPIC)?.partitions ?? []).entries()]
  return partitions.every(([index, { end }]) => groups.get(READER)?.get(`${TOPIC}/${index}`)?.offset === end)
}

function total({ acknowledged, refused, unknown }: StreamReport): number {
  return acknowledged + unknown + Object.values(refused).reduce((sum, times) => sum + times, 0)
}

describe('a stream that nothing happens to', () => {
  test('makes its topic, and has every record once, in order and read', async () => {
    expect(regions.state(eu).topics.has(TOPIC)).toBe(false)
    const stream = await started()
    await untilAcknowledged(stream)
    const report = await stream.stop(never)
    expect(report).toMatchObject({ ...CLEAN, refused: {}, unknown: 0, moves: [] })
    expect(report.acknowledged).toBeGreaterThanOrEqual(20)
    expect(regions.ends(eu)).toBe(report.acknowledged)
    expect(regions.ends(us)).toBe(0)
  })

  test('ends with its consumer group gone, and counts once', async () => {
    const stream = await started()
    regions.copy()
    expect(regions.state(us).groups.has(READER)).toBe(true)
    const report = await stream.stop(never)
    expect(await stream.stop(never)).toBe(report)
    for (const region of [eu, us]) expect([...regions.state(region).groups.keys()]).toEqual([])
    const end = regions.ends(eu)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(regions.ends(eu)).toBe(end)
  })

  test('does not count what another process has written for the same drill', async () => {
    const first = await started()
    await untilAcknowledged(first)
    const second = await started()
    await untilAcknowledged(second)
    expect(await first.stop(never)).toMatchObject(CLEAN)
    expect(await second.stop(never)).toMatchObject({ lost: 0, repeated: 0, damaged: 0 })
  })
})

describe('a move', () => {
  test('is followed by itself, and measured at the client', async () => {
    const stream = await started()
    await untilAcknowledged(stream)
    await switchOver(stream)
    await untilAcknowledged(stream)
    await expect.poll(() => stream.progress().readHere, LIMIT).toBeGreaterThan(0)
    stream.follow(us)
    const report = await stream.stop(never)
    expect(report).toMatchObject({ ...CLEAN, unknown: 0, moves: [{ to: us }] })
    expect(report.refused['TOPIC_AUTHORIZATION_FAILED']).toBeGreaterThan(0)
    expect(total(report)).toBe(report.attempted)
    const [move] = report.moves
    expect(move?.writePauseMs).toBeGreaterThan(0)
    expect(move?.firstReadAfterMs).toBeGreaterThanOrEqual(0)
  })

  test('that leaves records behind has lost as many', async () => {
    const stream = await started()
    await untilAcknowledged(stream)
    await switchOver(stream, 4)
    await untilAcknowledged(stream)
    expect(await stream.stop(never)).toMatchObject({ ...CLEAN, lost: 4, lostSpanMs: expect.any(Number) })
  })

  test('that copies records again has repeated as many, and its reader is given them again', async () => {
    const stream = await started()
    await untilAcknowledged(stream)
    regions.appendAgain(0, (value) => value)
    await untilAcknowledged(stream)
    expect(await stream.stop(never)).toMatchObject({ ...CLEAN, repeated: 1, readAgain: 1, reordered: 0 })
  })
})

describe('two regions that are open at once', () => {
  test('are seen, without a record being written into the second one', async () => {
    const stream = await started()
    await untilAcknowledged(stream)
    regions.lift(us)
    await untilAcknowledged(stream)
    const report = await stream.stop(never)
    expect(report.overlaps).toBeGreaterThan(0)
    expect(report).toMatchObject({ lost: 0, moves: [] })
    expect(regions.ends(us)).toBe(0)
  })

  test('are left alone: one that was never closed is entered only when it is said so', async () => {
    regions.lift(us)
    const stream = await started()
    regions.fence(eu)
    await expect.poll(() => stream.progress().acknowledged - stream.progress().read, LIMIT).toBe(0)
    expect(regions.ends(us)).toBe(0)
    regions.copy()
    stream.follow(us)
    await untilAcknowledged(stream)
    expect(await stream.stop(never)).toMatchObject({ lost: 0, moves: [{ to: us }] })
  })

  test('are not looked for without a principal of applications', async () => {
    regions.lift(us)
    const stream = await started({ knowsApplications: false })
    await untilAcknowledged(stream)
    expect(await stream.stop(never)).toMatchObject(CLEAN)
  })
})

describe('a write', () => {
  test.each<[string, Pick<FaultRule, 'action'>]>([
    ['whose answer is lost behind the append', { action: { kind: 'lose-answer' } }],
    ['that never reached the broker', { action: { kind: 'close' } }],
    ['that was appended by too few replicas', { action: refuseProduce(20) }],
  ])('%s is unknown: neither acknowledged nor lost', async (_what, rule) => {
    const stream = await started()
    regions.script.add({ name: 'fault', api: 'Produce', clientId: 'application', times: 3, ...rule })
    await expect.poll(() => regions.script.counts, LIMIT).toEqual({ fault: 3 })
    await untilAcknowledged(stream)
    const report = await stream.stop(never)
    expect(report).toMatchObject({ ...CLEAN, refused: {}, unknown: 3 })
    expect(total(report)).toBe(report.attempted)
  })

  test('that is refused for another reason is counted by that', async () => {
    const stream = await started()
    const action = refuseProduce(ERRORS.UNKNOWN_TOPIC_OR_PARTITION)
    regions.script.add({ name: 'fault', api: 'Produce', times: 2, action })
    await untilAcknowledged(stream)
    expect(await stream.stop(never)).toMatchObject({ ...CLEAN, unknown: 0, refused: { UNKNOWN_TOPIC_OR_PARTITION: 2 } })
  })
})

test('a log that was changed on the way is damaged', async () => {
  const stream = await started()
  regions.appendAgain(1, (value) => value.replace(' 1 ', ' 100 '))
  await untilAcknowledged(stream)
  expect(await stream.stop(never)).toMatchObject({ ...CLEAN, damaged: 1 })
})

test('a stream that is let go of writes and reads no more', async () => {
  const stream = await started()
  await expect(stream.stop(AbortSignal.abort(new Error('another process leads')))).rejects.toThrow('another process')
  const before = stream.progress()
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(stream.progress()).toEqual(before)
  expect(await stream.stop(never)).toMatchObject({ lost: 0, repeated: 0 })
})

test('a stream whose topic does not reach every region says where it is missing', async () => {
  regions.state(us).topics.delete(TOPIC)
  const stream = regions.stream({ startWithinMs: 1_000 })
  await expect(stream.start(never)).rejects.toMatchObject({ facts: { reason: 'the topic is not in us yet' } })
  expect(await stream.stop(never)).toMatchObject({ ...CLEAN, attempted: 0, moves: [] })
})

test('a stream that nobody lets write says so, and what to allow', async () => {
  regions.state(eu).createTopic(TOPIC, 3)
  regions.fence(eu)
  const stream = regions.stream({ startWithinMs: 3_000 })
  await expect(stream.start(never)).rejects.toMatchObject({
    code: 'CANARY_NOT_STARTED',
    facts: { region: eu, what: 'acknowledged', reason: 'TOPIC_AUTHORIZATION_FAILED' },
  })
  const report = await stream.stop(never)
  expect(report).toMatchObject({ ...CLEAN, acknowledged: 0 })
  expect(report.refused['TOPIC_AUTHORIZATION_FAILED']).toBe(report.attempted)
})
