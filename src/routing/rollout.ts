import { isFault, type RetryContext } from '../core/index.ts'
import { KubernetesClient, type KubernetesObject, kinds } from '../kubernetes/index.ts'
import type { ResolvedRollout } from './resolve.ts'
import { type ClientMove, type EvictionProvider, explainTrouble } from './provider.ts'
import { stepOf } from './switched-object.ts'

/**
 * Restarts the Deployments and StatefulSets that say with an annotation that they are clients of the failover group, as
 * `kubectl rollout restart` does, and is done once all of them run anew. The operation is written into the pods'
 * template, so that a step that is asked again, also by another controller, restarts nothing twice.
 */
export const GROUP_ANNOTATION = 'isthmus.dev/failover-group'
const OPERATION_ANNOTATION = 'isthmus.dev/operation'

const workloadKinds = [kinds.deployment, kinds.statefulSet] as const

interface Workload {
  readonly kind: (typeof workloadKinds)[number]
  /** Such as `Deployment reader`. */
  readonly title: string
  readonly object: KubernetesObject
}

export function rolloutEviction(rollout: ResolvedRollout, context: Omit<RetryContext, 'signal'>): EvictionProvider {
  const client = new KubernetesClient(rollout.access, context)
  const name = `rollout in ${client.where}`
  return {
    name,
    evict: (move, signal) =>
      stepOf(async () => {
        const workloads = await findWorkloads(client, move.group, signal)
        for (const workload of workloads.filter((one) => restartedFor(one.object) !== move.operation)) {
          await restart(client, { workload, move }, signal)
        }
        // What was just restarted is looked at the next time.
        const waiting = (await findWorkloads(client, move.group, signal)).flatMap((one) => explainWait(one, move) ?? [])
        if (waiting.length > 0) return { kind: 'unknown', reason: `waiting for ${waiting.join(', ')}` }
        const restarted = workloads.map(({ title }) => title).join(', ')
        return { kind: 'done', reason: restarted === '' ? NOTHING : `restarted: ${restarted}` }
      }),
    async findTrouble(signal) {
      try {
        const workloads = await findWorkloads(client, rollout.group, signal)
        const troubles = workloads.flatMap((workload) => explainTroubleOf(workload) ?? [])
        if (workloads.length === 0) troubles.push(NOTHING)
        // Changes nothing, and shows the right to.
        for (const { kind, object } of workloads) {
          await client.patch(kind, { metadata: { name: object.metadata.name } }, signal, { isDryRun: true })
        }
        return troubles.length === 0 ? undefined : `${name}: ${troubles.join('; ')}`
      } catch (error) {
        if (!isFault(error)) throw error
        return `${name}: ${explainTrouble(error)}`
      }
    },
  }
}

const NOTHING = `no Deployment or StatefulSet names the group in its annotation ${GROUP_ANNOTATION}`

async function findWorkloads(client: KubernetesClient, group: string, signal: AbortSignal): Promise<Workload[]> {
  const lists = await Promise.all(
    workloadKinds.map(async (kind) => {
      const objects = await client.list(kind, {}, signal)
      return objects.map((object) => ({ kind, title: `${kind.kind} ${object.metadata.name}`, object }))
    }),
  )
  return lists.flat().filter(({ object }) => {
    const groups = object.metadata.annotations?.[GROUP_ANNOTATION] ?? ''
    return groups.split(',').some((one) => one.trim() === group)
  })
}

async function restart(
  client: KubernetesClient,
  { workload, move }: { readonly workload: Workload; readonly move: ClientMove },
  signal: AbortSignal,
): Promise<void> {
  const { name, resourceVersion } = workload.object.metadata
  const template = { metadata: { annotations: { [OPERATION_ANNOTATION]: move.operation } } }
  const metadata = { name, ...(resourceVersion !== undefined && { resourceVersion }) }
  await client.patch(workload.kind, { metadata, spec: { template } }, signal)
}

function restartedFor({ spec }: KubernetesObject): string | undefined {
  const { template } = (spec ?? {}) as { template?: { metadata?: { annotations?: Record<string, string> } } }
  return template?.metadata?.annotations?.[OPERATION_ANNOTATION]
}

interface WorkloadSpec {
  readonly replicas?: number
  readonly paused?: boolean
  readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } }
}

interface WorkloadStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
}

/** Pure: what of it still has to happen, by the rules of `kubectl rollout status`. */
function explainWait({ title, object }: Workload, { operation }: ClientMove): string | undefined {
  const { replicas: wanted = 1 } = (object.spec ?? {}) as WorkloadSpec
  const {
    observedGeneration = 0,
    replicas = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
  } = (object.status ?? {}) as WorkloadStatus
  if (restartedFor(object) !== operation) return `${title} (it was changed by somebody else at the same time)`
  if (observedGeneration < (object.metadata.generation ?? 0)) return `${title} (nobody has begun)`
  const started = Math.min(updatedReplicas, availableReplicas)
  if (started < wanted) return `${title} (${started} of ${wanted} pods run anew)`
  return replicas > updatedReplicas ? `${title} (${replicas - updatedReplicas} old pods are still there)` : undefined
}

/** Pure: why a change of its template would restart nothing. */
function explainTroubleOf({ title, object }: Workload): string | undefined {
  const { paused = false, updateStrategy = {} } = (object.spec ?? {}) as WorkloadSpec
  if (paused) return `${title} is paused`
  if (updateStrategy.type === 'OnDelete') return `${title} restarts its pods only when they are deleted (OnDelete)`
  const { partition = 0 } = updateStrategy.rollingUpdate ?? {}
  return partition > 0 ? `${title} restarts no pods below number ${partition} (partition)` : undefined
}
