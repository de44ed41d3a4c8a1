import { isFault } from '../../core/index.ts'
import { type GroupDocument, isReversible, type OperationRecord } from '../../failover/index.ts'
import { type KubernetesClient, kinds } from '../../kubernetes/index.ts'
import { idOfObject, isFromObject } from './operation-object.ts'
import type { ObjectsGroup } from './objects-group.ts'

export interface DeletedObjectsOptions {
  readonly client: Pick<KubernetesClient, 'list'>
  readonly groups: ReadonlyMap<string, ObjectsGroup>
  readonly document: (group: string) => GroupDocument | undefined
}

const REASON = 'its FailoverOperation was deleted'
/** It has ended meanwhile, or was committed: the one that deleted it was too late. */
const TOO_LATE: ReadonlySet<string> = new Set([
  'ABORT_TOO_LATE',
  'OPERATION_NOT_FOUND',
  'DRILL_ENDED',
  'DRILL_NOT_FOUND',
])

interface Started {
  readonly id: string
  abort(signal: AbortSignal): Promise<void>
}

/**
 * Aborts what objects asked for that are there no more. What runs is always read before the list: an object that it came
 * from was there then, and would be in the list if it still were.
 */
export class DeletedObjects {
  readonly #options: DeletedObjectsOptions

  constructor(options: DeletedObjectsOptions) {
    this.#options = options
  }

  async abort(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    const started = [...this.#moves(), ...(await this.#drills(signal))]
    if (started.length === 0) return
    const objects = await client.list(kinds.failoverOperation, {}, signal)
    const present = new Set(objects.map(idOfObject))
    for (const one of started) {
      if (present.has(one.id)) continue
      try {
        await one.abort(signal)
      } catch (error) {
        if (!isFault(error) || !TOO_LATE.has(error.code)) throw error
      }
    }
  }

  #moves(): Started[] {
    const { groups, document } = this.#options
    return [...groups].flatMap(([name, { desk }]) => {
      const operation = document(name)?.operation
      if (operation === undefined || !isFromObject(operation) || !isAbortable(operation)) return []
      const { id, request } = operation
      return [{ id, abort: (signal: AbortSignal) => desk.abort(id, request.by, REASON, signal) }]
    })
  }

  async #drills(signal: AbortSignal): Promise<Started[]> {
    const drills = [...this.#options.groups.values()].map(async ({ drills: own }) => {
      const running = await own?.desk.running(signal)
      if (own === undefined || running === undefined || !isFromObject(running) || running.abort !== undefined) return []
      const { id, request } = running
      return [{ id, abort: (within: AbortSignal) => own.desk.abort(id, request.by, REASON, within) }]
    })
    return (await Promise.all(drills)).flat()
  }
}

function isAbortable(operation: OperationRecord): boolean {
  return operation.abort === undefined && isReversible(operation)
}
