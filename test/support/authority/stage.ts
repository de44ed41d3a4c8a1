import {
  type Authority,
  type AuthorityEvents,
  type AuthorityOptions,
  type Lease,
  openAuthority,
} from '../../../src/authority/index.ts'
import { createEvents, systemRandom } from '../../../src/core/index.ts'
import { ShiftedClock } from './shifted-clock.ts'

/** A backend under test: clients that share it, and the server behind them where there is one. */
export interface AuthorityStage {
  readonly options: AuthorityOptions
  /** kill -9 and start again with the same data. Missing where nothing runs. */
  readonly restart?: () => Promise<void>
}

/** What one process has of the authority, with a clock of its own. */
export interface AuthorityClient {
  readonly authority: Authority
  readonly clock: ShiftedClock
  readonly context: { readonly clock: ShiftedClock; readonly random: typeof systemRandom }
}

export function openClient(options: AuthorityOptions, clock = new ShiftedClock()): AuthorityClient {
  const context = { clock, random: systemRandom }
  const authority = openAuthority(options, { ...context, events: createEvents<AuthorityEvents>() })
  return { authority, clock, context }
}

export const never = new AbortController().signal

/** The lease, or an error that says who has it. */
export async function mustAcquire(
  { authority }: AuthorityClient,
  name: string,
  holder: string,
  ttlMs = 10_000,
): Promise<Lease> {
  const acquired = await authority.acquire(name, { holder, ttlMs }, never)
  if (acquired.kind !== 'held') throw new Error(`${name} is held by ${acquired.holder}`)
  return acquired.lease
}

/** Looks, lets the time of the holder run out on its own clock, and takes. */
export async function takeOver(client: AuthorityClient, name: string, holder: string): Promise<Lease> {
  const looked = await client.authority.acquire(name, { holder, ttlMs: 10_000 }, never)
  if (looked.kind === 'held') return looked.lease
  client.clock.advance(looked.freeInMs + 1)
  return mustAcquire(client, name, holder)
}
