import { type Clock, describeError, isFault, type RegionName } from '../../core/index.ts'
import type { AclBinding, Broker, Cluster } from '../../kafka/index.ts'
import { matchesName } from '../authorizer-model.ts'
import { bindingKey } from '../fences/fence-record.ts'
import { callBounded, codeOf, DEFAULT_TIMINGS } from '../fences/region-access.ts'
import { PROBE } from '../fences/read-acls.ts'
import type { ResolvedBaseline } from './baseline.ts'
import { type BrokerSettings, judgeBrokers, listenersOf } from './broker-settings.ts'
import { judgeListener } from './judge-listener.ts'
import { type ListenerPlace, type ListenerSight, type ListenerTools, probeListener } from './probe-listener.ts'
import { type ProbeFinding, probeFinding, sortProbeFindings } from './probe-findings.ts'

/**
 * One round of probes of a region: every listener of every broker as somebody sees it whom it does not know, what brokers
 * say that they are set to, and what the principals are whose credentials are at hand. Each part fails alone and is told
 * as what could not be probed. Bounded in time and in how many listeners are asked at once; changes nothing.
 */
export interface RegionProbe {
  readonly region: RegionName
  /** Where Isthmus itself begins. */
  readonly bootstrap: readonly string[]
  readonly cluster: Pick<Cluster, 'metadata' | 'describeBrokerConfigs' | 'describeAcls'>
  readonly baseline: ResolvedBaseline
  /** As the operator says of the brokers. */
  readonly superUsers: readonly string[] | undefined
  /** Principals whose credentials are at hand. */
  readonly known: readonly KnownPrincipal[]
  readonly dial: ListenerTools['dial']
  readonly ca: string | undefined
  readonly clock: Clock
}

export interface KnownPrincipal {
  readonly principal: string
  /** Opened anew for each round, closed after it. */
  readonly open: () => Pick<Cluster, 'describeTopicConfigs' | 'close'>
}

/** What a round came to. */
export interface ProbeRound {
  readonly region: RegionName
  /** Wall clock. */
  readonly atMs: number
  readonly findings: readonly ProbeFinding[]
  readonly listeners: readonly ListenerSight[]
  /** Whether a policy says what the region has to be like. */
  readonly isDeclared: boolean
}

const ATTEMPT_MS = 3_000
const CALL_MS = 10_000
const BROKERS_MAX = 50
const AT_ONCE = 8
const SECURITY_DISABLED = 54
const NOT_AUTHORIZED = 29
/** No entry names it; see read-acls.ts. */
const UNNAMED = 'isthmus-topic-without-entries'

export async function probeRegion(probe: RegionProbe, signal: AbortSignal): Promise<ProbeRound> {
  const { region, baseline, clock, dial, ca } = probe
  const bounded: ListenerTools['bounded'] = (call) => within(probe, 'a probe', signal, call, ATTEMPT_MS)
  const sight = await readBrokers(probe, signal)
  const places = findListeners(probe, sight)
  const listeners: ListenerSight[] = []
  for (let at = 0; at < places.length; at += AT_ONCE) {
    const some = places.slice(at, at + AT_ONCE).map((place) => probeListener(place, { dial, ca, clock, bounded }))
    listeners.push(...(await Promise.all(some)))
    signal.throwIfAborted()
  }
  const principals = await Promise.all(probe.known.map((one) => probePrincipal(probe, one, { sight, signal })))
  const nowMs = clock.nowMs()
  const all = [
    ...sight.findings,
    ...judgeBrokers(region, sight.settings, baseline),
    ...listeners.flatMap((one) => judgeListener(region, one, { baseline, nowMs })),
    ...principals.flat(),
    ...judgeSuperUsers(probe),
  ]
  const once = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()]
  return { region, atMs: nowMs, findings: sortProbeFindings(once), listeners, isDeclared: baseline.isDeclared }
}

interface BrokersSight {
  readonly brokers: readonly Broker[]
  readonly settings: readonly BrokerSettings[]
  /** Undefined where they cannot be read. */
  readonly bindings: readonly AclBinding[] | undefined
  readonly findings: readonly ProbeFinding[]
}

