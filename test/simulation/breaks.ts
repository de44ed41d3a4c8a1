import type { Leadership } from '../../src/failover/leadership.ts'
import type { AutomaticPorts } from '../../src/failover/automatic/automatic-runner.ts'
import type { Vote } from '../../src/failover/automatic/tally-votes.ts'
import type { EffectName } from '../../src/failover/moves/steps.ts'
import type { Outcome } from '../../src/failover/outcome.ts'
import type { AuthorityPort, Lease, MoveContext, MoveEffects, ReturnEffects } from '../../src/failover/ports.ts'
import type { Cell } from './cell.ts'
import type { World } from './world.ts'

/**
 * Deliberately broken variants of the product: each leaves out one thing that the design asks for, and the simulation has
 * to notice. A check that no broken variant can fail proves nothing.
 */
export interface Variant {
  readonly leavesOut: string
  /** The step and fault whose seeds are tried first. */
  readonly at: Cell
}

const at = (kind: Cell['kind'], phase: string, fault: string): Cell => ({ kind, phase, fault })

export const BREAKS = {
  'no-fence': { leavesOut: 'the fence is reported without being set', at: at('switchover', 'fencing', 'clocks-jump') },
  'one-broker-proves': {
    leavesOut: 'the fence is proved on one broker only',
    at: at('switchover', 'fencing', 'source-broker-lags'),
  },
  'unknown-is-done': {
    leavesOut: 'a call whose answer was lost is taken for done',
    at: at('switchover', 'fencing', 'source-quorum-frozen'),
  },
  'no-settling-transactions': {
    leavesOut: 'open transactions are left alone, and the cut is the last stable offset',
    at: at('switchover', 'preflight', 'clocks-jump'),
  },
  'markers-for-live-transactions': {
    leavesOut: 'open transactions are ended behind the back of their coordinator',
    at: at('switchover', 'fencing', 'clocks-jump'),
  },
  'cut-at-end-offsets': {
    leavesOut: 'the cut is the high watermark, without a marker',
    at: at('switchover', 'preflight', 'source-follower-frozen'),
  },
  'no-drain': {
    leavesOut: 'the drain is over as soon as it begins',
    at: at('switchover', 'preflight', 'replicator-frozen'),
  },
  'no-group-fence': {
    leavesOut: 'positions are carried over while the group goes on committing',
    at: at('switchover', 'committing', 'write-conflict'),
  },
  'no-takeover': {
    leavesOut: 'the shards are not taken over on the new active region',
    at: at('failover', 'preflight', 'replicator-frozen'),
  },
  'open-early': {
    leavesOut: 'the target is opened before the commit',
    at: at('switchover', 'committing', 'write-lost'),
  },
  'no-compare-and-set': {
    leavesOut: 'the document is written whatever stands there',
    at: at('return', 'fencing', 'clocks-jump'),
  },
  'no-lease': {
    leavesOut: 'neither the process nor the store looks at the lease',
    at: at('switchover', 'fencing', 'controller-paused'),
  },
  'no-settling-after-takeover': {
    leavesOut: 'a new leader acts at once',
    at: at('switchover', 'fencing', 'killed-with-late-call'),
  },
  'no-waiting-for-lost-calls': {
    leavesOut: 'a call whose answer was lost is contradicted at once',
    at: at('switchover', 'fencing', 'late-call'),
  },
  'no-journal': { leavesOut: 'effects are not told to the journal', at: at('switchover', 'fencing', 'clocks-jump') },
  'no-catch-up': { leavesOut: 'other survivors are not asked', at: at('failover', 'evicting', 'source-cut-off') },
  'no-scan': {
    leavesOut: 'a returned region follows without a comparison',
    at: at('return', 'scanning', 'clocks-jump'),
  },
  'no-export': {
    leavesOut: 'the tail is re-seeded without an export',
    at: at('return', 'fencing', 'target-broker-frozen'),
  },
  'no-return-fence': { leavesOut: 'a returned region is not fenced', at: at('return', 'fencing', 'clocks-jump') },
  'roll-back-forgets': {
    leavesOut: 'a roll-back leaves the fence where it is',
    at: at('switchover', 'rolling-back', 'clocks-jump'),
  },
  'lift-by-reading': {
    leavesOut: 'nothing is lifted where a reading shows no fence',
    at: at('switchover', 'fencing', 'source-quorum-frozen'),
  },
  'half-is-a-majority': {
    leavesOut: 'two of four vantage points are enough, whatever the others see',
    at: at('automatic', 'fencing', 'write-conflict'),
  },
  'no-fence-proof': {
    leavesOut: 'a region is left unasked, and nobody has shown its fence',
    at: at('automatic', 'fencing', 'clocks-jump'),
  },
  'doubt-counts': {
    leavesOut: 'votes of vantage points that do not trust themselves are counted',
    at: at('automatic', 'fencing', 'clocks-jump'),
  },
  'no-dwell': {
    leavesOut: 'a region is left as soon as a majority sees it down',
    at: at('automatic', 'fencing', 'clocks-jump'),
  },
  'attempt-forgets': {
    leavesOut: 'the fence of an attempt that is given up stays where it is',
    at: at('automatic', 'undoing', 'clocks-jump'),
  },
} as const satisfies Record<string, Variant>

