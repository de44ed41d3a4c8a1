import { createHash } from 'node:crypto'
import { regionName } from '../core/index.ts'
import type { MoveOrder, MoveWish } from '../failover/index.ts'
import type { MoveOrderRequest, PlanRequest } from './contract/index.ts'
import { apiFaults } from './faults.ts'
import type { ControlledGroup } from './ports.ts'

/** From requests for moves to what the desk of a group takes. Pure. */
export function wishOf(body: PlanRequest, { writePauseMs }: ControlledGroup): MoveWish {
  const { kind, to, overrides = [], acceptLoss = false, writePauseSeconds } = body
  const writePauseLimitMs = writePauseSeconds === undefined ? writePauseMs : Math.round(writePauseSeconds * 1_000)
  return { kind, to: regionName(to), overrides, acceptLoss, writePauseLimitMs }
}

export interface OrderContext {
  readonly name: string
  readonly group: ControlledGroup
  readonly at: string
  readonly idempotencyKey: string
  readonly ifMatch: string | undefined
}

/** @throws `API_EPOCH_CONTRADICTS` */
export function orderOf(body: MoveOrderRequest, { name, group, at, idempotencyKey, ifMatch }: OrderContext): MoveOrder {
  const { by, reason, planHash = '', attestation } = body
  return {
    ...wishOf(body, group),
    id: operationId(name, idempotencyKey),
    by,
    reason,
    at,
    epoch: epochOf(body.epoch, ifMatch),
    planHash,
    ...(attestation !== undefined && { attestation: { by, reason: attestation, at } }),
  }
}

/** The same for the same key, so that whichever controller gets an order again finds its operation. */
function operationId(group: string, key: string): string {
  return `${group}-${createHash('sha256').update(`${group}\n${key}`).digest('hex').slice(0, 16)}`
}

/** Whether an id is one of the group: the operations of all groups stand side by side in the authority. */
export function isOperationOf(group: string, id: string): boolean {
  return id.startsWith(`${group}-`) && /^[0-9a-f]{16}$/.test(id.slice(group.length + 1))
}

function epochOf(body: number | undefined, ifMatch: string | undefined): number | undefined {
  const digits = ifMatch === undefined ? undefined : /\d+/.exec(ifMatch)?.[0]
  const header = digits === undefined ? undefined : Number(digits)
  if (header !== undefined && body !== undefined && header !== body) {
    throw apiFaults.fault('API_EPOCH_CONTRADICTS', { header, body })
  }
  return header ?? body
}