async function readBrokers(probe: RegionProbe, signal: AbortSignal): Promise<BrokersSight> {
  const { region, cluster } = probe
  const findings: ProbeFinding[] = []
  const look = async <Result>(what: string, call: (signal: AbortSignal) => Promise<Result>) => {
    try {
      return await within(probe, what, signal, call)
    } catch (error) {
      signal.throwIfAborted()
      const hasNone = isFault(error) && codeOf(error) === SECURITY_DISABLED
      const id = hasNone ? 'no-authorizer' : 'could-not-probe'
      findings.push(probeFinding(id, { region, evidence: `${what}: ${describeError(error)}` }))
      return undefined
    }
  }
  const metadata = await look('the brokers', (signal) => cluster.metadata([], signal))
  if (metadata === undefined) return { brokers: [], settings: [], bindings: undefined, findings }
  const brokers = metadata.brokers.slice(0, BROKERS_MAX)
  const described = await Promise.all(
    brokers.map(async ({ nodeId: broker }) => {
      const what = `settings of broker ${broker}`
      const entries = await look(what, (signal) => cluster.describeBrokerConfigs(broker, signal))
      return entries === undefined ? [] : [{ broker, entries }]
    }),
  )
  const bindings = await look('its ACLs', (signal) => cluster.describeAcls({}, signal))
  return { brokers, settings: described.flat(), bindings, findings }
}

/** By their names where brokers tell them; else what Isthmus itself is told to connect to. */
function findListeners({ bootstrap }: RegionProbe, { brokers, settings }: BrokersSight): readonly ListenerPlace[] {
  const places = new Map<string, ListenerPlace>()
  const add = (place: ListenerPlace) => {
    const key = `${place.host}:${place.port}`
    if (!places.has(key)) places.set(key, place)
  }
  for (const place of settings.flatMap(listenersOf)) add(place)
  for (const { nodeId, host, port } of brokers) add({ broker: nodeId, name: `${host}:${port}`, host, port })
  if (places.size > 0) return [...places.values()]
  for (const address of bootstrap) {
    const at = address.lastIndexOf(':')
    const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
    add({ broker: -1, name: address, host, port: Number(address.slice(at + 1)) })
  }
  return [...places.values()]
}

/** What is denied to everyone is told to a super user, and what nobody has an entry for only where that is open. */
async function probePrincipal(
  probe: RegionProbe,
  { principal, open }: KnownPrincipal,
  { sight, signal }: { readonly sight: BrokersSight; readonly signal: AbortSignal },
): Promise<readonly ProbeFinding[]> {
  const { region, baseline } = probe
  const { bindings } = sight
  // Without the entry that denies, or with one that allows, the answers mean something else.
  if (bindings?.some((binding) => bindingKey(binding) === bindingKey(PROBE)) !== true) return []
  const client = open()
  try {
    const topics = [PROBE.name, UNNAMED]
    const asked = await within(probe, `as ${principal}`, signal, (signal) =>
      client.describeTopicConfigs(topics, signal),
    )
    // Brokers answer in an order of their own.
    const [denied, unnamed] = topics.map((topic) => asked.find((one) => one.topic === topic)?.errorCode)
    if (denied !== undefined && denied !== NOT_AUTHORIZED) {
      const isMeant = baseline.superUsers === undefined || baseline.superUsers.includes(principal)
      const evidence = `${principal} is told of what is denied to everyone`
      return isMeant ? [] : [probeFinding('super-user-unexpected', { region, evidence })]
    }
    const isNamed = bindings.some((binding) => binding.resource === 'topic' && matchesName(binding, UNNAMED))
    const isOpen = !isNamed && unnamed !== undefined && unnamed !== NOT_AUTHORIZED
    if (!isOpen || baseline.allowEveryoneIfNoAcl) return []
    const evidence = `${principal} is told of a topic that no entry names`
    return [probeFinding('open-by-default', { region, evidence })]
  } catch (error) {
    signal.throwIfAborted()
    return [probeFinding('could-not-probe', { region, evidence: `as ${principal}: ${describeError(error)}` })]
  } finally {
    await client.close()
  }
}

function judgeSuperUsers({ region, superUsers = [], baseline }: RegionProbe): ProbeFinding[] {
  const extra = baseline.superUsers === undefined ? [] : superUsers.filter((one) => !baseline.superUsers?.includes(one))
  if (extra.length === 0) return []
  return [probeFinding('super-user-unexpected', { region, evidence: `fence.superUsers names ${extra.join(', ')}` })]
}

function within<Result>(
  { region, clock }: RegionProbe,
  what: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<Result>,
  afterMs = CALL_MS,
): Promise<Result> {
  return callBounded({ region, clock, timings: DEFAULT_TIMINGS }, what, signal, call, afterMs)
}
