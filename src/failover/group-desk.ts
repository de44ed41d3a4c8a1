import { type RegionName, regionName } from '../core/index.ts'
import { failoverFaults } from './faults.ts'
import type { RegionCopies } from '../authority/index.ts'
import { explainKnownReign } from './known-reigns.ts'
import { GroupStore, type ReadGroup } from './group-store.ts'
import type { GuardLimits, MoveEvidence } from './guards/evidence.ts'
import type { Json } from './outcome.ts'
import { hasEnded } from './moves/steps.ts'
import { explainBlocking, findBlocking, type MovePlan, planMove } from './plan.ts'
import type { AuthorityPort, JournalPort, Lease } from './ports.ts'
import * as requests from './requests.ts'
import { type DivergenceEvidence, unpackDivergence } from './effects/returns/divergence-evidence.ts'
import type { ReturnRecord, SalvageChoice } from './returns/return-record.ts'
import {
  type Attestation,
  firstDocument,
  type GroupDocument,
  type GuardOverride,
  type MoveKind,
  type OperationRecord,
  type Pause,
  regionEntry,
} from './state.ts'

/** What a person asks for when asking for a plan; with the plan's epoch and hash it becomes a move. */
export interface MoveWish {
  readonly kind: MoveKind
  readonly to: RegionName
  readonly overrides: readonly GuardOverride[]
  readonly acceptLoss: boolean
  readonly writePauseLimitMs: number
}

export interface MoveOrder extends MoveWish {
  /** Chosen by the caller, so that an order that is sent twice is one operation. */
  readonly id: string
  readonly by: string
  readonly reason: string
  readonly at: string
  readonly epoch: number | undefined
  readonly planHash: string
  readonly attestation?: Attestation
  /** Of whoever orders by itself: the authority refuses the order once it is lost. @defaultValue a person's request */
  readonly lease?: Lease
}

export interface GroupDeskOptions {
  readonly group: string
  readonly authority: AuthorityPort
  readonly journal: JournalPort
  readonly limits: GuardLimits
  /** Everything the guards judge by, as far as it can be found out within the signal's time. */
  gather(document: GroupDocument, wish: MoveWish, signal: AbortSignal): Promise<MoveEvidence>
  /** By the last drill that moved something, milliseconds. @defaultValue unknown */
  measuredWritePauseMs?(): number | undefined
}

export interface FirstReign {
  readonly ranked: readonly RegionName[]
  readonly at: string
  /** What the regions hold of the state of an authority; see `explainKnownReign`. */
  readonly copies: readonly RegionCopies[]
}

export interface FoundOperation {
  readonly operation: OperationRecord
  /** False once it has left the group's document: it has ended, or a failover has replaced it. */
  readonly isPresent: boolean
}

export interface FoundDivergence {
  readonly record: ReturnRecord
  /** The region that it is compared with. */
  readonly active: RegionName
  readonly found: DivergenceEvidence
}

/** A request that meets another write is read again and tried anew this often. */
const TRIES_MOST = 5

/** Takes the requests of people about a group: any controller can, whether it leads or not. */
export class GroupDesk {
  readonly #options: GroupDeskOptions
  readonly #store: GroupStore

  constructor(options: GroupDeskOptions) {
    this.#options = options
    this.#store = new GroupStore(options.authority, options.group)
  }

