import type { Cluster, GroupPosition } from '../../src/kafka/index.ts'
import { API_VERSIONS, type ApiName } from '../../src/kafka/wire/versions.ts'

const COMMITS_AT_ONCE = 32

/** Commits the same positions for many groups, as applications that have stopped leave them. */
export async function commitGroups(
  cluster: Cluster,
  groups: readonly string[],
  positions: readonly GroupPosition[],
  signal: AbortSignal,
): Promise<void> {
  const rest = groups.values()
  const worker = async () => {
    for (const group of rest) {
      const refused = (await cluster.commitGroupOffsets(group, positions, signal)).find(
        ({ errorCode }) => errorCode !== 0,
      )
      if (refused !== undefined) throw new Error(`${group} could not commit: ${JSON.stringify(refused)}`)
    }
  }
  await Promise.all(Array.from({ length: COMMITS_AT_ONCE }, worker))
}

export function positionsAt(topic: string, partitions: number, offset: number): GroupPosition[] {
  return Array.from({ length: partitions }, (_, partition) => ({
    topic,
    partition,
    offset,
    leaderEpoch: -1,
    metadata: null,
  }))
}

/** Requests by API, as a proxy in front of a broker counts them. */
export class RequestCounter {
  readonly #counts = new Map<number, number>()

  readonly count = (apiKey: number): void => {
    this.#counts.set(apiKey, (this.#counts.get(apiKey) ?? 0) + 1)
  }

  of(name: ApiName): number {
    return this.#counts.get(API_VERSIONS[name].key) ?? 0
  }

  /** Of everything that has to do with groups. */
  get groups(): Readonly<
    Record<'ListGroups' | 'FindCoordinator' | 'OffsetFetch' | 'OffsetCommit' | 'OffsetDelete', number>
  > {
    return {
      ListGroups: this.of('ListGroups'),
      FindCoordinator: this.of('FindCoordinator'),
      OffsetFetch: this.of('OffsetFetch'),
      OffsetCommit: this.of('OffsetCommit'),
      OffsetDelete: this.of('OffsetDelete'),
    }
  }
}
