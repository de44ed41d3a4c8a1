import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { VerificationBody } from '../../../src/api/contract/index.ts'
import { IsthmusProcess, eventually as untilAnswered } from '../../support/isthmus-process.ts'
import { cli } from '../../support/run-cli.ts'
import { Copier, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'
import { lyingSource } from './lying-source.ts'

const quick = { 'log.cleaner.backoff.ms': '300', 'log.initial.task.delay.ms': '500' }
const { source, target, from, to } = await startTwoRegions({
  from: { brokerConfig: quick },
  to: { brokerConfig: { 'log.cleaner.enable': 'false' } },
})

/** 200 records, of which one arrives as another. */
async function copyWithLie(topic: string): Promise<void> {
  await from.createTopic(topic)
  for (let part = 0; part < 10; part++) await from.produce(topic, values(`${topic} ${part}`, 20))
  const lie = { text: `${topic} 6 13`, instead: `${topic} 6 XX` }
  const copier = new Copier(source, target, topic, { sourceThrough: (cluster) => lyingSource(cluster, lie) })
  await copier.untilCopied(200)
  await copier.stop()
}

describe('verifying a copy', () => {
  it('finds it equal, as blocks, while records arrive', async () => {
    await from.createTopic('same')
    await from.produce('same', values('first', 300))
    const copier = new Copier(source, target, 'same')
    await copier.untilCopied(300)
    const verifying = copier.verify()
    await from.produce('same', values('later', 50))
    const report = await verifying
    await copier.stop()
    expect(report).toMatchObject({ verdict: 'equal', partitions: [{ state: 'equal', missing: 0, extra: 0 }] })
    const [partition] = report.partitions
    expect(partition?.records).toBeGreaterThanOrEqual(300)
    expect(partition?.blockRecords).toBe(partition?.records)
    expect(copier.events('verification:ended')).toMatchObject([{ differences: 0, isComplete: true }])
  })

  it('leaves transactions out that were aborted, and compares across markers', async () => {
    const topic = 'transactions'
    await from.createTopic(topic)
    const producer = from.kafka.producer({ transactionalId: 'verify', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (let round = 0; round < 9; round++) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: values(`${round}`, 5).map((value) => ({ key: null, value })) })
      await (round % 3 === 1 ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(await from.end(topic))
    const report = await copier.verify()
    await copier.stop()
    expect(report).toMatchObject({ verdict: 'equal', partitions: [{ records: 30, missing: 0, extra: 0 }] })
  })

  it('finds the one record that differs, in every scope that holds it and in no other', async () => {
    await copyWithLie('lie')
    const copier = new Copier(source, target, 'lie')
    await copier.untilCopied(200)
    const first = { kind: 'different', sourceOffset: 133, targetOffset: 133, fields: ['value'] }
    const found = { verdict: 'different', partitions: [{ different: 1, missing: 0, extra: 0, first }] }
    expect(await copier.verify()).toMatchObject(found)
    expect(await copier.verify({ kind: 'range', fromOffset: 133, toOffset: 134 })).toMatchObject(found)
    expect(await copier.verify({ kind: 'tail', records: 80 })).toMatchObject(found)
    expect(await copier.verify({ kind: 'tail', records: 60 })).toMatchObject({ verdict: 'equal' })
    expect(await copier.verify({ kind: 'range', toOffset: 133 })).toMatchObject({ verdict: 'equal' })
    expect(await copier.verify({ kind: 'sample', stretches: 10, records: 20 })).toMatchObject(found)
    await copier.stop()
  })

  it('names what somebody deleted from the target', async () => {
    await from.createTopic('hole')
    await from.produce('hole', values('record', 100))
    const copier = new Copier(source, target, 'hole')
    await copier.untilCopied(100)
    await to.cluster.deleteRecords([{ topic: 'hole', partition: 0, offset: 30 }], signal)
    const report = await copier.verify()
    await copier.stop()
    const first = { kind: 'missing', sourceOffset: 0, targetOffset: 0 }
    expect(report).toMatchObject({ verdict: 'different', partitions: [{ missing: 30, records: 70, first }] })
  })

  it('accepts that both sides of a compacted topic keep different old records', async () => {
    const topic = 'compacted'
    const configs = { 'cleanup.policy': 'compact', 'segment.ms': '200', 'min.cleanable.dirty.ratio': '0.01' }
    await from.createTopic(topic, configs)
    const copier = new Copier(source, target, topic)
    const write = async (round: number) => {
      const producer = from.kafka.producer()
      await producer.connect()
      const messages = Array.from({ length: 20 }, (_, index) => ({ key: `k${index % 5}`, value: `${round}/${index}` }))
      await producer.send({ topic, messages })
      await producer.disconnect()
    }
    for (let round = 0; round < 3; round++) await write(round)
    await copier.untilCopied(60)
    const isCleaned = async () => {
      await from.produce(topic, ['rolls the segment'])
      return (await from.read(topic)).length < 50 ? true : undefined
    }
    await untilAnswered('the source is cleaned', isCleaned, { limitMs: 60_000 })
    await copier.untilCopied(await from.end(topic))
    const report = await copier.verify()
    await copier.stop()
    expect(report).toMatchObject({ verdict: 'equal', partitions: [{ missing: 0, extra: 0, different: 0 }] })
    expect(report.partitions[0]?.superseded).toBeGreaterThan(0)
  })
})

describe('isthmus verify', () => {
  const rest = `links:\n  - { name: trial, source: source, target: target, topics: { include: ["cmd.*"] } }`
  const start = () => IsthmusProcess.start({ regions: [source, target], rest })
  const untilRunning = (isthmus: IsthmusProcess) =>
    untilAnswered('it runs', async () => ((await isthmus.status())?.links[0]?.flows.running === 2 ? true : undefined), {
      limitMs: 30_000,
    })

  it('ends with 6 at a difference, and goes on where it was stopped after both processes are gone', async () => {
    await copyWithLie('cmd.lie')
    await from.createTopic('cmd.long')
    for (let part = 0; part < 15; part++) await from.produce('cmd.long', values('x'.repeat(4_000), 100))
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-verify-'))
    const state = join(folder, 'state.json')
    try {
      await using first = await start()
      await untilRunning(first)
      await untilAnswered(
        'copied',
        async () => ((await first.flows('trial')).every((flow) => flow.lagRecords === 0) ? true : undefined),
        { limitMs: 30_000 },
      )
      const args = ['verify', '--link', 'trial', '--state', state, '--output', 'json']
      const slow = cli([...args, '--max-mb-per-second', '2', '--api', first.apiUrl])
      const hasBegun = async () => {
        const kept = existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as VerificationBody) : undefined
        const next = kept?.partitions.find(({ topic }) => topic === 'cmd.long')?.next ?? 0
        return next > 200 && next < 1_500 ? true : undefined
      }
      await untilAnswered('a part of it is compared', hasBegun, { limitMs: 30_000 })
      await first.kill()
      expect((await slow).code).toBe(4)

      await using second = await start()
      await untilRunning(second)
      const resumed = await cli([...args, '--api', second.apiUrl])
      expect(resumed.code).toBe(6)
      const report = JSON.parse(resumed.out) as VerificationBody
      const [lie, long] = ['cmd.lie', 'cmd.long'].map((name) => report.partitions.find(({ topic }) => topic === name))
      expect(lie?.first).toEqual({ kind: 'different', sourceOffset: 133, targetOffset: 133, fields: ['value'] })
      // Everything once: what was compared before the stop was not compared again.
      expect(long).toMatchObject({ state: 'equal', from: 0, next: 1_500, records: 1_500 })

      const table = await cli(['verify', '--link', 'trial', '--topic', 'cmd.lie', '--api', second.apiUrl])
      expect(table).toMatchObject({ code: 6 })
      expect(table.out).toMatch(/cmd\.lie +0 +different +200 +1 +0 +0 +133 +133 +different value/)
      const equal = await cli(['verify', '--link', 'trial', '--topic', 'cmd.long', '--api', second.apiUrl])
      expect(equal.code).toBe(0)
      const metrics = await second.get('/metrics')
      expect(metrics).toMatch(/isthmus_verify_differences_total\{link="trial"\} 1/)
      expect(metrics).toMatch(/isthmus_last_verified_timestamp_seconds\{link="trial"\} \d+/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 120_000)
})
