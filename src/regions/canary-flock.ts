import { type Clock, isFault } from '../core/index.ts'
import { type Cluster, type ClusterMetadata, errorName, type ProbeChannel } from '../kafka/index.ts'
import { type BrokerLook, reasonOf } from './broker-look.ts'
import { type CanaryOutcome, type CanaryPlace, canaryLeaders, flyCanary, HEALTH_TOPIC, healthTopic } from './canary.ts'
import type { HeardReport } from './report.ts'
import { type CanaryFinding, type Check, type ClockFinding, ok, unknown } from './sample.ts'
import { within } from './within.ts'

/**
 * The canaries of one sample: one to each leader of the health topic that was looked at, and the topic itself, which is
 * made when it is missing. Whatever is about this principal's rights leaves the check unknown: it says nothing about
 * what others can do.
 */
export interface FlockOptions {
  readonly region: string
  readonly cluster: Pick<Cluster, 'createTopics'>
  readonly clock: Clock
  readonly timeoutMs: number
}

export interface Flight {
  readonly finding: Check<CanaryFinding>
  readonly clocks: readonly ClockFinding[]
  readonly heard: readonly HeardReport[]
}

interface Errand {
  readonly looks: readonly BrokerLook[]
  readonly brokers: number
  readonly value: Buffer
}

const UNKNOWN_TOPIC_OR_PARTITION = 3
const TOPIC_ALREADY_EXISTS = 36
const MAKE_AGAIN_MS = 30_000

export class CanaryFlock {
  readonly #options: FlockOptions
  /** By topic id and partition. */
  readonly #nextOffsets = new Map<string, number>()
  #makeAgainMs = Number.NEGATIVE_INFINITY
  #whyNotMade = ''

  constructor(options: FlockOptions) {
    this.#options = options
  }

  async fly({ looks, brokers, value }: Errand, signal: AbortSignal): Promise<Flight> {
    const answers = looks.flatMap(({ metadata }) => metadata ?? [])
    if (answers.length === 0) return without('no broker answers')
    const leaders = [...canaryLeaders(answers).values()]
    if (leaders.length === 0) return without(await this.#explainNone(answers, brokers, signal))
    const flights = leaders.flatMap((place) => this.#prepare(place, looks))
    const outcomes = await Promise.all(
      flights.map(({ place, channel, why }) => {
        if (channel === undefined) return Promise.resolve({ kind: 'refused', reason: why } as const)
        return this.#flyOne(channel, place, value, signal)
      }),
    )
    return sumUp(outcomes)
  }

  /** Nothing for a leader that was not looked at this time. */
  #prepare(
    place: CanaryPlace & { readonly leaderId: number },
    looks: readonly BrokerLook[],
  ): { place: CanaryPlace; channel: ProbeChannel | undefined; why: string }[] {
    const name = `${HEALTH_TOPIC}-${place.partition}`
    if (place.leaderId < 0) return [{ place, channel: undefined, why: `${name} has no leader` }]
    const look = looks.find(({ finding, metadata }) => leaderIdOf(finding, metadata) === place.leaderId)
    if (look === undefined) return []
    return [{ place, channel: look.channel, why: `broker ${place.leaderId}, which leads ${name}, does not answer` }]
  }

  async #flyOne(channel: ProbeChannel, place: CanaryPlace, value: Buffer, signal: AbortSignal): Promise<CanaryOutcome> {
    const { region, clock, timeoutMs } = this.#options
    const key = `${place.topicId} ${place.partition}`
    try {
      const bound = { clock, region, what: 'the canary', timeoutMs, signal }
      const fromOffset = this.#nextOffsets.get(key)
      const outcome = await within(bound, () => flyCanary({ channel, place, value, fromOffset, clock, timeoutMs }))
      if (outcome.kind === 'read') this.#nextOffsets.set(key, outcome.nextOffset)
      return outcome
    } catch (error) {
      signal.throwIfAborted()
      return { kind: isFault(error) && error.retriable ? 'refused' : 'unusable', reason: reasonOf(error) }
    }
  }

  /** Why there are no canaries yet; makes the topic where nobody knows it. */
  async #explainNone(answers: readonly ClusterMetadata[], brokers: number, signal: AbortSignal): Promise<string> {
    const code = answers.flatMap(({ topics }) => topics).find(({ name }) => name === HEALTH_TOPIC)?.errorCode ?? -1
    if (code !== UNKNOWN_TOPIC_OR_PARTITION) return `${HEALTH_TOPIC} cannot be used: ${errorName(code)} (${code})`
    const { region, cluster, clock, timeoutMs } = this.#options
    if (clock.monotonicMs() < this.#makeAgainMs) return this.#whyNotMade
    this.#makeAgainMs = clock.monotonicMs() + MAKE_AGAIN_MS
    this.#whyNotMade = `${HEALTH_TOPIC} was just made`
    try {
      const bound = { clock, region, what: `making ${HEALTH_TOPIC}`, timeoutMs, signal }
      const [outcome] = await within(bound, (signal) => cluster.createTopics([healthTopic(brokers)], signal))
      const made = outcome?.errorCode ?? -1
      if (made !== 0 && made !== TOPIC_ALREADY_EXISTS) {
        this.#whyNotMade = `${HEALTH_TOPIC} could not be made: ${errorName(made)} ${outcome?.message ?? ''}`.trim()
      }
    } catch (error) {
      signal.throwIfAborted()
      this.#whyNotMade = `${HEALTH_TOPIC} could not be made: ${reasonOf(error)}`
    }
    return this.#whyNotMade
  }
}

/** A bootstrap address may be that of a broker, under the name that the broker gives itself. */
function leaderIdOf({ nodeId, address }: BrokerLook['finding'], metadata: ClusterMetadata | undefined) {
  return nodeId ?? metadata?.brokers.find(({ host, port }) => `${host}:${port}` === address)?.nodeId
}

function sumUp(outcomes: readonly CanaryOutcome[]): Flight {
  const read = outcomes.filter((outcome) => outcome.kind === 'read')
  const unusable = outcomes.find((outcome) => outcome.kind === 'unusable')
  const refusals = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.reason] : []))
  const finding: CanaryFinding = {
    tried: outcomes.length,
    written: read.length,
    slowestMs: Math.max(0, ...read.map(({ tookMs }) => tookMs)),
    refusals,
  }
  return {
    finding: unusable === undefined ? ok(finding) : unknown(unusable.reason),
    clocks: read.flatMap(({ clock }) => clock ?? []),
    heard: read.flatMap(({ heard }) => heard),
  }
}

function without(reason: string): Flight {
  return { finding: unknown(reason), clocks: [], heard: [] }
}
