import { expect, test } from 'vitest'
import { Secret } from '../../../src/credentials/index.ts'
import { type Clock, createEvents, linkName, regionName } from '../../../src/core/index.ts'
import { createLogger, createMetrics, createProgress, logReplicationEvents } from '../../../src/observability/index.ts'
import type { LinkStatus, ReplicationEvents } from '../../../src/replication/index.ts'
import { fakeReplicator, flowStatus, groupStatus, linkStatus, stoppedFlow } from '../../support/fake-replicator.ts'

function capture() {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { lines, logger: createLogger({ level: 'info', nowMs: () => 0, destination }) }
}

const metricsOf = (links: LinkStatus[]) => {
  const { port } = fakeReplicator(links)
  const metrics = createMetrics({
    status: port.status,
    events: port.events,
    nowMs: () => 1_000_000,
    processMetrics: false,
  })
  return { render: () => metrics.render(), events: port.events }
}

test('lag and counters are those of the status, at every scrape', async () => {
  const text = metricsOf([linkStatus()])
  await text.render()
  const second = await text.render()
  const flow = 'link="eu-to-us",topic="orders",partition="0"'
  expect(second).toContain(`isthmus_flow_lag_records{${flow}} 10\n`)
  expect(second).toContain(`isthmus_flow_records_copied_total{${flow}} 90\n`)
  expect(second).toContain(`isthmus_flow_observation_age_seconds{${flow}} 1\n`)
  expect(second).toContain('isthmus_positions_sync_age_seconds{link="eu-to-us",group="billing"} 2\n')
  expect(second).toContain('isthmus_link_state{link="eu-to-us",source="eu",target="us",state="running"} 1\n')
})

test('a stopped flow has no lag, even where the status still holds an old one', async () => {
  const stale = stoppedFlow({ lagRecords: 0, lagSeconds: 0, observedAtMs: null })
  const text = await metricsOf([linkStatus({ flows: [stale] })]).render()
  expect(text).not.toMatch(/^isthmus_flow_lag_\w+\{/m)
  expect(text).toMatch(/^isthmus_flow_observation_age_seconds\{.*\} \+Inf$/m)
})

test('shards are counted as they come and go', async () => {
  const { render, events } = metricsOf([])
  const target = regionName('us')
  const owned = { target, producerId: 1n, producerEpoch: 0, fenced: 'first' as const, tookMs: 1 }
  for (const shard of [1, 2, 3]) events.emit('shard:owned', { ...owned, shard })
  events.emit('shard:handed-over', { target, shard: 1 })
  events.emit('shard:lost', { target, shard: 2, code: 'SHARD_FENCED', reason: 'fenced' })
  const text = await render()
  expect(text).toContain('isthmus_shards_owned{target="us"} 1\n')
  expect(text).toContain('isthmus_shards_lost_total{target="us"} 1\n')
})

test('an event becomes a sentence with fields', () => {
  const { lines, logger } = capture()
  const events = createEvents<ReplicationEvents>()
  const stop = logReplicationEvents(events, logger)
  const flow = { link: linkName('a'), topic: 't', targetTopic: 't', partition: 3 }
  events.emit('flow:gap', { ...flow, kind: 'retention', fromOffset: 5, toOffset: 9 })
  stop()
  events.emit('flow:started', { ...flow, sourceNext: 0, targetNext: 0 })
  expect(lines).toMatchObject([
    {
      level: 'error',
      event: 'flow:gap',
      partition: 3,
      msg: 'flow t-3 of link a lost source offsets 5 to 8: retention removed them before they were copied',
    },
  ])
})

test('bigints and secrets are safe in a log', () => {
  const { lines, logger } = capture()
  const events = createEvents<ReplicationEvents>()
  logReplicationEvents(events, logger)
  const owned = { shard: 0, producerEpoch: 1, fenced: 'first' as const, tookMs: 1.4 }
  events.emit('shard:owned', { ...owned, target: regionName('us'), producerId: 7n })
  logger.info({ password: 'canary', sasl: { password: 'canary' }, held: new Secret('canary') }, 'hello')
  expect(lines[0]).toMatchObject({ producerId: '7' })
  expect(JSON.stringify(lines)).not.toContain('canary')
})

test('a link that is far behind tells rate, rest and time every ten seconds', () => {
  const timers: (() => void)[] = []
  let nowMs = 0
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer: (_delayMs, action) => {
      timers.push(action)
      return { cancel: () => undefined }
    },
  }
  const { lines, logger } = capture()
  const link = linkName('eu-to-us')
  let progress = { link, recordsCopied: 90, remainingRecords: 1_000_000 }
  createProgress({ clock, logger, progress: () => [progress] }).start()
  progress = { link, recordsCopied: 90 + 500_000, remainingRecords: 600_000 }
  nowMs = 10_000
  timers.shift()?.()
  progress = { ...progress, remainingRecords: 3 }
  nowMs = 20_000
  timers.shift()?.()
  expect(lines.map((line) => line.msg)).toEqual([
    'link eu-to-us is catching up: 50,000 records/s, 600,000 records to go, about 12 s at this rate',
  ])
})

test('thousands of groups have gauges over all of them, and series for the hundred in the worst state', async () => {
  const healthy = Array.from({ length: 2_000 }, (_, at) => groupStatus({ group: `g${at}`, syncedAtMs: 998_000 }))
  const behind = groupStatus({ group: 'behind', rereadRecords: 70 })
  const failed = groupStatus({ group: 'sick', state: 'failed', syncedAtMs: 900_000, rereadRecords: null })
  const active = groupStatus({ group: 'moved', state: 'active-on-target', syncedAtMs: null, rereadRecords: null })
  const text = await metricsOf([linkStatus({ groups: [...healthy, active, behind, failed] })]).render()
  const link = 'link="eu-to-us",source="eu",target="us"'
  expect(text).toContain(`isthmus_link_positions_age_seconds{${link}} 100\n`)
  expect(text).toContain(`isthmus_link_reread_records{${link}} 70\n`)
  expect(text).toContain(`isthmus_link_reread_unknown_groups{${link}} 1\n`)
  expect(text).toContain(`isthmus_link_groups{${link},state="synced"} 2001\n`)
  expect(text.match(/^isthmus_positions_sync_age_seconds\{/gm)).toHaveLength(100)
  expect(text).toContain('isthmus_positions_sync_age_seconds{link="eu-to-us",group="sick"} 100\n')
  expect(text).toContain('isthmus_group_reread_records{link="eu-to-us",group="behind"} 70\n')
  expect(text).not.toContain('group="moved"')
})

test('reasons for packing batches again have a series once they have occurred', async () => {
  const { counters } = flowStatus()
  const flows = [flowStatus({ counters: { ...counters, repacked: { ...counters.repacked, holes: 3, merged: 0 } } })]
  const text = await metricsOf([linkStatus({ flows })]).render()
  const flow = 'link="eu-to-us",topic="orders",partition="0"'
  expect(text).toContain(`isthmus_flow_batches_repacked_total{${flow},reason="holes"} 3\n`)
  expect(text).not.toContain('reason="merged"')
})

test('a page of many flows lets other work go on between its metrics', async () => {
  const flows = Array.from({ length: 1_000 }, (_, partition) => flowStatus({ partition }))
  let turns = 0
  const count = () => void (turns++ < 1_000 && setImmediate(count))
  setImmediate(count)
  await metricsOf([linkStatus({ flows })]).render()
  expect(turns).toBeGreaterThan(10)
})
