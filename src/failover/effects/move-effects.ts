import type { GroupDeskOptions } from '../group-desk.ts'
import type { GuardLimits } from '../guards/evidence.ts'
import { judgePreflight } from '../guards/preflight.ts'
import type { Outcome } from '../outcome.ts'
import type { MoveContext, MoveEffects } from '../ports.ts'
import { catchUp } from './catch-up.ts'
import { type ClientRooms, evict, reroute } from './clients.ts'
import { EndedTransactions } from './ended-transactions.ts'
import { fence } from './fence-effects.ts'
import { callOf, type EffectCall, type GroupRooms } from './group-rooms.ts'
import { confirm, cut, drain, prove, settle } from './log-effects.ts'
import { ProviderRuns } from './provider-runs.ts'
import { positions } from './positions.ts'
import { open, promote } from './promote.ts'
import { reverse } from './reverse.ts'
import { rollBack } from './roll-back.ts'
import { verify } from './verify.ts'

const RUNS = {
  fence,
  cut,
  drain,
  prove,
  catchUp,
  positions,
  confirm,
  promote,
  open,
  reverse,
  rollBack,
} as const

/** The steps that are done on regions; guards, routing, eviction and the last check are other rooms'. */
type RegionEffects = Pick<MoveEffects, keyof typeof RUNS | 'settle'>

function makeRegionEffects(rooms: GroupRooms): RegionEffects {
  const bind = (run: (call: EffectCall) => Promise<Outcome>) => (context: MoveContext, signal: AbortSignal) =>
    run(callOf(rooms, context, signal))
  const ended = new EndedTransactions()
  const runs = { ...RUNS, settle: (call: EffectCall) => settle(call, ended) }
  return Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, bind(run)])) as RegionEffects
}

/** What the steps need that are not done on regions alone. */
export interface MoveExtras extends Omit<ClientRooms, 'runs'> {
  readonly limits: GuardLimits
  readonly gather: GroupDeskOptions['gather']
}

/** Every step of a move. */
export function makeMoveEffects(rooms: GroupRooms, extras: MoveExtras): MoveEffects {
  const clients = { ...extras, runs: new ProviderRuns(rooms.clock), goals: new Map() }
  const bind = (run: (call: EffectCall) => Promise<Outcome>) => (context: MoveContext, signal: AbortSignal) =>
    run(callOf(rooms, context, signal))
  return {
    ...makeRegionEffects(rooms),
    preflight: bind((call) => preflight(call, extras)),
    reroute: bind((call) => reroute(call, clients)),
    evict: bind((call) => evict(call, clients)),
    verify: bind((call) => verify(call, clients)),
  }
}

/** Every guard once more, right before anything is touched. */
async function preflight({ document, operation, to, signal }: EffectCall, extras: MoveExtras): Promise<Outcome> {
  const { kind, request } = operation
  const { overrides, acceptLoss, writePauseLimitMs } = request
  const evidence = await extras.gather(document, { kind, to, overrides, acceptLoss, writePauseLimitMs }, signal)
  return judgePreflight(document, operation, evidence, extras.limits)
}
