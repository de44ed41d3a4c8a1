import { describeError, isFault } from '../../core/index.ts'
import { encodeDamagedBatch, type TopicMetadata } from '../../kafka/index.ts'
import { callBounded, type FenceCluster, type RegionAccess } from './region-access.ts'

/**
 * A write that can never be stored: one record whose checksum is wrong. Brokers look at rights first, then at the topic,
 * then at who leads, then at the checksum. So a fenced broker answers TOPIC_AUTHORIZATION_FAILED (29), and anything
 * that is said about the record or its place, such as CORRUPT_MESSAGE (2) or NOT_LEADER_OR_FOLLOWER (6), says that the
 * right is there. Any broker can be asked about any topic.
 */
export interface CanaryAnswer {
  readonly topic: string
  readonly state: CanaryState
  readonly code: number
}

/** `unanswered` where the answer says nothing about rights. */
export type CanaryState = 'refused' | 'accepted' | 'too-large' | 'unanswered'

export type CanaryTopic = Pick<TopicMetadata, 'name' | 'topicId'> & { readonly partition: number }

const TOPICS_PER_REQUEST = 500
const NOT_AUTHORIZED = 29
const TOO_LARGE = 10
/** Unknown server error, request timed out, network, and unknown topic id, which is found before rights are looked at. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([-1, 7, 13, 100])

/** Through the given client, whose principal is the one that is tried. Throws where the broker cannot be asked. */
export async function tryCanary(
  access: RegionAccess,
  options: {
    readonly cluster: Pick<FenceCluster, 'openChannel'>
    readonly nodeId: number
    readonly topics: readonly CanaryTopic[]
  },
  signal: AbortSignal,
): Promise<CanaryAnswer[]> {
  const { cluster, nodeId, topics } = options
  const channel = await callBounded(access, 'the canary', signal, (signal) => cluster.openChannel(nodeId, signal))
  try {
    const batch = encodeDamagedBatch(access.clock.nowMs())
    const answers: CanaryAnswer[] = []
    for (let at = 0; at < topics.length; at += TOPICS_PER_REQUEST) {
      const batches = topics.slice(at, at + TOPICS_PER_REQUEST).map(({ name, topicId, partition }) => {
        return { topic: name, topicId, partition, batch }
      })
      const request = { timeoutMs: access.timings.callMs, batches }
      const { partitions } = await callBounded(access, 'the canary', signal, () => channel.produce(request))
      answers.push(...partitions.map(({ topic, errorCode }) => ({ topic, ...readAnswer(errorCode) })))
    }
    return answers
  } finally {
    await channel.close()
  }
}

/** Why a broker could not be asked, as a sentence; other errors are thrown on. */
export function explainSilence(error: unknown): string {
  if (!isFault(error)) throw error
  return describeError(error)
}

export function readAnswer(code: number): { readonly state: CanaryState; readonly code: number } {
  if (code === NOT_AUTHORIZED) return { state: 'refused', code }
  if (code === TOO_LARGE) return { state: 'too-large', code }
  // 0 would mean that a damaged record was stored: whatever answers there is open.
  return { state: SAYS_NOTHING.has(code) ? 'unanswered' : 'accepted', code }
}
