import { type Clock, type RegionName, regionName, withSignal, withTimeLimit } from '../../core/index.ts'
import type { LinkSpec, Moves, RecordedConfigs, Replicator } from '../../replication/index.ts'
import type { FenceScope, RegionFences } from '../../security/index.ts'
import type { MoveContext } from '../ports.ts'

/** What the effects of one failover group work with. */
export interface GroupRooms {
  readonly group: string
  /** The name of this process in fences and owner entries. */
  readonly actor: string
  readonly topics: LinkSpec['topics']
  readonly scope: FenceScope
  /** Of every region of the group. */
  readonly fences: ReadonlyMap<string, RegionFences>
  readonly replicator: Pick<Replicator, 'addLink' | 'stopLink' | 'positionsAtCut' | 'catchUp' | 'moves'>
  /** How a region of the group is copied to another one, whichever is active; `topics` narrows the group's selection. */
  linkOf(source: RegionName, target: RegionName, topics?: readonly string[]): LinkSpec
  /** What was last recorded of the active region's configs for a standby; undefined where nothing was. */
  recordedConfigs(target: RegionName, signal: AbortSignal): Promise<readonly RecordedConfigs[] | undefined>
  /** How long one call may wait for something that takes its time; well below the deadline of a call, milliseconds. */
  readonly waitMs: number
  /** How long groups may go on reading before their commits are stopped, milliseconds. */
  readonly groupGraceMs: number
  readonly clock: Clock
}

/** One call of an effect. */
export interface EffectCall extends MoveContext {
  readonly rooms: GroupRooms
  readonly from: RegionName
  readonly to: RegionName
  readonly signal: AbortSignal
}

export function callOf(rooms: GroupRooms, context: MoveContext, signal: AbortSignal): EffectCall {
  const { from, to } = context.operation
  return { ...context, rooms, from: regionName(from), to: regionName(to), signal }
}

/** The fences of a region, for as long as this call may change something. */
export function fencesOf({ rooms, permit }: Pick<EffectCall, 'rooms' | 'permit'>, region: RegionName): RegionFences {
  const fences = rooms.fences.get(region)
  if (fences === undefined) throw new TypeError(`failover group ${rooms.group} has no region ${region}`)
  return fences.permitted(permit)
}

/** Does something on logs for as long as this call may change something. */
export async function withMoves<Result>(
  { rooms, permit }: Pick<EffectCall, 'rooms' | 'permit'>,
  use: (moves: Moves) => Promise<Result>,
): Promise<Result> {
  await using moves = rooms.replicator.moves.permitted(permit)
  return await use(moves)
}

/** The other regions that follow, besides the two that the move is between. */
export function otherStandbys({ document, from, to }: EffectCall): RegionName[] {
  return Object.entries(document.regions)
    .filter(([name, { role }]) => role === 'standby' && name !== from && name !== to)
    .map(([name]) => regionName(name))
}

/** Starts to copy, unless another controller has gone on meanwhile and turned the direction. */
export async function startCopy(
  { rooms, permit }: Pick<EffectCall, 'rooms' | 'permit'>,
  { source, target }: { readonly source: RegionName; readonly target: RegionName },
): Promise<void> {
  await rooms.replicator.addLink(rooms.linkOf(source, target), permit)
}

/** Ends a link of this process; those of others end when they read the group's document, or at the fence of their copies. */
export async function stopCopy(
  { rooms, permit, signal }: Pick<EffectCall, 'rooms' | 'permit' | 'signal'>,
  { name }: Pick<LinkSpec, 'name'>,
  reason: string,
): Promise<void> {
  await rooms.replicator.stopLink(name, reason, signal, permit)
}

/** Whether a region tells its topics within `waitMs`. */
export async function answers(call: EffectCall, moves: Moves, region: RegionName): Promise<boolean> {
  return (await answerOf(call, (signal) => moves.partitions(region, call.rooms.topics, signal))) !== undefined
}

/** What is told within `waitMs`; undefined where nothing is: the region may be gone, which is why the group moves. */
export async function answerOf<Answer>(
  { rooms, signal }: Pick<EffectCall, 'rooms' | 'signal'>,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | undefined> {
  const limit = { clock: rooms.clock, limitMs: rooms.waitMs, signal, late: () => new Error('no answer in time') }
  try {
    return await withTimeLimit(limit, (inTime) => withSignal(ask(inTime), inTime))
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
