import { beforeEach, describe, expect, test } from 'vitest'
import { createEvents } from '../../../../src/core/index.ts'
import { callOf, type GroupRooms } from '../../../../src/failover/effects/group-rooms.ts'
import { promote } from '../../../../src/failover/effects/promote.ts'
import { evidenceIfKept } from '../../../../src/failover/effects/reverse.ts'
import { failoverFaults } from '../../../../src/failover/faults.ts'
import type { FailoverEvents } from '../../../../src/failover/index.ts'
import type { Leadership } from '../../../../src/failover/leadership.ts'
import { MoveRunner } from '../../../../src/failover/moves/move-runner.ts'
import type { MoveContext, MoveEffects } from '../../../../src/failover/ports.ts'
import { resumeReturn } from '../../../../src/failover/requests.ts'
import { RunnerParts } from '../../../../src/failover/runner-parts.ts'
import { groupKey, type MoveKind, type Phase } from '../../../../src/failover/state.ts'
import { east, request, start, threeRegions, WHEN } from '../../../support/failover/machine-model.ts'
import { MemoryAuthority } from '../../../support/failover/memory-authority.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
/** What the promotion finds on a region where no copy is left. */
const moves = {
  returned: { openCopies: async () => [] },
  close: async () => ({ closed: [], waiting: [] }),
  applyConfigs: async () => [],
  [Symbol.asyncDispose]: async () => undefined,
}
const rooms = {
  replicator: { moves: { permitted: () => moves }, stopLink: async () => undefined },
  linkOf: () => ({}),
  recordedConfigs: async () => [],
} as unknown as GroupRooms

let authority: MemoryAuthority
let runner: MoveRunner
/** Effects whose call was not refused, in order. */
let called: string[]
beforeEach(() => {
  authority = new MemoryAuthority()
  called = []
})

function begin(kind: MoveKind): void {
  const lease = { name: 'controller', holder: 'one', token: 0 }
  const leadership = { hold: () => undefined, lease: () => lease } as unknown as Leadership
  const run = (effect: keyof MoveEffects) => async (context: MoveContext) => {
    if (effect === 'prove') await context.evidenceOf('cut')
    if (effect === 'promote') await promote(callOf(rooms, context, signal))
    called.push(effect)
    const findings = effect === 'fence' ? ({ findings: { fence: 'proved' } } as const) : {}
    return { kind: 'done' as const, reason: `${effect} is done`, ...findings }
  }
  const names = ['preflight', 'fence', 'settle', 'cut', 'drain', 'prove', 'catchUp', 'positions', 'confirm', 'promote']
  const more = ['open', 'reroute', 'evict', 'reverse', 'verify', 'rollBack']
  const effects = Object.fromEntries([...names, ...more].map((name) => [name, run(name as keyof MoveEffects)]))
  const ports = { authority, journal: authority, leadership, clock: new HurryingClock() }
  const events = createEvents<FailoverEvents>()
  const timings = { pollMs: 1, idleMs: 1, callDeadlineMs: 20_000, settleMs: 0 }
  const parts = new RunnerParts({ group: 'orders', actor: 'one', events, ...ports, ...timings })
  runner = new MoveRunner(parts, effects as unknown as MoveEffects)
  const asked = { ...request, acceptLoss: kind === 'failover' }
  const document = start(threeRegions(), { id: 'op-1', kind, to: east, request: asked })
  authority.documents.set(groupKey('orders'), { value: document as never, revision: 100 })
}

async function runUntil(phase: Phase): Promise<void> {
  for (let pass = 0; pass < 100; pass++) {
    if (authority.group.operation?.phase === phase) return
    await runner.act(runner.decide(await runner.observe(signal)), signal)
  }
  throw new Error(`it never came to ${phase}: ${JSON.stringify(authority.group.operation)}`)
}

/** The regions hold copies of the groups' documents and of nothing else. */
function restore(): void {
  const { documents } = authority
  for (const key of documents.keys()) if (key.startsWith('operations/')) documents.delete(key)
}

