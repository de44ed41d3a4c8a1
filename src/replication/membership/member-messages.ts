/**
 * What the members of the group tell each other, as JSON with a version: claims on the way to the leader, the whole
 * assignment on the way back, so that every member can say who has what.
 */
const VERSION = 1
const GENERATION_MAX = 2 ** 31

export interface ClaimsMessage {
  readonly name: string
  /** Shard to the generation in which it was assigned. */
  readonly claims: ReadonlyMap<number, number>
}

export interface AssignedMember {
  readonly name: string
  readonly shards: readonly number[]
}

export interface AssignmentMessage {
  readonly members: readonly AssignedMember[]
  /** Index of the member that it is sent to. */
  readonly self: number
}

export function encodeClaims({ name, claims }: ClaimsMessage): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, name, shards: [...claims] }))
}

/** Undefined where it cannot be read. */
export function decodeClaims(bytes: Buffer): ClaimsMessage | undefined {
  const { name, shards } = parse(bytes)
  if (typeof name !== 'string' || !Array.isArray(shards)) return undefined
  const claims = new Map<number, number>()
  for (const pair of shards as unknown[]) {
    const [shard, generation] = Array.isArray(pair) ? (pair as unknown[]) : []
    if (!isCount(shard) || !isCount(generation)) return undefined
    claims.set(shard, generation)
  }
  return { name, claims }
}

export function encodeAssignment({ members, self }: AssignmentMessage): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, self, members }))
}

/** Undefined where it cannot be read. */
export function decodeAssignment(bytes: Buffer): AssignmentMessage | undefined {
  const { self, members } = parse(bytes)
  if (!isCount(self) || !Array.isArray(members) || self >= members.length) return undefined
  const isReadable = (members as unknown[]).every(
    (one) =>
      isObject(one) && typeof one['name'] === 'string' && Array.isArray(one['shards']) && one['shards'].every(isCount),
  )
  return isReadable ? { self, members: members as AssignedMember[] } : undefined
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
