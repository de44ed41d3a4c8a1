import { type Random, randomBelow, regionName } from '../../src/core/index.ts'
import type { Json } from '../../src/failover/outcome.ts'
import { hasEnded, isReversible, standsAt } from '../../src/failover/moves/steps.ts'
import { holdsFence } from '../../src/failover/automatic/automatic-record.ts'
import {
  abortMove,
  acknowledgeMove,
  chooseSalvage,
  resumeMove,
  resumeReturn,
  startMove,
} from '../../src/failover/requests.ts'
import { type GroupDocument, groupKey, type MoveKind, type OperationRecord } from '../../src/failover/state.ts'
import type { Checks } from './checks.ts'
import { others } from './links.ts'
import type { SimAuthority } from './sim-authority.ts'
import { REGIONS } from './sim-region.ts'
import { GROUP } from './site.ts'
import type { World } from './world.ts'

/**
 * The person: asks for moves, and helps one that does not go on. After everything is healed a move gets two commands at
 * most (F4).
 */
export interface OperatorPlan {
  readonly kind: 'switchover' | 'failover' | 'automatic'
  /** Abort the first operation some time after it began to fence. */
  readonly aborts: boolean
  /** What becomes of records that only a returned region has; undefined where chance decides. */
  readonly salvage?: 'export' | 'replay'
  /** Move home in the end. */
  readonly goesBack: boolean
}

const LOOK_MS = 250
const COMMANDS_MOST = 2

export class Operator {
  isHealed = false
  hasFinished = false
  readonly #world: World
  readonly #authority: SimAuthority
  readonly #checks: Checks
  readonly #random: Random
  readonly #plan: OperatorPlan
  #operations = 0
  #commands = 0
  #stuck = { key: '', sinceMs: 0 }
  #patienceMs = 2_500
  #hasAborted = false

  constructor(parts: { world: World; authority: SimAuthority; checks: Checks; random: Random; plan: OperatorPlan }) {
    this.#world = parts.world
    this.#authority = parts.authority
    this.#checks = parts.checks
    this.#random = parts.random
    this.#plan = parts.plan
    this.#world.clock.schedule(3_000, () => this.#look(), false)
  }

  #look(): void {
    this.#world.clock.schedule(LOOK_MS, () => this.#look(), false)
    if (this.#authority.isOut) return
    const document = this.#checks.document()
    const { operation } = document
    for (const region of REGIONS) this.#helpReturn(document, region)
    if (operation === undefined) this.#askForMove(document)
    else this.#help(document, operation)
  }

  #askForMove(document: GroupDocument): void {
    const world = this.#world
    const isActiveGone = !world.region(document.active).isAlive
    const candidates = others(document.active).filter(
      (name) => document.regions[name]?.role === 'standby' && world.region(name).isAlive,
    )
    const target = candidates[randomBelow(this.#random, candidates.length)]
    if (target === undefined) return
    const { kind } = this.#plan
    if (this.#operations === 0 && kind !== 'automatic') {
      this.#start(document, isActiveGone ? 'failover' : kind, target)
    } else if (isActiveGone && !this.isHealed && this.#isPatienceOver('active region gone')) {
      this.#start(document, 'failover', target)
    } else if (this.isHealed && this.#isQuiet(document)) {
      if (this.#plan.goesBack && document.active !== REGIONS[0] && !this.#hasGoneBack(document)) {
        this.#start(document, 'failback', REGIONS[0])
      } else {
        this.hasFinished = true
      }
    }
  }

  #hasGoneBack(document: GroupDocument): boolean {
    return document.reigns.some(({ kind }) => kind === 'failback')
  }

