import { beforeEach, describe, expect, it } from 'vitest'
import { MapWriter } from '../../../../src/replication/shards/map-writer.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
import { modelDecode } from '../../kafka/records/model.ts'
import { flowEntry, KEY, LogInMemory, makeTenure, ManualClock, settle, uuid } from '../flows/flow-fixtures.ts'

let clock: ManualClock
let log: LogInMemory
let tenure: Tenure

beforeEach(() => {
  clock = new ManualClock()
  log = new LogInMemory()
  tenure = makeTenure(clock, log)
})

const entry = (source: number) => flowEntry({ segments: [{ source, target: source, causes: 0 }] })
const sequences = () =>
  log.appended.map((batch) => [modelDecode(batch).baseSequence, modelDecode(batch).records.length])

describe('the map writer', () => {
  it('applies an entry to the map once it is acknowledged, not before', async () => {
    const goOn = log.hold()
    const written = tenure.writer.append(entry(0))
    await settle()
    expect(tenure.map.flow(KEY)).toBeUndefined()
    goOn()
    await written
    expect(tenure.map.flow(KEY)?.lastSegment.source).toBe(0)
  })

  it('has one batch in flight and puts everything that waits into the next', async () => {
    const goOn = log.hold()
    const all = [0, 1, 2, 3].map((source) => tenure.writer.append(entry(source)))
    goOn()
    await Promise.all(all)
    expect(sequences()).toEqual([
      [0, 1],
      [1, 3],
    ])
  })

  it.each([{ kind: 'unknown' as const }, { kind: 'answered' as const, errorCode: 6 }])(
    'sends a batch again with the same sequence after $kind $errorCode',
    async (outcome) => {
      log.answers.push(outcome, outcome)
      const written = tenure.writer.append(entry(0))
      await clock.pass(5_000)
      await written
      await tenure.writer.append(entry(1))
      expect(sequences()).toEqual([
        [0, 1],
        [0, 1],
        [0, 1],
        [1, 1],
      ])
    },
  )

  it.each([
    [47, 'fenced'],
    [45, 'restart'],
    [59, 'restart'],
  ])('ends the tenure on %i as %s and rejects everything that waits', async (errorCode, kind) => {
    log.answers.push({ kind: 'answered', errorCode })
    const all = [tenure.writer.append(entry(0)), tenure.writer.append(entry(1))]
    const outcomes = await Promise.allSettled(all)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(tenure.ended?.kind).toBe(kind)
    await expect(tenure.writer.append(entry(2))).rejects.toThrow('ended')
  })

  it('stops trying when the tenure ends', async () => {
    log.answers.push(...Array.from({ length: 50 }, () => ({ kind: 'unknown' as const })))
    const written = tenure.writer.append(entry(0))
    const checked = expect(written).rejects.toThrow('released')
    await clock.pass(1_000)
    tenure.end({ kind: 'restart', reason: 'released' })
    await checked
    expect(clock.pendingTimers).toBe(0)
  })

  it('tells of a map partition that takes nothing, and goes on trying', async () => {
    const told: string[] = []
    const writer = new MapWriter({
      shard: 0,
      mapTopicId: uuid(9),
      identity: tenure.identity,
      log: log.log,
      map: tenure.map,
      clock,
      random: { next: () => 0.5 },
      signal: tenure.signal,
      onEnd: () => undefined,
      onTrouble: (reason) => told.push(reason),
    })
    for (let refusal = 0; refusal < 9; refusal++) log.answers.push({ kind: 'answered', errorCode: 19 })
    const written = writer.append(entry(0))
    await clock.pass(20_000)
    await written
    expect(told).toEqual(['the map takes no entries: NOT_ENOUGH_REPLICAS'])
  })
})