  /**
   * Records the group as its first reign, where it is not recorded yet: the first of the ranked regions is active.
   * Faults: FIRST_REIGN_HELD, AUTHORITY_UNAVAILABLE.
   */
  async create({ ranked, at, copies }: FirstReign, signal: AbortSignal): Promise<void> {
    const { group } = this.#options
    if ((await this.#store.read(signal)) !== undefined) return
    const reason = explainKnownReign(group, copies)
    if (reason !== undefined) throw failoverFaults.fault('FIRST_REIGN_HELD', { group, reason })
    const result = await this.#store.change(undefined, firstDocument(group, ranked, at), undefined, signal)
    // Somebody else has recorded it meanwhile, or it is not known: the next start reads again.
    if (result.kind === 'unknown') throw failoverFaults.fault('AUTHORITY_UNAVAILABLE', { reason: result.reason })
  }

  /** Has the group know the regions of the configuration; see `alignRegions`. */
  async align(
    { ranked, at, by }: Pick<FirstReign, 'ranked' | 'at'> & { readonly by: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { fresh, gone } = requests.compareRegions((await this.read(signal)).document, ranked)
    const changes = [...fresh.map((region) => `${region} came`), ...gone.map((region) => `${region} went`)]
    const reason = `the regions of the configuration: ${changes.join(', ')}`
    await this.#change(by, reason, undefined, (it) => requests.alignRegions(it, ranked, at), signal)
  }

  /** The group as the authority has it. */
  async read(signal: AbortSignal): Promise<ReadGroup> {
    const { group } = this.#options
    return (await this.#store.read(signal)) ?? fail(failoverFaults.fault('FAILOVER_GROUP_UNKNOWN', { group }))
  }

  async plan(wish: MoveWish, signal: AbortSignal): Promise<MovePlan> {
    return await this.#plan((await this.read(signal)).document, wish, signal)
  }

  /** An operation of the group, also one that has left its document. */
  async operation(id: string, signal: AbortSignal): Promise<FoundOperation> {
    const { group } = this.#options
    const found = await this.#find((await this.read(signal)).document, id, signal)
    return found ?? fail(failoverFaults.fault('OPERATION_NOT_FOUND', { group, operation: id }))
  }

  /** What a phase of an operation or of a return has left behind, for reports; undefined where nothing is. */
  async kept(id: string, part: string, signal: AbortSignal): Promise<Json | undefined> {
    return await this.#store.kept(id, part, signal)
  }

  /** Starts a move. The same order sent again finds its operation, however that ended, and changes nothing. */
  async start(order: MoveOrder, signal: AbortSignal): Promise<OperationRecord> {
    const present = (await this.read(signal)).document
    const before = await this.#find(present, order.id, signal)
    if (before !== undefined) return before.operation
    const { id, kind, to, epoch, planHash, by, reason, at, writePauseLimitMs, overrides, acceptLoss, attestation } =
      order
    const request = {
      by,
      reason,
      at,
      planHash,
      writePauseLimitMs,
      overrides,
      acceptLoss,
      ...(attestation !== undefined && { attestation }),
    }
    // What is refused without looking at the regions is refused before it.
    const wanted = { id, kind, to, epoch, request, isUnasked: order.lease !== undefined }
    requests.startMove(present, wanted)
    const plan = await this.#plan(present, order, signal)
    if (plan.hash !== planHash) throw failoverFaults.fault('PLAN_CHANGED', { kind })
    const blocking = findBlocking(plan, acceptLoss)
    if (blocking.length > 0) {
      throw failoverFaults.fault('GUARDS_FAILED', { kind, group: plan.group, guards: explainBlocking(plan, blocking) })
    }
    const change = (document: GroupDocument) =>
      document.operation?.id === id ? document : requests.startMove(document, wanted)
    const started = await this.#change(by, `${kind} to ${to}: ${reason}`, id, change, signal, order.lease)
    return started.operation ?? fail(`operation ${id} is not there after it was started`)
  }

  async abort(id: string, by: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#change(by, `abort: ${reason}`, id, (it) => requests.abortMove(it, id, by, reason), signal)
  }

  async resume(id: string, by: string, attestation: Attestation | undefined, signal: AbortSignal): Promise<void> {
    const reason = attestation === undefined ? 'resume' : `resume, attesting: ${attestation.reason}`
    await this.#change(by, reason, id, (it) => requests.resumeMove(it, id, attestation), signal)
  }

  async acknowledge(id: string, by: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#change(by, `acknowledge: ${reason}`, id, (it) => requests.acknowledgeMove(it, id, by, reason), signal)
  }

  async pause(pause: Pause, signal: AbortSignal): Promise<void> {
    await this.#change(pause.by, `pause: ${pause.reason}`, undefined, (it) => requests.pauseGroup(it, pause), signal)
  }

  async unpause(by: string, signal: AbortSignal): Promise<void> {
    await this.#change(by, 'resume the group', undefined, requests.unpauseGroup, signal)
  }

  async chooseSalvage(region: string, choice: SalvageChoice, signal: AbortSignal): Promise<void> {
    const reason = `${choice.kind} what only ${region} has: ${choice.reason}`
    const change = (it: GroupDocument) => requests.chooseSalvage(it, regionName(region), choice)
    await this.#change(choice.by, reason, await this.#returnOf(region, signal), change, signal)
  }

  /** What the last scan of a returning region found. Fault NOT_RETURNING where there is none. */
  async divergence(region: string, signal: AbortSignal): Promise<FoundDivergence> {
    const { document } = await this.read(signal)
    const record = regionEntry(document, region)?.return
    const ref = record?.evidence.scanning
    const why = record?.stop?.reason ?? record?.waiting?.reason
    const at = why === undefined ? `${record?.phase}` : `${record?.phase}: ${why}`
    const phase = record === undefined ? 'any step' : `a scan that has ended, but at ${at}`
    if (record === undefined || ref === undefined) {
      throw failoverFaults.fault('NOT_RETURNING', { region, group: this.#options.group, phase })
    }
    const found = unpackDivergence(await this.#store.evidence(ref, signal))
    return { record, active: document.active, found }
  }

  async scanAgain(region: string, by: string, signal: AbortSignal): Promise<void> {
    const change = (it: GroupDocument) => requests.scanAgain(it, regionName(region))
    await this.#change(by, `scan ${region} again`, await this.#returnOf(region, signal), change, signal)
  }

  async resumeReturn(region: string, by: string, signal: AbortSignal): Promise<void> {
    const change = (it: GroupDocument) => requests.resumeReturn(it, regionName(region))
    const about = await this.#returnOf(region, signal)
    await this.#change(by, `resume the return of ${region}`, about, change, signal)
  }

  /** The id under which the journal has a region's return; undefined where there is none. */
  async #returnOf(region: string, signal: AbortSignal): Promise<string | undefined> {
    return regionEntry((await this.read(signal)).document, region)?.return?.id
  }

  async #plan(document: GroupDocument, wish: MoveWish, signal: AbortSignal): Promise<MovePlan> {
    const evidence = await this.#options.gather(document, wish, signal)
    const measuredWritePauseMs = this.#options.measuredWritePauseMs?.()
    const measured = measuredWritePauseMs === undefined ? {} : { measuredWritePauseMs }
    return planMove({ ...wish, ...measured, document, evidence, limits: this.#options.limits })
  }

  async #find(document: GroupDocument, id: string, signal: AbortSignal): Promise<FoundOperation | undefined> {
    if (document.operation?.id === id) return { operation: document.operation, isPresent: true }
    const operation = await this.#store.operation(id, signal)
    return operation && { operation, isPresent: false }
  }

  /** One compare-and-set; what came between is read and the request judged anew. */
  async #change(
    actor: string,
    reason: string,
    operation: string | undefined,
    change: (document: GroupDocument) => GroupDocument,
    signal: AbortSignal,
    lease?: Lease,
  ): Promise<GroupDocument> {
    const { group, journal } = this.#options
    let why = ''
    for (let attempt = 1; attempt <= TRIES_MOST; attempt++) {
      const was = await this.read(signal)
      const next = change(was.document)
      if (next === was.document) return next
      await this.#keepSuperseded(was.document, next, signal)
      const about = operation === undefined ? {} : { operation }
      await journal.append(
        { actor, kind: 'request', group, facts: { reason, revision: was.revision }, ...about },
        signal,
      )
      const result = await this.#store.change(was, next, lease, signal)
      if (result.kind === 'written') return next
      if (result.kind === 'lease-lost') break
      why = result.kind === 'unknown' ? result.reason : 'the document is being changed by others'
    }
    throw failoverFaults.fault('AUTHORITY_UNAVAILABLE', { reason: why })
  }

  /** The record of an operation that a failover replaces is kept before it leaves the document. */
  async #keepSuperseded(was: GroupDocument, next: GroupDocument, signal: AbortSignal): Promise<void> {
    const { operation } = was
    if (operation === undefined || operation.id === next.operation?.id || hasEnded(operation.phase)) return
    await this.#store.keepOperation(operation, undefined, signal)
  }
}

function fail(reason: string | Error): never {
  throw typeof reason === 'string' ? new Error(reason) : reason
}
