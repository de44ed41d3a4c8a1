/** Where the groups of the workload stand, for tours, trials and tests. */
import type { Kafka } from 'kafkajs'
import { GROUPS } from './topics.ts'

/** A committed position: the offset of the first record that the group has not read. */
export interface GroupPosition {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** Every position that a group of the workload has committed, on any topic. */
export async function readPositions(kafka: Kafka): Promise<GroupPosition[]> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    const positions: GroupPosition[] = []
    for (const group of Object.values(GROUPS)) {
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group })) {
        const committed = partitions.filter(({ offset }) => !offset.startsWith('-'))
        positions.push(
          ...committed.map(({ partition, offset }) => ({ group, topic, partition, offset: BigInt(offset) })),
        )
      }
    }
    return positions
  } finally {
    await admin.disconnect()
  }
}
