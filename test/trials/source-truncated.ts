import { systemClock as clock, systemRandom as random } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import {
  acknowledge,
  codesOf,
  compareUntilEqual,
  isStoppedBy,
  judgeNames,
  listIncidents,
  noComparison,
  addTo,
  spansOf,
  Stage,
  sumOf,
  untilFlows,
  untilNamed,
} from '../support/loss-stage.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A real unclean election: the follower of some topics is stopped, records are written and copied that only the leader
 * has, the leader dies, and the follower comes back and leads. Its logs end before the copies do; into some of them is
 * written until they are longer again. What the source lost is named exactly; the old copies are kept until a reseed.
 */
const CODE = 'FLOW_SOURCE_TRUNCATED'
const topicsOf = (policy: string) => ['shorter', 'grown'].map((how) => `${policy}.${how}`)
const STOP = topicsOf('stop')
const RESEED = topicsOf('reseed')
const ALL = [...STOP, ...RESEED]
const GROWN = ALL.filter((topic) => topic.endsWith('.grown'))
const [LEADER, FOLLOWER] = [0, 1]
const REST = `links:
  - { name: stopping, source: source, target: target, topics: { include: ["stop.*"] } }
  - { name: reseeding, source: source, target: target, topics: { include: ["reseed.*"] }, policies: { sourceTruncated: reseed, targetRebuilt: stop } }`

export const trial: Trial = {
  name: 'source-truncated',
  describe:
    'what an unclean election took from the source after it was copied is named exactly, also when it grew again',
  fields: ['lost', 'named', 'destroyed', 'repeated', 'reordered', 'different', 'unattributed', 'fault', 'compared'],
  populations: ['named', 'destroyed', 'compared'],

  async run(_arguments, { signal, log }) {
    using folder = new TrialFolder()
    const regions = await Promise.all([
      startRegion({ name: 'source', brokers: 3, heapMb: 256, signal }),
      startRegion({ name: 'target', signal }),
    ])
    const [from, to] = regions
    await using _from = from
    await using _to = to
    await using source = new Stage(from, { folder, signal })
    await using target = new Stage(to, { folder, signal })
    const [leader = -1, follower = -1] = await createReplicated(from, source, signal)
    await source.write(ALL, 1_200)
    const kept = await source.offsets(ALL, -1)
    await using isthmus = await IsthmusProcess.start({ regions: [from, to], rest: REST })
    const untilAllCopied = async () => {
      for (const link of ['stopping', 'reseeding']) await untilCopied(isthmus, { link, flowCount: 2 }, signal)
    }
    await untilAllCopied()

    await from.stopBroker(FOLLOWER, { hard: true })
    await untilReplicas(source, ({ isr }) => isr.length === 1 && isr[0] === leader, signal)
    await source.write(ALL, 400)
    const ends = await source.offsets(ALL, -1)
    await untilAllCopied()
    const before = await target.read(STOP)
    isthmus.freeze()
    await from.stopBroker(LEADER, { hard: true })
    await from.startBroker(FOLLOWER, signal)
    await untilReplicas(source, ({ leaderId }) => leaderId === follower, signal)
    log('the follower leads: the source has lost what was copied last')
    await source.write(GROWN, 1_600)
    isthmus.wake()

    await untilNamed(isthmus, CODE, { places: ALL.map((topic) => `${topic}/0`) }, signal)
    await untilFlows(isthmus, 'stopping', isStoppedBy(CODE), signal)
    const total = noComparison()
    addTo(
      total,
      await compareUntilEqual(
        () => Promise.resolve(before),
        () => target.read(STOP),
        0,
      ),
    )
    const incidents = await listIncidents(isthmus)
    const destroyed = new Map([...ends].map(([place, end]) => [place, [{ from: kept.get(place) ?? 0, to: end }]]))
    const names = judgeNames(destroyed, spansOf(incidents, 'source'))
    await acknowledge(
      isthmus,
      incidents.filter(({ topic }) => STOP.includes(topic)),
      'reseed',
    )
    addTo(
      total,
      await compareUntilEqual(
        () => source.read(ALL),
        () => target.read(ALL),
      ),
    )
    const fault = codesOf(await listIncidents(isthmus))
    const summary = { ...total, ...names, fault }
    return { ok: sumOf(total) + names.unattributed === 0 && fault === CODE, rows: [summary], summary }
  },
}

/** Each on the leader and the follower, with unclean elections allowed; answers their node ids. */
async function createReplicated(region: LocalRegion, source: Stage, signal: AbortSignal): Promise<number[]> {
  const { brokers } = await source.cluster.metadata([], signal)
  const ids = [LEADER, FOLLOWER].map((index) => {
    return brokers.find(({ host, port }) => `${host}:${port}` === region.bootstrap[index])?.nodeId ?? -1
  })
  const kafka = createKafkaJs({ name: region.name, bootstrap: region.bootstrap, context: { clock, random } })
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = [
    { name: 'unclean.leader.election.enable', value: 'true' },
    { name: 'min.insync.replicas', value: '1' },
  ]
  const replicaAssignment = [{ partition: 0, replicas: ids }]
  const topics = ALL.map((topic) => ({ topic, replicaAssignment, configEntries }))
  // Waited for below: brokers hear of new topics one after the other.
  await admin.createTopics({ waitForLeaders: false, topics })
  await admin.disconnect()
  await untilReplicas(source, ({ leaderId, isr }) => leaderId === ids[0] && isr.length === 2, signal)
  return ids
}

async function untilReplicas(
  source: Stage,
  isThere: (partition: { readonly leaderId: number; readonly isr: readonly number[] }) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    const seen = await source.cluster.metadata(ALL, signal).catch(() => undefined)
    return seen?.topics.every(({ partitions }) => partitions.length === 1 && partitions.every(isThere)) || undefined
  }
  await eventually('the replicas are as wanted', look, { limitMs: 90_000, everyMs: 200, signal })
}