  #isQuiet(document: GroupDocument): boolean {
    const isAtRest = Object.values(document.regions).every(({ role }) => role === 'active' || role === 'standby')
    return isAtRest && !holdsFence(document.automatic)
  }

  #start(document: GroupDocument, kind: MoveKind, to: string): void {
    const id = `op-${++this.#operations}`
    const isLossy = kind === 'failover'
    const isGone = !this.#world.region(document.active).isAlive
    const attestation = { by: 'operator', reason: 'it is gone', at: '' }
    const request = {
      by: 'operator',
      reason: 'asked',
      at: '',
      planHash: 'plan',
      writePauseLimitMs: 4_000,
      overrides: [],
      acceptLoss: isLossy,
      ...(isLossy && isGone && this.#random.next() < 0.6 && { attestation }),
    }
    this.#checks.asked.add(id)
    this.#commands = 0
    this.#put(() => startMove(document, { id, kind, to: regionName(to), epoch: document.epoch, request }), 'start')
  }

  #help(document: GroupDocument, operation: OperationRecord): void {
    const { id, phase } = operation
    const isFencing = !['requested', 'preflight', 'rolling-back', 'rolled-back'].includes(phase)
    if (this.#plan.aborts && !this.#hasAborted && isFencing && isReversible(operation) && this.#random.next() < 0.6) {
      this.#hasAborted = true
      this.#put(() => abortMove(document, id, 'operator', 'changed my mind'), 'abort')
      return
    }
    if (phase === 'needs-operator') {
      if (this.#isPatienceOver(`${id} ${operation.attempt}`)) this.#unblock(document, operation)
      return
    }
    if (this.#isPatienceOver(`${id} ${operation.attempt}`) && !this.isHealed) this.#supersede(document, operation)
  }

  #unblock(document: GroupDocument, operation: OperationRecord): void {
    const { id } = operation
    const at = standsAt(operation)
    const attestation = { by: 'operator', reason: 'it is gone', at: '' }
    if (at === 'fencing' && operation.kind === 'failover') {
      const isGone = !this.#world.region(operation.from).isAlive || this.#world.isolated.has(operation.from)
      this.#put(() => (isGone ? resumeMove(document, id, attestation) : resumeMove(document, id)), 'resume')
    } else if (at === 'verifying') {
      this.#put(() => acknowledgeMove(document, id, 'operator', 'seen'), 'acknowledge')
    } else if (isReversible(operation) && at !== 'rolling-back' && this.#random.next() < 0.5) {
      this.#put(() => abortMove(document, id, 'operator', 'enough'), 'abort')
    } else {
      this.#put(() => resumeMove(document, id), 'resume')
    }
  }

  /** A move whose region is gone: another region, whatever phase it is in. */
  #supersede(document: GroupDocument, operation: OperationRecord): void {
    // It is refused until the ended one has left the document.
    if (hasEnded(operation.phase)) return
    const world = this.#world
    const isBehind = document.active === operation.to
    const gone = isBehind ? operation.to : operation.from
    if (world.region(gone).isAlive && !world.isolated.has(gone)) return
    const candidates = others(document.active).filter(
      (name) => world.region(name).isAlive && document.regions[name]?.role === 'standby',
    )
    const to = candidates[randomBelow(this.#random, candidates.length)]
    if (to !== undefined) this.#start(document, 'failover', to)
  }

  #helpReturn(document: GroupDocument, region: string): void {
    const record = document.regions[region]?.return
    if (record === undefined || document.operation !== undefined) return
    const name = regionName(region)
    if (record.phase === 'choosing' && record.choice === undefined && this.#random.next() < 0.3) {
      const drawn = (['export', 'replay', 'discard'] as const)[randomBelow(this.#random, 3)]
      const kind = this.#plan.salvage ?? drawn ?? 'export'
      this.#put(() => chooseSalvage(document, name, { kind, by: 'operator', reason: 'seen' }), 'choose')
    }
    if (record.phase === 'needs-operator' && this.#random.next() < 0.3)
      this.#put(() => resumeReturn(document, name), 'resume')
  }

  /** Sends a command; it is one compare-and-set on what was read, in the same moment. */
  #put(change: () => GroupDocument, command: string): void {
    const { operation } = this.#checks.document()
    const next = change()
    if (this.isHealed && operation !== undefined && command !== 'choose') {
      this.#commands += 1
      if (this.#commands > COMMANDS_MOST) {
        this.#world.violate(
          'F4',
          `${operation.id} needed a ${this.#commands}th command: ${command} at ${operation.phase}`,
        )
      }
    }
    this.#authority.put(groupKey(GROUP), JSON.parse(JSON.stringify(next)) as Json)
  }

  #isPatienceOver(key: string): boolean {
    const nowMs = this.#world.clock.nowMs
    if (this.#stuck.key !== key) {
      this.#stuck = { key, sinceMs: nowMs }
      this.#patienceMs = 800 + this.#random.next() * 4_000
    }
    return nowMs - this.#stuck.sinceMs > this.#patienceMs
  }
}
