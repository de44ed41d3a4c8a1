import { invariant, isFault } from '../../core/index.ts'
import { type Cluster, readBatch, repackBatches } from '../../kafka/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow } from './flow.ts'
import { overLimit } from './plan-rules.ts'
import { CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, type RefusedBatch } from './trouble.ts'

/** Effective configs of a topic that bound the size of a batch. */
const SIZE_CONFIGS: readonly string[] = ['max.message.bytes', 'segment.bytes']
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/**
 * Finds out what the target does not take of a batch: the limit it is over, the records it named, or else that one has
 * to be searched for. The flow's next plan then cuts the batch, or leaves records out as the policy says. Each call
 * makes the batches in question smaller or names an offset, so that it comes to an end.
 */
export async function learnFromRefusal(
  flow: Flow,
  refused: RefusedBatch,
  { target, tenure }: { readonly target: Cluster; readonly tenure: Tenure },
  signal: AbortSignal,
): Promise<void> {
  const { sieve } = flow
  const { errorCode, batch, recordErrors } = refused
  let { detail } = refused
  if (errorCode === MESSAGE_TOO_LARGE || errorCode === RECORD_LIST_TOO_LARGE) {
    const limit = await sizeLimitOf(target, flow.spec.key.targetTopic, signal)
    if (limit !== undefined && batch.bytes.length > limit.bytes) {
      sieve.limitTo(limit.bytes, limit.config)
      if (batch.recordCount > 1) return
      // By name: where it takes long until it is fetched again, what is known of the limit is too old to refuse it.
      detail = overLimit(batch.bytes.length, limit)
    }
  }
  // What cannot be opened cannot be halved: it is refused as a whole, by its first record.
  const isOne = batch.recordCount === 1 || (errorCode === CORRUPT_MESSAGE && !isReadable(batch.bytes))
  const named = recordErrors.length === 0 && isOne ? [{ index: 0, message: null }] : recordErrors
  if (named.length === 0) {
    sieve.search(batch)
    return
  }
  const map = tenure.map.flow(flow.spec.key)
  invariant(map !== undefined, 'a flow that ran has a map')
  for (const { index, message } of named) {
    const { offset } = await map.findSource(batch.targetBase + index, signal)
    sieve.refuse(offset, { error: refused.error, detail: message ?? detail })
  }
}

function isReadable(bytes: Buffer): boolean {
  try {
    const header = readBatch(bytes, 0)
    if (header === undefined) return false
    repackBatches([{ buffer: bytes, header }], { fromOffset: header.baseOffset, identity: NOBODY })
    return true
  } catch (error) {
    if (!isFault(error)) throw error
    return false
  }
}

async function sizeLimitOf(target: Cluster, topic: string, signal: AbortSignal) {
  const [described] = await target.describeTopicConfigs([topic], signal)
  const limits = (described?.entries ?? [])
    .filter(({ name, value }) => SIZE_CONFIGS.includes(name) && Number(value) > 0)
    .map(({ name, value }) => ({ config: name, bytes: Number(value) }))
  return limits.sort((a, b) => a.bytes - b.bytes)[0]
}
