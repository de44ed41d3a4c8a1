import { type Clock, canonicalJson, isFault, withTimeLimit } from '../../core/index.ts'
import { failoverFaults } from '../../failover/index.ts'
import { type KubernetesClient, type KubernetesObject, kinds } from '../../kubernetes/index.ts'
import { newsOfOperation } from './news.ts'
import type { ObjectEvents } from './object-events.ts'
import type { ObjectsGroup } from './objects-group.ts'
import {
  decideOrder,
  type DrillSpec,
  drillOrderOf,
  idOfObject,
  isFinal,
  type MoveSpec,
  showDrill,
  showMove,
  specOfObject,
  statusFor,
  statusOfObject,
  wishOfObject,
} from './operation-object.ts'

export interface OperationObjectsOptions {
  readonly client: Pick<KubernetesClient, 'list' | 'replaceStatus'>
  readonly groups: ReadonlyMap<string, ObjectsGroup>
  readonly events: Pick<ObjectEvents, 'tell'>
  readonly clock: Clock
  readonly onError: (what: string, error: unknown) => void
}

type Shown = Parameters<typeof statusFor>[1]

/** Bound of one pass over one object. */
const STEP_MS = 30_000
/** How often the plan of an object that waits for its confirmation is made anew. */
const PLAN_EVERY_MS = 10_000
/** What waits for a later pass: nobody orders that many moves. */
const AT_ONCE = 16

/** The authority is away, or the plan was made a moment too early. */
const PASSING: ReadonlySet<string> = new Set([
  'AUTHORITY_UNAVAILABLE',
  'AUTHORITY_OUTCOME_UNKNOWN',
  'AUTHORITY_REFUSED',
  'PLAN_CHANGED',
])

/**
 * Makes moves and drills of FailoverOperation objects, and shows how far they are. An object becomes one at most, whose id
 * comes from the object's uid. Objects decide nothing: what they ask for goes to the desk, as a request of the API does.
 */
export class OperationObjects {
  readonly #options: OperationObjectsOptions
  /** When the plan of an object was made last, by uid and generation. */
  readonly #planned = new Map<string, number>()

  constructor(options: OperationObjectsOptions) {
    this.#options = options
  }

  /** One pass over those that are not final yet. An object that fails holds up no other. */
  async take(signal: AbortSignal): Promise<void> {
    const { client, onError } = this.#options
    const objects = await client.list(kinds.failoverOperation, {}, signal)
    const open = objects.filter((object) => !isFinal(statusOfObject(object)))
    const known = new Set(open.map(versionOf))
    for (const version of this.#planned.keys()) if (!known.has(version)) this.#planned.delete(version)
    const passes = open.slice(0, AT_ONCE).map(async (object) => {
      try {
        await this.#inTime(signal, (within) => this.#takeOne(object, within))
      } catch (error) {
        if (!signal.aborted) onError(`FailoverOperation ${object.metadata.name}`, error)
      }
    })
    await Promise.all(passes)
  }

  async #takeOne(object: KubernetesObject, signal: AbortSignal): Promise<void> {
    const { client, clock, events } = this.#options
    const shown = await this.#carryOn(object, signal)
    if (shown === undefined) return
    const status = statusFor(object, shown, new Date(clock.nowMs()).toISOString())
    const before = statusOfObject(object)
    if (canonicalJson(status) === canonicalJson(before ?? null)) return
    await client.replaceStatus(kinds.failoverOperation, { ...object, status }, signal)
    await events.tell(kinds.failoverOperation, object, newsOfOperation(before, status), signal)
  }

  /** Undefined: as it stands. */
  async #carryOn(object: KubernetesObject, signal: AbortSignal): Promise<Shown | undefined> {
    const spec = specOfObject(object)
    const group = this.#options.groups.get(spec.group)
    try {
      if (group === undefined) throw failoverFaults.fault('FAILOVER_GROUP_UNKNOWN', { group: spec.group })
      return spec.kind === 'drill'
        ? await this.#drill(object, { spec, group }, signal)
        : await this.#move(object, { spec, group }, signal)
    } catch (error) {
      // What may pass by itself is tried again; what was asked for in vain is not, some day, done after all.
      if (!isFault(error) || PASSING.has(error.code)) throw error
      return { phase: 'Refused', message: `${error.message}. ${error.remedy}` }
    }
  }

  async #move(
    object: KubernetesObject,
    { spec, group: { desk, writePauseMs } }: { readonly spec: MoveSpec; readonly group: ObjectsGroup },
    signal: AbortSignal,
  ): Promise<Shown | undefined> {
    const found = await orAbsent(desk.operation(idOfObject(object), signal), 'OPERATION_NOT_FOUND')
    if (found !== undefined) return showMove(found, object)
    if (!this.#isPlanDue(object)) return undefined
    const plan = await desk.plan(wishOfObject(spec, writePauseMs), signal)
    const at = new Date(this.#options.clock.nowMs()).toISOString()
    const decision = decideOrder({ object, spec, plan, writePauseMs, at })
    if (decision.kind === 'show') return decision.shown
    return showMove({ operation: await desk.start(decision.order, signal), isPresent: true }, object)
  }

  async #drill(
    object: KubernetesObject,
    { spec, group: { drills } }: { readonly spec: DrillSpec; readonly group: ObjectsGroup },
    signal: AbortSignal,
  ): Promise<Shown> {
    if (drills === undefined) throw failoverFaults.fault('DRILL_OF_CANARY', { group: spec.group })
    const found = await orAbsent(drills.desk.find(idOfObject(object), signal), 'DRILL_NOT_FOUND')
    if (found !== undefined) return showDrill(found)
    const at = new Date(this.#options.clock.nowMs()).toISOString()
    return showDrill(await drills.desk.order(drillOrderOf(object, spec, at), signal))
  }

  /** A plan looks at both regions: it is made at once when the object changes, else from time to time. */
  #isPlanDue(object: KubernetesObject): boolean {
    const version = versionOf(object)
    const nowMs = this.#options.clock.nowMs()
    const { confirm } = specOfObject(object) as MoveSpec
    const lastMs = this.#planned.get(version)
    if (confirm === undefined && lastMs !== undefined && nowMs - lastMs < PLAN_EVERY_MS) return false
    this.#planned.set(version, nowMs)
    return true
  }

  #inTime(signal: AbortSignal, pass: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const late = () => new Error(`not done in ${STEP_MS} ms`)
    return withTimeLimit({ clock: this.#options.clock, limitMs: STEP_MS, signal, late }, pass)
  }
}

function versionOf({ metadata: { uid, generation } }: KubernetesObject): string {
  return `${uid}/${generation}`
}

async function orAbsent<Found>(found: Promise<Found>, code: string): Promise<Found | undefined> {
  try {
    return await found
  } catch (error) {
    if (isFault(error, code)) return undefined
    throw error
  }
}
