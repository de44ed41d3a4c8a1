import { type EntryKey, type FlowKey, flowKeyText, formatEntryKey, keyOf, type MapEntry } from '../offset-map/index.ts'
import { mapOffset, readMapEntries, type ShardMapSource } from './map-topic.ts'
import type { Tenure } from './tenure.ts'

/**
 * Removes flows from the offset map: a tombstone for every record of theirs that the log of the map still holds, under
 * the tenure of the shard, so that whoever took it over since is met by the fence and nothing of a newer owner is lost.
 * The newest record goes last: until it is gone the map knows the flow, and whoever was interrupted finds it again.
 */
export interface ForgetContext {
  readonly source: Pick<ShardMapSource, 'cluster' | 'reader' | 'topic'>
  readonly shardFor: (key: FlowKey) => HeldShard
}

/** Where a shard gives its tenures. */
interface HeldShard {
  readonly number: number
  tenure(signal: AbortSignal): Promise<Tenure>
}

const TOMBSTONES_AT_ONCE = 1_000

/** Waits for the tenure of each shard. Faults: those of reading the map, and whatever ends the tenure. */
export async function forgetFlows(
  context: ForgetContext,
  keys: readonly FlowKey[],
  signal: AbortSignal,
): Promise<void> {
  for (const [shard, flows] of Map.groupBy(keys, (key) => context.shardFor(key))) {
    await forgetInShard(context, shard, new Set(flows.map(flowKeyText)), signal)
  }
}

async function forgetInShard(
  { source }: ForgetContext,
  shard: HeldShard,
  flows: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const tenure = await shard.tenure(signal)
  const user = { isCertain: true }
  tenure.enter(user)
  try {
    const keys = await liveKeys(source, { shard: shard.number, flows }, signal)
    for (let at = 0; at < keys.length; at += TOMBSTONES_AT_ONCE) {
      const chunk = keys.slice(at, at + TOMBSTONES_AT_ONCE)
      await Promise.all(chunk.map((key) => tenure.writer.append({ kind: 'tombstone', key })))
    }
  } finally {
    tenure.leave(user)
  }
}

/** Keys that have a record and no tombstone behind it: the newest flow entry comes last. */
async function liveKeys(
  source: ForgetContext['source'],
  { shard, flows }: { readonly shard: number; readonly flows: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<EntryKey[]> {
  const live = new Map<string, EntryKey>()
  const take = (entry: MapEntry) => {
    const key = keyOf(entry)
    if (!('flow' in key) || !flows.has(flowKeyText(key.flow))) return
    const text = formatEntryKey(key)
    live.delete(text)
    if (entry.kind !== 'tombstone') live.set(text, key)
  }
  const from = await mapOffset(source.cluster, shard, -2, signal)
  const end = await mapOffset(source.cluster, shard, -1, signal)
  await readMapEntries(source, { shard, from, end }, take, signal)
  const keys = [...live.values()]
  return [...keys.filter(({ kind }) => kind !== 'flow'), ...keys.filter(({ kind }) => kind === 'flow')]
}
