import { writeFileSync } from 'node:fs'
import { ALL_TOPICS } from './apps.ts'
import type { StoredLog } from './oracle.ts'
import type { TrialFolder } from '../trial-folder.ts'
import type { TrialRegion } from './trial-regions.ts'

/** Everything that Kafka's own consumer reads from the group's topics in a region, from their beginnings. */
export async function readStored(
  folder: TrialFolder,
  {
    region,
    isolation,
    topics = ALL_TOPICS,
  }: {
    readonly region: TrialRegion
    readonly isolation: 'read_committed' | 'read_uncommitted'
    readonly topics?: readonly string[]
  },
  signal: AbortSignal,
): Promise<StoredLog> {
  const properties = writeJudge(folder, region)
  const { bootstrap } = region.entry
  const contents = await folder.readContents(
    `${region.name}-${isolation}`,
    { bootstrap, topics, isolation, properties },
    signal,
  )
  return new Map(
    [...contents].map(([partition, records]) => [
      partition,
      records.map(({ offset, key, value }) => ({ offset, key: key ?? '', id: value ?? '' })),
    ]),
  )
}

/** The file of the properties with which a region is read; its name. */
export function writeJudge(folder: TrialFolder, { name, judgeProperties }: TrialRegion): string {
  const properties = folder.file(`${name}.judge.properties`)
  writeFileSync(properties, judgeProperties, { mode: 0o600 })
  return properties
}
