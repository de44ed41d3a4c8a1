import type { Flow } from './flows/flow.ts'
import type { Segment } from './offset-map/index.ts'

/**
 * Deletes what the map topic no longer needs of a flow whose log starts have moved: first a floor entry, acknowledged,
 * that says which entry is the oldest to count; only then the ones before it. A stop in between leaves entries that
 * nobody reads. Without it, the map of a transactional source would grow for ever.
 */
export async function cleanMap(flow: Flow, logStarts: Segment, nowMs: number, signal: AbortSignal): Promise<void> {
  const { tenure } = flow
  const { key } = flow.spec
  const map = tenure?.map.flow(key)
  const floor = map?.floorAt(logStarts)
  if (tenure === undefined || map === undefined || floor === undefined) return
  await tenure.writer.append({ kind: 'floor', flow: key, ...tenure.identity, ...floor, atMs: nowMs })
  for await (const keys of map.deletableEntries(signal)) {
    await Promise.all(keys.map((entryKey) => tenure.writer.append({ kind: 'tombstone', key: entryKey })))
  }
}
