import { failoverFaults } from '../failover/index.ts'
import type { FailoverGroupBody, OperationBody } from './contract/index.ts'
import { viewFailoverGroup, viewOperation } from './failover-views.ts'
import { viewFences } from './fence-views.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent, ControlledGroup, FailoverView } from './ports.ts'

interface DesksOptions {
  readonly content: ApiContent
  /** Aborts when the API stops. */
  readonly closing: AbortSignal
  /** Whether the API can be reached from this machine only. */
  readonly isLocal: boolean
}

/** The failover groups as the routes ask for them. */
export class Desks {
  readonly #options: DesksOptions

  constructor(options: DesksOptions) {
    this.#options = options
  }

  get signal(): AbortSignal {
    return this.#options.closing
  }

  /** @throws `API_NO_CONTROLLER` */
  get control(): FailoverView {
    const { failover } = this.#options.content
    if (failover === undefined) throw apiFaults.fault('API_NO_CONTROLLER')
    return failover
  }

  /** ISO 8601, for documents. */
  now(): string {
    return new Date(this.control.clock.nowMs()).toISOString()
  }

  /** @throws `FAILOVER_GROUP_UNKNOWN`, `API_NO_CONTROLLER` */
  find(group: string): ControlledGroup {
    const found = this.control.groups.get(group)
    if (found === undefined) throw failoverFaults.fault('FAILOVER_GROUP_UNKNOWN', { group })
    return found
  }

  /** For a request that changes something: this API asks nobody who they are. @throws `API_CHANGE_REFUSED` too */
  change(group: string): ControlledGroup['desk'] {
    if (!this.#options.isLocal) throw apiFaults.fault('API_CHANGE_REFUSED')
    return this.find(group).desk
  }

  async group(group: string): Promise<FailoverGroupBody> {
    const read = await this.find(group).desk.read(this.signal)
    const { fences, clock } = this.control
    return viewFailoverGroup(read, viewFences(fences.of(group), clock.nowMs()))
  }

  async operation(group: string, id: string): Promise<OperationBody> {
    const { operation, isPresent } = await this.find(group).desk.operation(id, this.signal)
    return viewOperation(group, operation, isPresent)
  }
}
