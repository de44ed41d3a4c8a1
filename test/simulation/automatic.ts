import type { Clock } from '../../src/core/index.ts'
import { regionName } from '../../src/core/index.ts'
import { type AttemptContext, type AutomaticPorts, standbysOf } from '../../src/failover/automatic/automatic-runner.ts'
import { GroupDesk } from '../../src/failover/group-desk.ts'
import { DEFAULT_GUARD_LIMITS } from '../../src/failover/guards/evidence.ts'
import type { Outcome } from '../../src/failover/outcome.ts'
import type { AuthorityPort, JournalPort } from '../../src/failover/ports.ts'
import { goodEvidence } from '../support/failover/good-evidence.ts'
import { allowAndProve, denyAndProve, type EffectTools, makeTools, runCommand } from './move-effects.ts'
import { REGIONS } from './sim-region.ts'
import { type Asker, GROUP, type Site } from './site.ts'
import { DWELL_MS } from './vantages.ts'

const COOLDOWN_MS = 2_000
const PATIENCE_MS = 1_500
const RANKED = REGIONS.map(regionName)

/** What automatic mode works with in a controller of the simulation; undefined where the run is not about it. */
export function automaticPorts(
  site: Site,
  controller: Asker,
  parts: { readonly clock: Clock; readonly authority: AuthorityPort; readonly journal: JournalPort },
): AutomaticPorts | undefined {
  const { vantages, world } = site
  if (vantages === undefined) return undefined
  const { clock, authority, journal } = parts
  const limits = { ...DEFAULT_GUARD_LIMITS, rpoMs: null }
  const desk = new GroupDesk({ group: GROUP, authority, journal, limits, gather: async () => goodEvidence })
  const wish = { kind: 'failover' as const, overrides: [], acceptLoss: true, writePauseLimitMs: 4_000 }
  const bind =
    (effect: 'fenceAhead' | 'unfence', run: (tools: EffectTools, context: AttemptContext) => Promise<Outcome>) =>
    async (context: AttemptContext, signal: AbortSignal) => {
      const about = { effect, owner: context.attempt.operation, attempt: 1, permit: context.permit }
      return await run(makeTools(site, controller, about, signal), context)
    }
  return site.breaks.automaticPorts({
    mode: 'automatic',
    vantagePoints: 4,
    dwellMs: DWELL_MS,
    cooldownMs: COOLDOWN_MS,
    fencePatienceMs: PATIENCE_MS,
    votes: vantages.votesOf(clock),
    async findTarget(document) {
      const to = standbysOf(document, RANKED).find((name) => world.region(name).isAlive && !world.isolated.has(name))
      if (to === undefined) return { kind: 'blocked', reason: 'no standby serves', command: 'isthmus status' }
      return { kind: 'ready', to, reason: `${to} serves` }
    },
    fence: bind('fenceAhead', async (tools, { attempt, permit }) => {
      return (await runCommand(tools, attempt.from, permit)) ?? (await denyAndProve(tools, attempt.from))
    }),
    unfence: bind('unfence', async (tools, { attempt, permit }) => {
      const { world } = tools.site
      if (world.command === 'none') return await allowAndProve(tools, attempt.from)
      permit()
      world.region(attempt.from).isGated = false
      return { kind: 'done', reason: 'the command opened it' }
    }),
    async order({ operation: id, to, epoch }, reason, lease, signal) {
      const { hash: planHash } = await desk.plan({ ...wish, to }, signal)
      await desk.start({ ...wish, id, to, by: 'automatic', reason, at: '', epoch, planHash, lease }, signal)
    },
  })
}
