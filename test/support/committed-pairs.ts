import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs, type GroupPosition } from '../../src/kafka/index.ts'
import type { PositionPair } from './position-judge.ts'

/** What the groups have committed on the target, as an ordinary client is told. */
export async function committedPairs(
  bootstrap: readonly string[],
  committed: ReadonlyMap<string, readonly GroupPosition[]>,
): Promise<PositionPair[]> {
  const context = { clock: systemClock, random: systemRandom }
  const admin = createKafkaJs({ name: 'target', bootstrap, context }).admin()
  await admin.connect()
  try {
    const pairs: PositionPair[] = []
    for (const [groupId, positions] of committed) {
      const topics = [...new Set(positions.map(({ topic }) => topic))]
      const found = new Map<string, number>()
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
        for (const { partition, offset } of partitions) found.set(`${topic}/${partition}`, Number(offset))
      }
      for (const { topic, partition, offset } of positions) {
        const there = found.get(`${topic}/${partition}`) ?? -1
        pairs.push({ partition: `${topic}/${partition}`, source: offset, target: there < 0 ? undefined : there })
      }
    }
    return pairs
  } finally {
    await admin.disconnect()
  }
}
