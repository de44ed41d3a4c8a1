import { canonicalJson, isFault, type RetryContext } from '../core/index.ts'
import { KubernetesClient, type KubernetesObject, kinds } from '../kubernetes/index.ts'
import { routingFaults } from './faults.ts'
import type { ResolvedKubernetesRouting } from './resolve.ts'
import { explainTrouble, type ProviderStep, type RoutingCheck, type RoutingProvider } from './provider.ts'

/**
 * A Service or a ConfigMap by which pods find the active region. It is read first, and replaced under the resource
 * version that was read, and only where it has what one of the regions is to have: what somebody else wrote is not
 * overwritten, and a controller that comes late changes nothing.
 */
export function kubernetesRouting(
  routing: ResolvedKubernetesRouting,
  context: Omit<RetryContext, 'signal'>,
): RoutingProvider {
  const client = new KubernetesClient(routing.access, context)
  const { object, values } = routing
  const name = `${object} ${routing.name}`
  const look = async (signal: AbortSignal): Promise<Look> => {
    const found = await client.get(kinds[object], routing.name, signal)
    const facts = { object: name, where: client.where }
    if (found === undefined) return { kind: 'fault', fault: routingFaults.fault('ROUTING_KUBERNETES_ABSENT', facts) }
    const value = readValue(found, routing)
    // A ConfigMap may begin without; a Service without has its endpoints from somebody else.
    const isEmpty = routing.field === 'data' && Object.keys(value).length === 0
    const isKnown = isEmpty || [...values.values()].some((known) => isSame(known, value))
    if (isKnown) return { kind: 'found', found, value }
    const stranger = { ...facts, value: canonicalJson(value) }
    return { kind: 'fault', fault: routingFaults.fault('ROUTING_KUBERNETES_STRANGER', stranger) }
  }
  return {
    name,
    switchTo: ({ to }, signal) =>
      stepOf(async () => {
        const wanted = values.get(to) ?? {}
        const seen = await look(signal)
        if (seen.kind === 'fault') return { kind: 'failed', fault: seen.fault }
        if (isSame(seen.value, wanted)) return { kind: 'done', reason: `${name} points at ${to}` }
        const outcome = await client.replace(kinds[object], writeValue(seen.found, wanted, routing), signal)
        if (outcome.kind === 'written') return { kind: 'done', reason: `${name} points at ${to}` }
        return { kind: 'unknown', reason: `${name} was changed by somebody else at the same time` }
      }),
    async check({ to }, signal): Promise<RoutingCheck> {
      try {
        const found = await client.get(kinds[object], routing.name, signal)
        if (found === undefined) return { verdict: 'elsewhere', reason: `${name} is gone` }
        const value = readValue(found, routing)
        if (isSame(value, values.get(to) ?? {})) return { verdict: 'switched', reason: `${name} points at ${to}` }
        return { verdict: 'elsewhere', reason: `${name} has ${canonicalJson(value)}` }
      } catch (error) {
        if (!isFault(error)) throw error
        return { verdict: 'unknown', reason: error.message }
      }
    },
    async findTrouble(signal) {
      try {
        const seen = await look(signal)
        if (seen.kind === 'fault') return explainTrouble(seen.fault)
        // Changes nothing, and shows the right to.
        await client.replace(kinds[object], seen.found, signal, { isDryRun: true })
        return undefined
      } catch (error) {
        if (!isFault(error)) throw error
        return `${name}: ${explainTrouble(error)}`
      }
    },
  }
}

type Value = Readonly<Record<string, string>>
type Look =
  | { readonly kind: 'found'; readonly found: KubernetesObject; readonly value: Value }
  | { readonly kind: 'fault'; readonly fault: Extract<ProviderStep, { kind: 'failed' }>['fault'] }

const REFUSALS: ReadonlySet<string> = new Set([
  'KUBERNETES_REFUSED',
  'KUBERNETES_ACCESS_UNUSABLE',
  'KUBERNETES_POLICY_UNUSABLE',
])

/** What a call to the API server came to, as a step: only a refusal ends it. */
export async function stepOf(call: () => Promise<ProviderStep>): Promise<ProviderStep> {
  try {
    return await call()
  } catch (error) {
    if (!isFault(error)) throw error
    return REFUSALS.has(error.code) ? { kind: 'failed', fault: error } : { kind: 'unknown', reason: error.message }
  }
}

/** Of a ConfigMap only the keys that the regions have a value for. */
function readValue({ spec, data }: KubernetesObject, { field, values }: ResolvedKubernetesRouting): Value {
  const { selector = {}, externalName } = (spec ?? {}) as { selector?: Value; externalName?: string }
  if (field === 'selector') return selector
  if (field === 'externalName') return externalName === undefined ? {} : { externalName }
  const keys = new Set([...values.values()].flatMap((value) => Object.keys(value)))
  return Object.fromEntries(Object.entries((data ?? {}) as Value).filter(([key]) => keys.has(key)))
}

function writeValue(
  object: KubernetesObject,
  value: Value,
  { field }: Pick<ResolvedKubernetesRouting, 'field'>,
): KubernetesObject {
  if (field === 'data') return { ...object, data: { ...(object.data as Value | undefined), ...value } }
  const changed = field === 'selector' ? { selector: value } : value
  return { ...object, spec: { ...(object.spec as object), ...changed } }
}

function isSame(one: Value, other: Value): boolean {
  return canonicalJson(one) === canonicalJson(other)
}
