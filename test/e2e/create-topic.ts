import type { Kafka } from 'kafkajs'
import { withAdmin } from '../integration/local/region-clients.ts'
import { eventually } from '../support/isthmus-process.ts'

/** Creates a topic and waits until clients can use it; kafkajs's own wait gives up on a broker that is a little late. */
export async function createTopic(kafka: Kafka, topic: string, partitions: number): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false })
    const look = () => admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined)
    await eventually(`${topic} has leaders`, look, { limitMs: 30_000 })
  })
}