describe('an operation whose evidence was lost with the authority', () => {
  test.each(['switchover', 'failover'] as const)('ends as ever where none was lost: a %s', async (kind) => {
    begin(kind)
    await runUntil('done')
    expect(authority.group).toMatchObject({ active: 'east', epoch: 2 })
  })

  test.each([
    ['switchover', 'cut'],
    ['switchover', 'proving'],
    ['switchover', 'translating'],
    ['switchover', 'committing'],
  ] as const)('is rolled back where it has not committed: a %s at %s', async (kind, phase) => {
    begin(kind)
    await runUntil(phase)
    restore()
    await runUntil('rolling-back')
    expect(authority.group.operation?.stop).toMatchObject({ fault: { code: 'EVIDENCE_LOST' } })
    await runUntil('rolled-back')
    expect(authority.group).toMatchObject({ active: 'west', epoch: 1 })
    expect(called).not.toContain('promote')
    expect(called.at(-1)).toBe('rollBack')
  })

  test('is rolled back as well where an older store was restored', async () => {
    begin('switchover')
    await runUntil('committing')
    for (const [key, { revision }] of authority.documents) {
      if (key.startsWith('operations/')) authority.documents.set(key, { value: { topics: [] }, revision })
    }
    await runUntil('rolling-back')
    expect(authority.group.operation?.stop).toMatchObject({ fault: { code: 'EVIDENCE_LOST' } })
  })

  test('waits for a person before it is opened: a switchover', async () => {
    begin('switchover')
    await runUntil('promoting')
    restore()
    await runUntil('needs-operator')
    expect(authority.group.operation?.stop).toMatchObject({ at: 'promoting', fault: { code: 'EVIDENCE_LOST' } })
    expect(called).not.toContain('promote')
    // One more command ends it: the region that was left holds everything.
    const back = { id: 'op-2', kind: 'failover', to: 'west', request: { ...request, acceptLoss: true } }
    const document = start(authority.group, back as never)
    authority.documents.set(groupKey('orders'), { value: document as never, revision: 1_000 })
    await runUntil('done')
    expect(authority.group).toMatchObject({ active: 'west', epoch: 3 })
  })

  test.each([
    ['switchover', 'fencing'],
    ['failover', 'catching-up'],
    ['failover', 'translating'],
    ['failover', 'committing'],
    ['failover', 'promoting'],
    ['switchover', 'rerouting'],
    ['failover', 'reversing'],
  ] as const)('goes on where nothing of it is needed: a %s at %s', async (kind, phase) => {
    begin(kind)
    await runUntil(phase)
    restore()
    await runUntil('done')
    expect(authority.group).toMatchObject({ active: 'east', epoch: 2 })
  })
})

test('standbys are turned without evidence of the cut, and other troubles are told', async () => {
  const lost = async () => {
    throw failoverFaults.fault('EVIDENCE_LOST', { key: 'operations/op-1/cut' })
  }
  expect(await evidenceIfKept({ evidenceOf: lost }, 'cut')).toBeUndefined()
  expect(await evidenceIfKept({ evidenceOf: async () => [1] }, 'cut')).toEqual([1])
  const away = async () => {
    throw new Error('no answer')
  }
  await expect(evidenceIfKept({ evidenceOf: away }, 'cut')).rejects.toThrow('no answer')
})

test('a return whose evidence was lost compares its region anew', () => {
  const fault = { code: 'EVIDENCE_LOST', message: 'm', remedy: 'r' }
  const stop = { at: 'reseeding', reason: 'r', instructions: 'i', fault } as const
  const evidence = { scanning: { key: 'operations/r/scanning', digest: 'd' } }
  const record = { id: 'r', phase: 'needs-operator', attempt: 3, epoch: 1, evidence, stop } as const
  const document = threeRegions()
  const entry = { role: 'reseeding', since: WHEN, reason: 'r', return: record } as const
  const resumed = resumeReturn({ ...document, regions: { ...document.regions, east: entry } }, east)
  expect(resumed.regions['east']?.return).toMatchObject({ phase: 'scanning', attempt: 4 })
})
