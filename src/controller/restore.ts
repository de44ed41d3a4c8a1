import { type AuthorityEvents, openStore, restoreAuthority } from '../authority/index.ts'
import type { RestoreReport, RestoreVerb } from '../cli/index.ts'
import { authorityOptionsOf, type Config, clusterOptionsOf, loadConfig } from '../config/index.ts'
import { type Clock, createEvents, invariant, type Random } from '../core/index.ts'
import { type Cluster, openCluster } from '../kafka/index.ts'
import { findAnsweringControllers, type StateTexts } from './controller-beats.ts'
import { STATE_TOPIC, StateTopics } from './state-topics.ts'

export interface RestoreContext {
  readonly clock: Clock
  readonly random: Random
}

const BOUNDS = { connectTimeoutMs: 3_000, requestTimeoutMs: 5_000 }

/**
 * `isthmus authority restore`: a new authority, where the configuration says, out of the copies in the regions. No
 * controller is needed, and none may answer.
 */
export async function runRestore(
  { config: file, from, reason, by, isDryRun }: RestoreVerb,
  context: RestoreContext,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const config = loadConfig(file)
  const clusters = openRegions(config, context)
  const topics = new StateTopics({ clusters, context })
  const states = whereThere(topics, clusters)
  const store = openStore(authorityOptionsOf(config.authority), { ...context, events: createEvents<AuthorityEvents>() })
  try {
    const restored = await restoreAuthority(
      {
        store,
        regions: states,
        from,
        reason,
        actor: by,
        answeringControllers: (until) => findAnsweringControllers({ states, clock: context.clock }, until),
        mode: isDryRun ? 'plan' : 'apply',
        context,
      },
      signal,
    )
    return { ...restored, state: isDryRun ? 'planned' : 'restored', where: store.where, from }
  } finally {
    await store.close()
    await topics.close()
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
  }
}

function openRegions({ regions, failoverGroups }: Config, context: RestoreContext): Map<string, Cluster> {
  const names = new Set(failoverGroups.flatMap((group) => group.regions))
  const wanted = [...regions.values()].filter(({ name }) => names.has(name))
  return new Map(
    wanted.map((region) => {
      const options = { ...clusterOptionsOf(region), clientId: 'isthmus-restore', ...BOUNDS, context }
      return [region.name, openCluster(options)]
    }),
  )
}

/** A region without the topic has no copies; merely to look makes none. */
function whereThere(topics: StateTopics, clusters: ReadonlyMap<string, Cluster>): StateTexts {
  return {
    regions: topics.regions,
    put: (...args) => topics.put(...args),
    async readAll(region, signal) {
      const cluster = clusters.get(region)
      invariant(cluster !== undefined, `a cluster is open for ${region}`)
      const { topics: found } = await cluster.metadata([STATE_TOPIC], signal)
      const isThere = found.some(({ name, errorCode }) => name === STATE_TOPIC && errorCode === 0)
      return isThere ? topics.readAll(region, signal) : new Map<string, string>()
    },
  }
}
