import { expect, test } from 'vitest'
import { createEvents, regionName } from '../../../src/core/index.ts'
import { createLogger, createMetrics, logFenceEvents } from '../../../src/observability/index.ts'
import type { FenceProof, FenceState, SecurityEvents, WatchedFence } from '../../../src/security/index.ts'
import { fakeReplicator } from '../../support/fake-replicator.ts'

const broker = (nodeId: number, verdict: FenceProof['verdict']) => {
  return { nodeId, verdict, missing: 0, canary: 'refused' as const, reason: '' }
}
const proof: FenceProof = {
  verdict: 'open',
  strength: 'described',
  reason: 'broker 2 lacks entries',
  brokers: [broker(1, 'fenced'), broker(2, 'open')],
  topicsTried: 1,
  obstacles: [],
  atMs: 5_000,
}

test('the state of each standing fence is a metric, and what is not known is none', async () => {
  const fence = (group: string, state: FenceState, known: FenceProof | undefined): WatchedFence => {
    return { region: regionName('us'), group, state, sinceMs: 0, reason: '', proof: known, provedAtMs: known?.atMs }
  }
  const { port } = fakeReplicator()
  const metrics = createMetrics({
    status: () => port.status(),
    events: port.events,
    fences: () => [fence('orders', 'open', proof), fence('bills', 'unknown', undefined)],
    nowMs: () => 7_000,
    processMetrics: false,
  })
  const text = await metrics.render()
  expect(text).toContain('isthmus_fence_state{region="us",group="orders",state="open"} 1')
  expect(text).toContain('isthmus_fence_proof_age_seconds{region="us",group="orders"} 2')
  expect(text).toContain('isthmus_fence_brokers_open{region="us",group="orders"} 1')
  expect(text).toContain('isthmus_fence_proof_age_seconds{region="us",group="bills"} +Inf')
  expect(text).not.toContain('isthmus_fence_brokers_open{region="us",group="bills"}')
})

test('a lost fence is an error, and every event is a sentence', () => {
  const lines: object[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as object) }
  const logger = createLogger({ level: 'info', nowMs: () => 0, destination })
  const events = createEvents<SecurityEvents>()
  const stop = logFenceEvents(events, logger)
  const at = { region: regionName('us'), group: 'orders' }
  events.emit('fence:lost', { ...at, reason: 'broker 2 lacks 3 entries', brokers: [2], wasHeld: true })
  const what = { operation: 'op-1', means: 'acl', by: 'anna' } as const
  events.emit('fence:applied', { ...at, ...what, added: 3, tookMs: 40, isRecorded: true })
  stop()
  events.emit('fence:held', { ...at, reason: 'never logged' })
  expect(lines).toMatchObject([
    {
      level: 'error',
      event: 'fence:lost',
      msg: 'region us for group orders is a standby and takes writes of applications: broker 2 lacks 3 entries',
    },
    { level: 'info', msg: 'anna fenced region us for group orders by acl (operation op-1, 40 ms)' },
  ])
})

test('the gate of an agent is a metric, where there is one', async () => {
  const { port } = fakeReplicator()
  const options = { status: () => port.status(), events: port.events, nowMs: () => 0, processMetrics: false }
  const place = { region: regionName('us'), position: 'closed', isSettled: true } as const
  const gate = { ...place, reason: 'us is not active', sinceMs: 0 }
  expect(await createMetrics({ ...options, gate: () => gate }).render()).toContain(
    'isthmus_agent_gate{region="us",position="closed"} 1',
  )
  expect(await createMetrics({ ...options, gate: () => undefined }).render()).not.toContain('isthmus_agent_gate{')
})
