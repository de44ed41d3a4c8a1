import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { type Cluster, openCluster } from '../../src/kafka/index.ts'
import { type LocalRegion, localPorts, startRegion } from '../../src/local/index.ts'
import type { GroupsBody, StatusBody } from '../../src/api/contract/index.ts'
import { untilCopied } from '../support/copying.ts'
import { DelayProxy } from '../support/delay-proxy.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { commitGroups, positionsAt, RequestCounter } from '../support/many-groups.ts'
import { readUsage } from '../support/process-usage.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * What thousands of groups cost the process and the target, with a pass a second: while none of them moves, and while
 * one in ten does. Requests are counted on the wire; a group at a time would take one of each kind for every group.
 */
const TOPIC = 'orders'
const LINK = 'source-to-target'
const SYNC_LIMIT_MS = 120_000

export const trial: Trial = {
  name: 'positions',
  describe: 'requests and processor time of keeping the positions of thousands of groups in step',
  options: {
    groups: { describe: 'consumer groups', default: '2000' },
    partitions: { describe: 'partitions each group has positions in', default: '3' },
    seconds: { describe: 'how long is measured', default: '20' },
  },
  fields: ['groups', 'positions', 'secondsToSync', 'idleRequestsAPass', 'idleCore', 'movingCore', 'commitsAGroupMoved'],
  populations: ['groups', 'positions', 'idleRequestsAPass', 'commitsAGroupMoved'],

  async run({ short, options }, { signal, log }) {
    const groups = short ? 300 : Number(options.groups)
    const partitions = Number(options.partitions)
    const seconds = short ? 4 : Number(options.seconds)
    const counter = new RequestCounter()
    using folder = new TrialFolder()
    const [proxyPort = 0] = await localPorts.take(1)
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal }),
      startRegion({ name: 'target', signal, advertisedPorts: [proxyPort] }),
    ])
    await using _source = source
    await using _target = target
    const targetPort = Number(target.bootstrap[0]?.split(':')[1])
    await using _proxy = await DelayProxy.start({
      listenPort: proxyPort,
      targetPort,
      delayMs: 0,
      onRequest: counter.count,
    })
    await using cluster = clusterOf(source)
    const bootstrap = source.bootstrap.join(',')
    await folder.produce('records', { bootstrap, topics: TOPIC, partitions, count: 3_000 }, signal)
    const rest = `links:\n  - { name: ${LINK}, source: source, target: target, topics: { include: [${TOPIC}] }, consumerGroups: { include: ["*"] } }`
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest })
    await untilCopied(isthmus, { link: LINK, flowCount: partitions }, signal)
    const core = async (during: () => Promise<void>) => {
      const before = readUsage(isthmus.pid).cpuSeconds
      const startedMs = performance.now()
      await during()
      return ((readUsage(isthmus.pid).cpuSeconds - before) * 1_000) / (performance.now() - startedMs)
    }
    const pause = () => sleep(seconds * 1_000, undefined, { signal })
    const bare = await core(pause)

    const names = Array.from({ length: groups }, (_, at) => `group-${at}`)
    await commitGroups(cluster, names, positionsAt(TOPIC, partitions, 1), signal)
    const startedMs = performance.now()
    await untilSynced(isthmus, { groups, offset: 1 }, signal)
    const secondsToSync = (performance.now() - startedMs) / 1_000
    log(`${groups} groups are in step`)

    await sleep(2_000, undefined, { signal })
    const before = counter.groups
    const idle = await core(pause)
    const after = counter.groups
    const passes = after.ListGroups - before.ListGroups
    const requests =
      Object.values(after).reduce((sum, one) => sum + one, 0) - Object.values(before).reduce((sum, one) => sum + one, 0)

    const moving = names.filter((_, at) => at % 10 === 0)
    let moves = 0
    const movingCore = await core(async () => {
      const endsAtMs = performance.now() + seconds * 1_000
      for (let offset = 2; performance.now() < endsAtMs; offset++) {
        await commitGroups(cluster, moving, positionsAt(TOPIC, partitions, offset), signal)
        moves += moving.length
        await sleep(1_500, undefined, { signal })
      }
    })
    const commits = counter.of('OffsetCommit') - after.OffsetCommit
    const summary = {
      groups,
      positions: groups * partitions,
      secondsToSync: round(secondsToSync),
      idleRequestsAPass: round(requests / passes),
      idleCommits: after.OffsetCommit - before.OffsetCommit,
      bareCore: round(bare),
      idleCore: round(idle),
      movingCore: round(movingCore),
      commitsAGroupMoved: round(commits / moves),
    }
    return { ok: summary.idleCommits === 0 && commits <= moves, rows: [summary], summary }
  },
}

function clusterOf(region: LocalRegion): Cluster {
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name: region.name, bootstrap: region.bootstrap, context })
}

async function untilSynced(
  isthmus: IsthmusProcess,
  { groups, offset }: { groups: number; offset: number },
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    const status = JSON.parse(await isthmus.get('/api/v1/status')) as StatusBody
    const page = JSON.parse(await isthmus.get(`/api/v1/links/${LINK}/groups?limit=1000&state=synced`)) as GroupsBody
    const isDone =
      page.total === groups && page.groups.every((one) => one.positions.every((at) => at.sourceOffset === offset))
    return isDone && status.links[0]?.groups === groups ? true : undefined
  }
  await eventually('every group is in step', look, { limitMs: SYNC_LIMIT_MS, everyMs: 250, signal })
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
