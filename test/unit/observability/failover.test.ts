import { expect, test } from 'vitest'
import { createEvents } from '../../../src/core/index.ts'
import type { FailoverEvents } from '../../../src/failover/index.ts'
import { createLogger, createMetrics, logFailoverEvents } from '../../../src/observability/index.ts'
import { fakeReplicator } from '../../support/fake-replicator.ts'
import { east, start, threeRegions, west } from '../../support/failover/machine-model.ts'

const left = (region: typeof east, members: number | undefined) => {
  return { group: 'orders', region, groups: members, members }
}

test('what is active, and what a move is at, are metrics', async () => {
  const { port } = fakeReplicator()
  const running = start(threeRegions())
  const metrics = createMetrics({
    status: () => port.status(),
    events: port.events,
    failover: () => ({ leads: true, groups: [running], clients: [left(east, 3), left(west, undefined)] }),
    nowMs: () => 0,
    processMetrics: false,
  })
  const text = await metrics.render()
  expect(text).toContain('isthmus_controller_leads{} 1')
  expect(text).toContain('isthmus_failover_group_epoch{group="orders"} 1')
  expect(text).toContain('isthmus_failover_group_region{group="orders",region="west",role="active"} 1')
  expect(text).toContain('isthmus_failover_group_region{group="orders",region="east",role="standby"} 1')
  expect(text).toContain('isthmus_failover_group_operation{group="orders",kind="switchover",phase="requested"} 1')
  expect(text).toContain('isthmus_failover_group_paused{group="orders"} 0')
  expect(text).toContain('isthmus_failover_group_members_left{group="orders",region="east"} 3')
  // A region that does not say has no value, rather than a 0.
  expect(text).not.toContain('isthmus_failover_group_members_left{group="orders",region="west"}')
})

test('a region that comes back tells where it is on its way', async () => {
  const { port } = fakeReplicator()
  const { regions, ...document } = threeRegions()
  const record = { id: 'r', phase: 'choosing', attempt: 1, epoch: 2, evidence: {} } as const
  const returning = { role: 'returning', since: '', reason: '', return: record } as const
  const metrics = createMetrics({
    status: () => port.status(),
    events: port.events,
    process: { version: '1.2.3', role: 'controller' },
    failover: () => ({ leads: true, groups: [{ ...document, regions: { ...regions, east: returning } }], clients: [] }),
    nowMs: () => 0,
    processMetrics: false,
  })
  const text = await metrics.render()
  expect(text).toContain('isthmus_failover_group_return{group="orders",region="east",phase="choosing"} 1\n')
  expect(text).not.toContain('isthmus_failover_group_return{group="orders",region="north"')
  expect(text).toContain('isthmus_process_info{version="1.2.3",role="controller"} 1\n')
})

test('a move that waits for a person is an error in the log', () => {
  const lines: { level: string; msg: string }[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }
  const events = createEvents<FailoverEvents>()
  const stop = logFailoverEvents(events, createLogger({ level: 'info', nowMs: () => 0, destination }))
  const move = { group: 'orders', operation: 'op-1', kind: 'switchover' } as const
  events.emit('move:phase', { ...move, phase: 'cut', reason: 'settling is done' })
  events.emit('move:phase', { ...move, phase: 'needs-operator', reason: 'the target is gone' })
  events.emit('move:committed', { group: 'orders', operation: 'op-1', active: east, epoch: 2 })
  stop()
  expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    'info: switchover op-1 of group orders is at cut: settling is done',
    'error: switchover op-1 of group orders is at needs-operator: the target is gone',
    'info: east is active in group orders since epoch 2',
  ])
})
