import {
  buildMoveReport,
  buildReturnReport,
  failoverFaults,
  gatherMove,
  gatherReturn,
  pageOfMove,
  pageOfReturn,
  type ReportPage,
} from '../failover/index.ts'
import type { FailoverGroupBody, OperationBody } from './contract/index.ts'
import { viewAutomatic } from './automatic-views.ts'
import { viewFailoverGroup, viewOperation } from './failover-views.ts'
import { viewFences } from './fence-views.ts'
import { apiFaults } from './faults.ts'
import { isOperationOf } from './order.ts'
import type { ApiContent, ControlledGroup, FailoverView } from './ports.ts'

interface DesksOptions {
  readonly content: ApiContent
  /** Aborts when the API stops. */
  readonly closing: AbortSignal
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

  /** What takes requests that change something. */
  change(group: string): ControlledGroup['desk'] {
    return this.find(group).desk
  }

  /** @throws `DRILL_OF_CANARY` too */
  drills(group: string): NonNullable<ControlledGroup['drills']>['desk'] {
    const { drills } = this.find(group)
    if (drills === undefined) throw failoverFaults.fault('DRILL_OF_CANARY', { group })
    return drills.desk
  }

  /** As `change`. */
  changeDrills(group: string): NonNullable<ControlledGroup['drills']>['desk'] {
    this.change(group)
    return this.drills(group)
  }

  async group(group: string): Promise<FailoverGroupBody> {
    const read = await this.find(group).desk.read(this.signal)
    const { fences, clock } = this.control
    const automatic = viewAutomatic(this.find(group).automatic())
    return viewFailoverGroup(read, { fences: viewFences(fences.of(group), clock.nowMs()), automatic })
  }

  async operation(group: string, id: string): Promise<OperationBody> {
    const { operation, isPresent } = await this.find(group).desk.operation(id, this.signal)
    return viewOperation(group, operation, isPresent)
  }

  /** Of a move, or of the return of a region, whose id is that of the move and the region. @throws `OPERATION_NOT_FOUND` */
  async report(group: string, id: string): Promise<ReportPage> {
    const { desk, objectives } = this.find(group)
    const { journal } = this.control
    const sources = { desk, journal, objectives }
    if (isOperationOf(group, id)) return pageOfMove(buildMoveReport(await gatherMove(sources, id, this.signal)))
    const [, operation = '', region = ''] = /^(.+-[0-9a-f]{16})-(.+)$/.exec(id) ?? []
    const found = isOperationOf(group, operation)
      ? await gatherReturn(sources, { operation, region }, this.signal)
      : undefined
    if (found === undefined) throw failoverFaults.fault('OPERATION_NOT_FOUND', { group, operation: id })
    return pageOfReturn(buildReturnReport(found))
  }
}
