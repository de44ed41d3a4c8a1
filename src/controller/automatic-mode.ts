import type { AutomaticView } from '../api/index.ts'
import type { FailoverGroupConfig } from '../config/index.ts'
import type { Clock, RegionName } from '../core/index.ts'
import {
  type AutomaticDecision,
  type AutomaticPorts,
  DWELL_LEAST_MS,
  fenceAhead,
  type GroupDesk,
  type GroupDocument,
  type GroupRooms,
  judgeTarget,
  type MoveWish,
  standbysOf,
  type TargetFound,
  tallyVotes,
  unfence,
} from '../failover/index.ts'
import type { RegionsStatus } from '../regions/index.ts'
import { DownVotes } from './down-votes.ts'

export interface AutomaticModeOptions {
  readonly group: FailoverGroupConfig
  readonly vantagePoints: number
  /** @defaultValue of the group, and at least `DWELL_LEAST_MS` */
  readonly dwellMs: number | undefined
  readonly document: () => GroupDocument | undefined
  readonly health: () => Pick<RegionsStatus, 'regions'>
  readonly desk: Pick<GroupDesk, 'plan' | 'start'>
  readonly rooms: GroupRooms
  readonly clock: Clock
}

/** Who orders moves that nobody asked for, in requests and the journal. */
const BY = 'automatic'
/** Without an answer from a region for so long, a person is asked. */
const FENCE_PATIENCE_MS = 10_000
/** A plan that has changed between its making and the order is made again. */
const PLANS_MOST = 3

/** What the mode of one group works with, and what is shown of it. */
export class AutomaticMode {
  readonly #options: AutomaticModeOptions
  readonly #votes: DownVotes
  readonly #dwellMs: number

  constructor(options: AutomaticModeOptions) {
    this.#options = options
    this.#votes = new DownVotes(options.health, options.clock)
    this.#dwellMs = options.dwellMs ?? Math.max(options.group.timings.dwellMs, DWELL_LEAST_MS)
  }

  ports(): AutomaticPorts {
    const { group, vantagePoints, rooms, document: told } = this.#options
    return {
      mode: group.mode,
      vantagePoints,
      dwellMs: this.#dwellMs,
      cooldownMs: group.timings.cooldownMs,
      fencePatienceMs: FENCE_PATIENCE_MS,
      votes: (region) => this.#votes.look(region ?? told()?.active),
      findTarget: (document, signal) => this.#findTarget(document, signal),
      fence: (context, signal) => fenceAhead(rooms, context, signal),
      unfence: (context, signal) => unfence(rooms, context, signal),
      order: async (attempt, reason, lease, signal) => {
        const { operation: id, to, epoch } = attempt
        const at = new Date(rooms.clock.nowMs()).toISOString()
        for (let tries = 1; ; tries++) {
          const wish = this.#wish(to)
          const { hash: planHash } = await this.#options.desk.plan(wish, signal)
          try {
            await this.#options.desk.start({ ...wish, id, by: BY, reason, at, epoch, planHash, lease }, signal)
            return
          } catch (error) {
            if (tries >= PLANS_MOST || (error as { code?: string }).code !== 'PLAN_CHANGED') throw error
          }
        }
      },
    }
  }

  /** For people: what holds now, and what is missing for a move. */
  view(decision: AutomaticDecision | undefined): AutomaticView | undefined {
    const { group, vantagePoints, document: told } = this.#options
    const document = told()
    if (document === undefined) return undefined
    const votes = this.#votes.look(document.active)
    const tally = tallyVotes(votes, { region: document.active, vantagePoints, dwellMs: this.#dwellMs })
    return { mode: group.mode, dwellMs: this.#dwellMs, votes, tally, decision, attempt: document.automatic }
  }

  async #findTarget(document: GroupDocument, signal: AbortSignal): Promise<TargetFound> {
    const { group, health, desk } = this.#options
    const terms = { rpoMs: group.objectives.rpoMs, awayMs: this.#votes.awayMs(document.active) }
    const standbys = standbysOf(document, group.regions)
    const serving = standbys.filter((name) => {
      return health().regions.some(({ region, judgement }) => region === name && judgement.verdict === 'up')
    })
    let blocked: TargetFound | undefined
    for (const region of serving) {
      const found = judgeTarget(await desk.plan(this.#wish(region), signal), terms)
      if (found.kind === 'ready') return found
      blocked ??= found
    }
    const [first] = standbys
    const command = first === undefined ? 'isthmus status' : `isthmus plan ${group.name} --kind failover --to ${first}`
    return blocked ?? { kind: 'blocked', reason: 'no standby is known to serve', command }
  }

  #wish(to: RegionName): MoveWish {
    const { timings } = this.#options.group
    return { kind: 'failover', to, overrides: [], acceptLoss: true, writePauseLimitMs: timings.writePauseMs }
  }
}

/**
 * Only for trials: a dwell time below the least that the configuration takes. Named so that nobody sets it by chance, and
 * told in the log of every start.
 */
export const TEST_ONLY_DWELL = 'ISTHMUS_TEST_ONLY_DWELL_SECONDS'

export function testOnlyDwellMs(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const seconds = Number(env[TEST_ONLY_DWELL])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined
}
