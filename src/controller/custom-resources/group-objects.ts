import type { Clock } from '../../core/index.ts'
import type { DrillSummary, GroupDocument } from '../../failover/index.ts'
import { type KubernetesClient, type KubernetesObject, kinds } from '../../kubernetes/index.ts'
import { type GroupObjectStatus, isWorthShowing, statusOfGroup } from './group-object.ts'
import { newsOfGroup } from './news.ts'
import type { ObjectEvents } from './object-events.ts'

export interface GroupObjectsOptions {
  readonly client: Pick<KubernetesClient, 'list' | 'create' | 'replaceStatus'>
  /** Names of the groups that are shown. */
  readonly groups: readonly string[]
  readonly document: (group: string) => GroupDocument | undefined
  readonly drills: () => readonly DrillSummary[]
  readonly lagOf: (group: string) => string
  readonly events: Pick<ObjectEvents, 'tell'>
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Makes a FailoverGroup object for each group, and shows in it what the leader knows. */
export class GroupObjects {
  readonly #options: GroupObjectsOptions

  constructor(options: GroupObjectsOptions) {
    this.#options = options
  }

  async show(signal: AbortSignal): Promise<void> {
    const { client, groups } = this.#options
    const listed = await client.list(kinds.failoverGroup, {}, signal)
    const objects = new Map(listed.map((object) => [object.metadata.name, object]))
    for (const group of groups) {
      const object = objects.get(group) ?? (await this.#make(group, signal))
      if (object !== undefined) await this.#showOne(object, signal)
    }
  }

  async #make(name: string, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    const made = await this.#options.client.create(kinds.failoverGroup, { metadata: { name }, spec: {} }, signal)
    return made.kind === 'written' ? made.object : undefined
  }

  async #showOne(object: KubernetesObject, signal: AbortSignal): Promise<void> {
    const { client, document: documentOf, drills, lagOf, events, clock } = this.#options
    const { name } = object.metadata
    const before = object.status as GroupObjectStatus | undefined
    const document = documentOf(name)
    // What was shown before is more than that nothing has been read yet.
    if (document === undefined && before !== undefined) return
    const drill = drills().find(({ group }) => group === name)
    const at = new Date(clock.nowMs()).toISOString()
    const status = statusOfGroup({ document, lag: lagOf(name), drill, at }, object)
    if (!isWorthShowing(before, status)) return
    const written = await client.replaceStatus(kinds.failoverGroup, { ...object, status }, signal)
    if (written.kind !== 'written') return
    await events.tell(kinds.failoverGroup, object, newsOfGroup(before, status), signal)
  }
}
