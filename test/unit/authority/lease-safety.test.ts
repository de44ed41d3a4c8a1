import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Authority,
  type AuthorityEvents,
  type Lease,
  MemoryStore,
  type Mishap,
  openAuthority,
} from '../../../src/authority/index.ts'
import { createEvents, isFault, seededRandom } from '../../../src/core/index.ts'
import { ManualClock } from '../replication/flows/flow-fixtures.ts'
import { never } from './stage-in-memory.ts'

/** A process with a clock of its own, which stands still as long as nobody passes it on. */
interface Process {
  readonly name: string
  readonly clock: ManualClock
  readonly authority: Authority
  lease: Lease | undefined
}

const steps = fc.record({
  process: fc.nat(2),
  action: fc.constantFrom(
    'acquire',
    'acquire',
    'acquire',
    'renew',
    'write',
    'write',
    'write',
    'release',
    'pass',
    'pass',
  ),
  ms: fc.integer({ min: 500, max: 4_000 }),
  mishap: fc.option(fc.constantFrom<Mishap>('unreachable', 'unknown-and-lost', 'unknown-and-done'), {
    nil: undefined,
    freq: 6,
  }),
})

test('whatever clocks, processes and the store do, only the highest token that was given writes', async () => {
  let [writes, refusals, takeovers] = [0, 0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 60, maxLength: 120 }), async (schedule) => {
      let mishap: Mishap | undefined
      const store = new MemoryStore({ clock: new ManualClock(), mishap: () => mishap })
      const processes = ['a', 'b', 'c'].map((name, at): Process => {
        const clock = new ManualClock()
        const context = { clock, random: seededRandom(at), events: createEvents<AuthorityEvents>() }
        return { name, clock, authority: openAuthority({ kind: 'memory', store }, context), lease: undefined }
      })
      /** The highest token that anybody was given. */
      let highest = 0
      for (const step of schedule) {
        const one = processes[step.process] as Process
        mishap = step.mishap
        try {
          if (step.action === 'pass') await one.clock.pass(step.ms)
          else if (step.action === 'acquire') {
            takeovers += await acquire(one)
            highest = Math.max(highest, one.lease?.token ?? 0)
          } else if (one.lease !== undefined) await useLease(one, one.lease, step.action)
        } catch (error) {
          if (!isFault(error)) throw error
        }
        mishap = undefined
      }
      async function useLease(one: Process, lease: Lease, action: string): Promise<void> {
        if (action === 'renew') await one.authority.renew(lease, never)
        else if (action === 'release') await one.authority.release(lease, never)
        else {
          const expected = (await one.authority.read('fenced', never))?.revision ?? 'absent'
          const outcome = await one.authority.write('fenced', { by: lease.token }, { expected, lease }, never)
          if (outcome.kind === 'lease-lost') refusals++
          if (outcome.kind !== 'written') return
          writes++
          expect(lease.token).toBe(highest)
        }
      }
    }),
    { numRuns: 200 },
  )
  // A schedule in which nothing happened would show nothing.
  expect(Math.min(writes, refusals, takeovers)).toBeGreaterThan(100)
})

/** Keeps an old lease where it gets no new one, as a process would that was frozen. */
async function acquire(one: Process): Promise<number> {
  const acquired = await one.authority.acquire('lease', { holder: one.name, ttlMs: 2_000 }, never)
  if (acquired.kind === 'held-by') return 0
  const isNew = acquired.lease.token !== one.lease?.token
  one.lease = acquired.lease
  return isNew ? 1 : 0
}