export type BreakName = keyof typeof BREAKS

export const BREAK_NAMES = Object.keys(BREAKS) as BreakName[]

const done = (reason: string): Outcome => ({ kind: 'done', reason, findings: { fence: 'proved' } })
const instead = (outcome: Outcome) => async () => outcome

export class Breaks {
  readonly #name: BreakName | undefined

  constructor(name?: BreakName) {
    this.#name = name
  }

  has(name: BreakName): boolean {
    return this.#name === name
  }

  authority(port: AuthorityPort): AuthorityPort {
    if (this.has('no-compare-and-set')) {
      return {
        ...port,
        write: async (key, value, options, signal) => {
          const present = await port.read(key, signal)
          return await port.write(key, value, { ...options, expected: present?.revision ?? 'absent' }, signal)
        },
      }
    }
    if (!this.has('no-lease')) return port
    return {
      ...port,
      write: async (key, value, { expected }, signal) => await port.write(key, value, { expected }, signal),
    }
  }

  /** Without a lease to look at, a process goes on acting under the last one it had. */
  leadership(leadership: Leadership): Leadership {
    if (!this.has('no-lease')) return leadership
    let last: Lease | undefined
    return new Proxy(leadership, {
      get(target, property) {
        last = target.lease() ?? last
        if (property === 'hold') return () => (last === undefined ? target.hold() : undefined)
        if (property === 'lease') return () => last
        const value: unknown = Reflect.get(target, property, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }

  moveEffects(effects: MoveEffects, world: World): MoveEffects {
    const replaced: Partial<Record<BreakName, Partial<MoveEffects>>> = {
      'no-fence': {
        fence: instead(done('not asked')),
        prove: instead(done('not asked')),
        confirm: instead(done('not asked')),
      },
      // Nothing that was committed before the cut is missing then; what is committed after it is.
      'no-settling-transactions': { settle: instead(done('not asked')), ...untilLastStable(world) },
      'markers-for-live-transactions': {
        settle: async ({ operation }) => {
          const region = world.region(operation.from)
          for (const { id, state, owed } of region.transactions) {
            if (state !== 'ongoing') continue
            for (const partition of owed)
              region.partitions[partition]?.append({ kind: 'control', transaction: id, isCommit: false })
          }
          return done('aborted by hand')
        },
      },
      'cut-at-end-offsets': {
        cut: async ({ operation }) => {
          const cuts = world.region(operation.from).partitions.map(({ highWatermark }) => highWatermark)
          return { kind: 'done', reason: 'read', evidence: cuts }
        },
        prove: instead(done('not asked')),
        confirm: instead(done('not asked')),
      },
      'no-drain': { drain: instead(done('not asked')), prove: instead(done('not asked')) },
      'no-group-fence': {
        positions: async (context, signal) => {
          const outcome = await effects.positions(context, signal)
          for (const broker of world.region(context.operation.from).brokers) broker.groupDenied = false
          return outcome
        },
      },
      'open-early': {
        confirm: async (context, signal) => {
          const outcome = await effects.confirm(context, signal)
          if (outcome.kind === 'done')
            world.region(context.operation.to).changeRights({ denied: false }, () => undefined)
          return outcome
        },
      },
      // What else would notice is left out too: each line of defence is to be tested alone.
      'one-broker-proves': {
        prove: instead(done('not asked')),
        positions: instead(done('not asked')),
        confirm: instead(done('not asked')),
      },
      'no-catch-up': { catchUp: instead(done('not asked')) },
      'no-fence-proof': { fence: instead(done('not asked')) },
      'roll-back-forgets': { rollBack: instead(done('not asked')) },
    }
    const changed = this.#name === undefined ? undefined : replaced[this.#name]
    const all = { ...effects, ...changed }
    return this.has('unknown-is-done') ? eachMove(all, takeForDone) : all
  }

  automaticPorts(ports: AutomaticPorts): AutomaticPorts {
    const down = (region: string | undefined) => ports.votes(region).filter(({ vote }) => vote === 'down')
    const replaced: Partial<Record<BreakName, Partial<AutomaticPorts>>> = {
      'half-is-a-majority': { votes: down, vantagePoints: 3 },
      'doubt-counts': {
        votes: (region) =>
          ports.votes(region).flatMap((vote): Vote[] => {
            if (vote.vote === 'up') return []
            return [vote.vote === 'in-doubt' ? { ...vote, vote: 'down', downForMs: ports.dwellMs } : vote]
          }),
      },
      'no-fence-proof': { fence: instead(done('not asked')) },
      'no-dwell': { dwellMs: 0 },
      'attempt-forgets': { unfence: instead(done('not asked')) },
    }
    return { ...ports, ...(this.#name !== undefined && replaced[this.#name]) }
  }

  returnEffects(effects: ReturnEffects): ReturnEffects {
    const nothing: Outcome = {
      kind: 'done',
      reason: 'not asked',
      evidence: { tail: [[], []] },
      findings: { divergence: { records: 0, partitions: 0, onlyHere: 0 } },
    }
    if (this.has('no-scan')) return { ...effects, scan: instead(nothing) }
    if (this.has('no-export')) return { ...effects, export: instead(nothing) }
    if (this.has('no-return-fence')) return { ...effects, fenceLost: instead(nothing) }
    return effects
  }
}

function untilLastStable(world: World): Partial<MoveEffects> {
  return {
    drain: async ({ operation }) => {
      const isCaughtUp = world.links.isCaughtUp(operation.from, operation.to)
      return isCaughtUp ? done('up to the last stable offset') : { kind: 'waiting', reason: 'not there yet' }
    },
    prove: instead(done('not asked')),
    confirm: instead(done('not asked')),
  }
}

type MoveEffect = MoveEffects[EffectName]

function eachMove(effects: MoveEffects, change: (effect: MoveEffect) => MoveEffect): MoveEffects {
  const changed = Object.entries(effects).map(([name, effect]) => [name, change(effect)])
  return Object.fromEntries(changed) as MoveEffects
}

function takeForDone(effect: MoveEffect): MoveEffect {
  return async (context: MoveContext, signal) => {
    try {
      return await effect(context, signal)
    } catch {
      return { kind: 'done', reason: 'no answer', evidence: [0, 0], findings: { fence: 'proved' } }
    }
  }
}
