import type { LinkWork } from './link-work.ts'

/**
 * What the members of the group tell each other, as JSON with a version: work and claims on the way to the leader, the
 * whole assignment on the way back, so that every member can say who has what.
 */
const VERSION = 1
const GENERATION_MAX = 2 ** 31

export interface ClaimsMessage {
  readonly name: string
  /** Shard to the generation in which it was assigned. */
  readonly claims: ReadonlyMap<number, number>
  readonly work: LinkWork
}

export interface AssignedMember {
  readonly name: string
  /** Digest of the work that the assignment is based on. */
  readonly work: string
  /** Why it gets no shards, where its work is not the one that counts: a sentence. */
  readonly differs: string | null
  readonly shards: readonly number[]
}

export interface AssignmentMessage {
  readonly members: readonly AssignedMember[]
  /** Index of the member that it is sent to. */
  readonly self: number
}

export function encodeClaims({ name, claims, work }: ClaimsMessage): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, name, shards: [...claims], work: [...work] }))
}

/** Undefined where it cannot be read. */
export function decodeClaims(bytes: Buffer): ClaimsMessage | undefined {
  const { name, shards, work } = parse(bytes)
  if (typeof name !== 'string' || !Array.isArray(shards) || !isWork(work)) return undefined
  const claims = new Map<number, number>()
  for (const pair of shards as unknown[]) {
    const [shard, generation] = Array.isArray(pair) ? (pair as unknown[]) : []
    if (!isCount(shard) || !isCount(generation)) return undefined
    claims.set(shard, generation)
  }
  return { name, claims, work: new Map(work) }
}

export function encodeAssignment({ members, self }: AssignmentMessage): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, self, members }))
}

/** Undefined where it cannot be read. */
export function decodeAssignment(bytes: Buffer): AssignmentMessage | undefined {
  const { self, members } = parse(bytes)
  if (!isCount(self) || !Array.isArray(members) || self >= members.length) return undefined
  return members.every(isMember) ? { self, members } : undefined
}

function isMember(value: unknown): value is AssignedMember {
  if (!isObject(value)) return false
  const { name, work, differs, shards } = value
  const isNamed =
    typeof name === 'string' && typeof work === 'string' && (differs === null || typeof differs === 'string')
  return isNamed && Array.isArray(shards) && shards.every(isCount)
}

function isWork(value: unknown): value is [string, string][] {
  const isText = (text: unknown) => typeof text === 'string'
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText))
}

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    return isObject(parsed) && parsed['version'] === VERSION ? parsed : {}
  } catch {
    return {} // What is not JSON is what cannot be read: the callers say so.
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < GENERATION_MAX
}
