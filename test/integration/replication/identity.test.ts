import { describe, expect, test } from 'vitest'
import type { Side } from './copy-trial.ts'
import { contents, Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const { source, target, from, to } = await startTwoRegions()

/** What was lost, or is not what it was, while flows run and while nobody looks. */
describe('loss and identity', () => {
  const recreate = async (side: Side, topic: string) => {
    const before = await side.topicId(topic)
    await side.cluster.deleteTopics([topic], signal)
    await eventually(
      `${topic} is gone`,
      async () => ((await side.topicId(topic)) === before ? undefined : true),
      () => '',
    )
    await side.createTopic(topic)
  }
  const deleteBelow = async (topic: string, offset: number) => {
    await from.cluster.deleteRecords([{ topic, partition: 0, offset }], signal)
  }
  const open = (copier: Copier) => copier.incidents().filter(({ acknowledged }) => acknowledged === null)
  const incident = (copier: Copier, code: string) =>
    eventually(
      `an incident ${code}`,
      () => copier.incidents(code).at(-1),
      () => copier.describe(),
    )

  test('a gap stops the flow until it is acknowledged, also over a restart, and is named exactly', async () => {
    const topic = 'gap.stop'
    await from.createTopic(topic)
    await from.produce(topic, values('a', 10))
    const first = new Copier(source, target, topic, { policies: { retentionGap: 'stop' } })
    await first.untilCopied(10)
    await first.stop()
    await from.produce(topic, values('b', 10))
    await deleteBelow(topic, 15)

    const second = new Copier(source, target, topic, { policies: { retentionGap: 'stop' } })
    expect((await second.untilStopped()).fault?.code).toBe('FLOW_RETENTION_GAP')
    await second.stop()
    const third = new Copier(source, target, topic, { policies: { retentionGap: 'stop' } })
    await third.untilStopped()
    const [found, ...others] = third.incidents()
    expect(others).toEqual([])
    expect(found).toMatchObject({ source: { from: 10, to: 15 }, action: 'stopped', acknowledged: null })
    await third.replicator.acknowledgeIncident({ id: found!.id, by: 'ada', note: 'known' })
    await third.untilCopied(20)
    expect(contents(await to.read(topic)).length).toBe(15)
    expect(third.incidents()[0]?.acknowledged).toMatchObject({ by: 'ada', note: 'known' })
    await third.stop()
  }, 90_000)

  test('a source made anew stops the flow, however long its log, until a reseed is asked for', async () => {
    const topic = 'source.anew'
    await from.createTopic(topic)
    await from.produce(topic, values('old', 5))
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(5)
    await recreate(from, topic)
    await from.produce(topic, values('new', 12))
    expect((await copier.untilStopped()).fault?.code).toBe('FLOW_SOURCE_RECREATED')
    expect(contents(await to.read(topic))).toHaveLength(5)
    const { id, source: range } = await incident(copier, 'FLOW_SOURCE_RECREATED')
    expect(range).toEqual({ from: 5, to: 5 })
    await copier.replicator.acknowledgeIncident({ id, by: 'ada', note: '', action: 'reseed' })
    await copier.untilCopied(12)
    expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    expect(copier.incidents()).toHaveLength(1)
    await copier.stop()
  }, 90_000)

  test('a target topic that is deleted is copied again, which is told', async () => {
    const topic = 'target.anew'
    await from.createTopic(topic)
    await from.produce(topic, values('a', 7))
    const copier = new Copier(source, target, topic, { start: 'earliest' })
    await copier.untilCopied(7)
    await to.cluster.deleteTopics([topic], signal)
    const found = await incident(copier, 'FLOW_TARGET_REBUILT')
    expect(found).toMatchObject({
      action: 'copied-again',
      source: { from: 0, to: 7 },
      target: { from: 0, to: 7 },
    })
    await copier.untilCopied(7)
    expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    await copier.stop()
  }, 90_000)

  test('a foreign record on an idle flow is noticed, named with its writer, and goes with a reseed', async () => {
    const topic = 'foreign.idle'
    await from.createTopic(topic)
    await from.produce(topic, values('a', 4))
    const copier = new Copier(source, target, topic)
    await copier.untilCopied(4)
    await to.produce(topic, values('foreign', 3))
    expect((await copier.untilStopped()).fault?.code).toBe('FLOW_DIVERGED')
    const { id, target: range, reason } = await incident(copier, 'FLOW_DIVERGED')
    expect(range).toEqual({ from: 4, to: 7 })
    expect(reason).toContain('a producer without an id')
    await copier.replicator.acknowledgeIncident({ id, by: 'ada', note: '', action: 'reseed' })
    await copier.untilCopied(4)
    expect(contents(await to.read(topic))).toEqual(contents(await from.read(topic)))
    await copier.stop()
  }, 90_000)

  test('a foreign writer is put right by itself where the policy says so, with more partitions and no false incident', async () => {
    const topic = 'foreign.reseed'
    await from.cluster.createTopics([{ topic, partitions: 3, replicationFactor: -1, configs: {} }], signal)
    await eventually(
      'leaders',
      async () => ((await from.end(topic, 2)) === 0 ? true : undefined),
      () => '',
    )
    await from.produce(topic, values('a', 30))
    const options = { policies: { foreignWriter: 'reseed', targetRebuilt: 'stop' } } as const
    const copier = new Copier(source, target, topic, options)
    const copied = () => {
      const flows = copier.replicator.status().links[0]?.flows ?? []
      return flows.length === 3 && flows.every(({ state, lagRecords }) => state === 'running' && lagRecords === 0)
    }
    const untilCopied = () =>
      eventually(
        'copied',
        () => copied() || undefined,
        () => copier.describe(),
      )
    await untilCopied()
    await copier.stop()
    await to.produce(topic, values('foreign', 1))
    const again = new Copier(source, target, topic, options)
    await incident(again, 'FLOW_DIVERGED')
    await eventually(
      'copied again',
      async () => {
        for (const partition of [0, 1, 2]) {
          // The copy's topic may be gone this very moment: it is made anew.
          const copy = await to.read(topic, partition).catch(() => undefined)
          if (copy === undefined || contents(await from.read(topic, partition)).join() !== contents(copy).join()) {
            return undefined
          }
        }
        return true
      },
      () => again.describe(),
    )
    expect(again.incidents().map(({ code }) => code)).toEqual(['FLOW_DIVERGED'])
    expect(open(again)).toHaveLength(1)
    await again.stop()
  }, 90_000)
})
