import { createHash } from 'node:crypto'
import type { Clock } from '../../core/index.ts'
import { type KubernetesClient, type KubernetesObject, kinds, type ResourceKind } from '../../kubernetes/index.ts'
import type { News } from './news.ts'

export interface ObjectEventsOptions {
  readonly client: Pick<KubernetesClient, 'create'>
  /** Of this process. */
  readonly name: string
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Bounds of the API, characters. */
const NOTE_MOST = 1_000
const NAME_MOST = 128

/**
 * Tells of objects by Kubernetes Events, as `kubectl describe` shows them. The name of one comes from the state that it
 * tells the end of, so that it is there once, however often it is told. They are for people: nothing rests on them.
 */
export class ObjectEvents {
  readonly #options: ObjectEventsOptions

  constructor(options: ObjectEventsOptions) {
    this.#options = options
  }

  /** `before`: the object as it stood. */
  async tell(kind: ResourceKind, before: KubernetesObject, news: readonly News[], signal: AbortSignal): Promise<void> {
    const { client, name: instance, clock } = this.#options
    const { name, namespace, uid, resourceVersion } = before.metadata
    for (const { type, reason, note } of news) {
      const digest = createHash('sha256').update(`${uid}\n${resourceVersion}\n${reason}`).digest('hex')
      const event = {
        metadata: { name: `${name.slice(0, 200)}.${digest.slice(0, 16)}` },
        eventTime: new Date(clock.nowMs()).toISOString().replace('Z', '000Z'),
        reportingController: 'isthmus.dev/controller',
        reportingInstance: instance.slice(0, NAME_MOST),
        action: 'Reconcile',
        regarding: { apiVersion: kind.apiVersion, kind: kind.kind, name, namespace, uid },
        type,
        reason,
        note: note.slice(0, NOTE_MOST),
      }
      // One that is there already was told by whoever led before.
      await client.create(kinds.event, event, signal)
    }
  }
}
