import { expect, test } from 'vitest'
import { createEvents, pause } from '../../../../src/core/index.ts'
import type { FailoverEvents } from '../../../../src/failover/index.ts'
import type { Leadership } from '../../../../src/failover/leadership.ts'
import { MoveRunner } from '../../../../src/failover/moves/move-runner.ts'
import type { Outcome } from '../../../../src/failover/outcome.ts'
import type { MoveEffects } from '../../../../src/failover/ports.ts'
import { RunnerParts } from '../../../../src/failover/runner-parts.ts'
import { groupKey, type MoveKind } from '../../../../src/failover/state.ts'
import { east, request, start, threeRegions } from '../../../support/failover/machine-model.ts'
import { MemoryAuthority } from '../../../support/failover/memory-authority.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()

function begin(kind: MoveKind, effects: Partial<Record<keyof MoveEffects, unknown>>) {
  const authority = new MemoryAuthority()
  const lease = { name: 'controller', holder: 'one', token: 0 }
  const leadership = { hold: () => undefined, lease: () => lease } as unknown as Leadership
  const clock = new HurryingClock()
  const ports = { authority, journal: authority, leadership, clock }
  const timings = { pollMs: 1_000, idleMs: 1, callDeadlineMs: 20_000, settleMs: 30_000 }
  const events = createEvents<FailoverEvents>()
  const timeoutsMs = { fencing: 5_000 }
  const parts = new RunnerParts({ group: 'orders', actor: 'one', events, ...ports, ...timings, timeoutsMs })
  const runner = new MoveRunner(parts, effects as unknown as MoveEffects)
  const asked = { ...request, acceptLoss: kind === 'failover' }
  const document = start(threeRegions(), { id: 'op-1', kind, to: east, request: asked })
  authority.documents.set(groupKey('orders'), { value: document as never, revision: 100 })
  const reasons: string[] = []
  events.on('move:phase', ({ reason }) => void reasons.push(reason))
  const phase = () => authority.group.operation?.phase
  const passUntil = async (isOver: () => boolean) => {
    for (let pass = 0; !isOver() && pass < 50; pass++) {
      const next = await runner.act(runner.decide(await runner.observe(signal)), signal)
      if (next.kind === 'wait') await pause(clock, next.afterMs, signal)
    }
  }
  return { authority, clock, parts, reasons, phase, passUntil }
}

const preflight = async (): Promise<Outcome> => ({ kind: 'done', reason: 'every guard passed' })

test('a step that ends for its limit says what it waited for, though its last call was cut short', async () => {
  let calls = 0
  const fence = async (_: unknown, deadline: AbortSignal): Promise<Outcome> => {
    if (++calls === 1) return { kind: 'waiting', reason: 'a broker is silent' }
    const { promise, reject } = Promise.withResolvers<never>()
    deadline.addEventListener('abort', () => reject(deadline.reason))
    return promise
  }
  const { reasons, phase, passUntil } = begin('switchover', { preflight, fence })
  await passUntil(() => phase() === 'rolling-back')
  const late = 'not done after 5000 ms: a broker is silent; then no answer'
  expect(reasons).toContainEqual(expect.stringContaining(late))
})

test.each([
  ['switchover', 30_000],
  ['failover', 0],
] as const)(
  'a fence call that was lost in the new region is waited for before writes are held up: a %s',
  async (kind, leastMs) => {
    const { clock, parts, phase, passUntil } = begin(kind, { preflight })
    const sides = { region: east }
    const lost = { effect: 'fenceLost', owner: 'return', attempt: 1, part: 'fencing', sides } as const
    await parts.makeCaller().call({ ...lost, run: async () => ({ kind: 'unknown', reason: 'no answer' }) }, signal)
    const sinceMs = clock.monotonicMs()
    await passUntil(() => phase() === 'fencing')
    expect(phase()).toBe('fencing')
    const tookMs = clock.monotonicMs() - sinceMs
    expect(tookMs).toBeGreaterThanOrEqual(leastMs)
    expect(tookMs).toBeLessThan(leastMs + 2_000)
  },
)
