import { type AuthorityEvents, MemoryStore, openAuthority } from '../../../src/authority/index.ts'
import { FailoverObjects } from '../../../src/controller/custom-resources/failover-objects.ts'
import { createEvents, describeError, systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  DEFAULT_GUARD_LIMITS,
  DrillDesk,
  type DrillDocument,
  DrillStore,
  type DrillSummary,
  GroupDesk,
  groupKey,
  type MoveEvidence,
  type OperationRecord,
} from '../../../src/failover/index.ts'
import { GroupStore } from '../../../src/failover/group-store.ts'
import type { Json } from '../../../src/failover/outcome.ts'
import { goodEvidence } from '../failover/good-evidence.ts'
import { east, north, west } from '../failover/machine-model.ts'
import { MemoryAuthority } from '../failover/memory-authority.ts'

const { signal } = new AbortController()

/** What an object is created with for a confirmed switchover of the group `orders`. */
export const switchover = {
  group: 'orders',
  kind: 'switchover',
  to: 'east',
  reason: 'maintenance',
  requestedBy: 'ada',
  confirm: 'orders',
}

/** The objects of a controller of the group `orders`, over a document in memory that only tests change. */
export class ObjectsStage implements AsyncDisposable {
  readonly authority = new MemoryAuthority()
  readonly troubles: string[] = []
  evidence: MoveEvidence = goodEvidence
  /** Plans made. */
  plans = 0
  hold: string | undefined
  isReadYet = true
  drill: DrillSummary | undefined
  waitingMs = 2_400
  readonly #objects: FailoverObjects
  readonly #store: GroupStore
  readonly #drills: DrillStore

  constructor(kubeconfig: string, namespace?: string) {
    const { authority } = this
    const context = { clock: systemClock, random: systemRandom, events: createEvents<AuthorityEvents>() }
    this.#store = new GroupStore(authority, 'orders')
    const drillAuthority = openAuthority({ kind: 'memory', store: new MemoryStore(context) }, context)
    this.#drills = new DrillStore(drillAuthority, 'orders')
    const gather = async () => {
      this.plans++
      return this.evidence
    }
    const parts = { group: 'orders', journal: authority }
    const desk = new GroupDesk({ ...parts, authority, limits: DEFAULT_GUARD_LIMITS, gather })
    const objectives = { rpoMs: null, rtoMs: null }
    const store = this.#drills
    const drills = new DrillDesk({ ...parts, regions: [west, east, north], objectives, store, desk, canary: undefined })
    this.#objects = new FailoverObjects({
      access: { kubeconfig, ...(namespace !== undefined && { namespace }) },
      name: 'controller-1',
      groups: new Map([['orders', { desk, drills: { desk: drills }, writePauseMs: 60_000 }]]),
      document: () => (this.isReadYet ? authority.group : undefined),
      missingOf: async () => [
        [{ partition: 'orders-0', records: 10, seenMsAgo: 100, recordsPerSecond: 5, waitingMs: this.waitingMs }],
      ],
      drills: () => (this.drill === undefined ? [] : [this.drill]),
      hold: () => this.hold,
      clock: systemClock,
      random: systemRandom,
      onError: (what, error) => this.troubles.push(`${what}: ${describeError(error)}`),
    })
  }

  start(): this {
    this.#objects.start()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects.stop()
  }

  get operation(): OperationRecord | undefined {
    return this.authority.group.operation
  }

  /** As the machine would go on. */
  async enter(phase: OperationRecord['phase'], more: Partial<OperationRecord> = {}): Promise<void> {
    const { operation, ...group } = this.authority.group
    if (operation === undefined) throw new Error('no operation is under way')
    await this.#write({ ...group, operation: { ...operation, phase, ...more } })
  }

  /** The operation leaves the group, behind the commit where it is done. */
  async end(phase: 'done' | 'rolled-back'): Promise<void> {
    const { operation, ...group } = this.authority.group
    if (operation === undefined) throw new Error('no operation is under way')
    const { stop: _, ...left } = operation
    await this.#store.keepOperation({ ...left, phase }, undefined, signal)
    const { from, to } = operation
    const entry = (role: 'active' | 'standby') => ({ role, since: 'now', reason: 'it was moved' })
    const regions = { ...group.regions, [from]: entry('standby'), [to]: entry('active') }
    const moved = { ...group, regions, active: to, epoch: group.epoch + 1 }
    await this.#write(phase === 'done' ? moved : group)
  }

  async runningDrill(): Promise<DrillDocument | undefined> {
    return (await this.#drills.running(signal))?.drill
  }

  async #write(group: object): Promise<void> {
    const key = groupKey('orders')
    const revision = this.authority.documents.get(key)?.revision ?? 0
    await this.authority.write(key, group as Json, { expected: revision })
  }
}
