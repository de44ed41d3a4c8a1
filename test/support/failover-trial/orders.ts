import { randomUUID } from 'node:crypto'
import type { MoveKind } from '../../../src/failover/index.ts'
import type { IsthmusProcess } from '../isthmus-process.ts'
import { GROUP } from './control.ts'

/** What operators ask of a group, over HTTP: a process of the command line takes longer than some moves. */
export interface Order {
  readonly kind: MoveKind
  readonly to: string
  readonly attestation?: string
}

export type OrderAnswer =
  | { readonly kind: 'accepted'; readonly operation: string }
  | { readonly kind: 'refused'; readonly reason: string }

type Api = Pick<IsthmusProcess, 'apiUrl'>

interface Plan {
  readonly hash: string
  readonly epoch: number
  readonly blocking: readonly string[]
  readonly guards: readonly { readonly name: string; readonly evidence: string }[]
  readonly predicted: { readonly lossRecords: number }
}

const TIMEOUT_MS = 30_000
const BY = { by: 'trial', reason: 'a trial' }

/** Plans and orders a move; whether it goes through may change from one moment to the next, as guards look again. */
export async function orderMove(api: Api, { kind, to, attestation }: Order): Promise<OrderAnswer> {
  const wish = { kind, to, acceptLoss: kind === 'failover' }
  const planned = await post(api, 'plans', wish)
  if (!planned.ok) return { kind: 'refused', reason: planned.text.slice(0, 400) }
  const { hash, epoch, blocking, guards } = JSON.parse(planned.text) as Plan
  if (blocking.length > 0) {
    const why = guards.filter(({ name }) => blocking.includes(name)).map(({ name, evidence }) => `${name}: ${evidence}`)
    return { kind: 'refused', reason: why.join('; ') || blocking.join(', ') }
  }
  const body = { ...wish, ...BY, planHash: hash, epoch, ...(attestation !== undefined && { attestation }) }
  const ordered = await post(api, 'operations', body, { 'idempotency-key': randomUUID() })
  if (!ordered.ok) return { kind: 'refused', reason: ordered.text.slice(0, 400) }
  return { kind: 'accepted', operation: (JSON.parse(ordered.text) as { id: string }).id }
}

export async function abortMove(api: Api, operation: string): Promise<boolean> {
  return (await post(api, `operations/${operation}/abort`, BY)).ok
}

export async function resumeMove(api: Api, operation: string): Promise<boolean> {
  return (await post(api, `operations/${operation}/resume`, { by: BY.by })).ok
}

export async function chooseSalvage(
  api: Api,
  region: string,
  choice: { readonly kind: string; readonly losesOlder?: boolean },
): Promise<boolean> {
  return (await post(api, `returns/${region}/choice`, { ...choice, ...BY })).ok
}

/** No answer is one too. */
async function post(
  { apiUrl }: Api,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const response = await fetch(`${apiUrl}/api/v1/failover-groups/${GROUP}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { ok: response.ok, text: await response.text() }
  } catch (error) {
    return { ok: false, text: String(error) }
  }
}
