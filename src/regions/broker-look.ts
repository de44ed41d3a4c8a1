import { describeError, isFault, mayPass } from '../core/index.ts'
import type { Broker, Cluster, ClusterMetadata, ProbeChannel } from '../kafka/index.ts'
import type { BrokerFinding } from './sample.ts'
import { type Bound, within } from './within.ts'

/** Where to look: a broker, or a bootstrap address of which nobody knows yet whose it is. */
export interface Place {
  readonly address: string
  readonly nodeId: number | undefined
}

export interface BrokerLook {
  readonly finding: BrokerFinding
  /** Open, where the broker answers; the caller closes it. */
  readonly channel: ProbeChannel | undefined
  /** The brokers as this one has them, and the topic that was asked for. */
  readonly metadata: ClusterMetadata | undefined
}

/** Connects to one broker and has it answer. Throws only where the signal is aborted. */
export async function lookAtBroker(
  {
    cluster,
    topic,
    ...bound
  }: Omit<Bound, 'what'> & { readonly cluster: Pick<Cluster, 'openProbe'>; readonly topic: string },
  { address, nodeId }: Place,
): Promise<BrokerLook> {
  const { clock, signal } = bound
  const startedMs = clock.monotonicMs()
  const about = () => ({ address, nodeId, atMs: clock.monotonicMs(), isFresh: true })
  let channel: ProbeChannel | undefined
  let connectMs: number | undefined
  try {
    const metadata = await within({ ...bound, what: `the look at ${address}` }, async (signal) => {
      channel = await cluster.openProbe(address, signal)
      connectMs = clock.monotonicMs() - startedMs
      return channel.metadata([topic])
    })
    return { finding: { ...about(), state: 'answers', code: '', reason: '', connectMs }, channel, metadata }
  } catch (error) {
    channel?.close()
    signal.throwIfAborted()
    const state = isRefusal(error) ? 'refuses' : 'silent'
    const finding: BrokerFinding = { ...about(), state, code: codeOf(error), reason: reasonOf(error), connectMs }
    return { finding, channel: undefined, metadata: undefined }
  }
}

export function placeOf({ host, port, nodeId }: Broker): Place {
  return { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, nodeId }
}

/**
 * Something is there and said no: TLS, credentials, rights, versions. Whoever only hangs up has said nothing. An error
 * of our own is no proof that a region is down either.
 */
function isRefusal(error: unknown): boolean {
  return !isFault(error) || !mayPass(error)
}

export function codeOf(error: unknown): string {
  return isFault(error) ? error.code : 'UNEXPECTED'
}

export function reasonOf(error: unknown): string {
  return isFault(error) ? error.message : describeError(error)
}
