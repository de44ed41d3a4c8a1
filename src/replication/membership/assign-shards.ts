/**
 * Which replicator gets which shard: pure, worked out by the leader of the group in each generation.
 *
 * What always holds
 * - Only members whose work is the one that counts are given any: see `workThatCounts`.
 * - No shard is given to two members, and none to a member while another one still claims it. One that has to move is
 *   given to nobody: its holder hands it over and joins again without it, and the next generation gives it away.
 * - What nobody claims is given away at once.
 * - When nothing moves any more, those members differ by at most one shard; until then nobody has more than that share.
 * - A holder keeps what it has as far as its share allows, so that joining and leaving move as little as can be.
 *
 * Safety does not rest on it: two owners at once meet in the fence of the shard.
 */
export interface MemberClaims {
  readonly memberId: string
  /** For people; need not be unique. */
  readonly name: string
  /** Digest of what it does into the target. */
  readonly work: string
  /** Shard to the generation in which it was assigned to the member. */
  readonly claims: ReadonlyMap<number, number>
}

export interface ShardPlan {
  /** That of the members which share; undefined where there is no member. */
  readonly work: string | undefined
  /** By member id. */
  readonly shardsOf: ReadonlyMap<string, readonly number[]>
  /** Given to nobody in this generation. */
  readonly moving: readonly number[]
}

export function assignShards(shards: number, members: readonly MemberClaims[]): ShardPlan {
  const holders = findHolders(shards, members)
  const work = workThatCounts(members, holders)
  const sharing = members.filter((member) => member.work === work)
  const held = new Map(sharing.map(({ memberId }) => [memberId, [] as number[]]))
  for (const [shard, holder] of holders) held.get(holder)?.push(shard)
  const shares = shareOut(shards, held)

  const shardsOf = new Map(members.map(({ memberId }): [string, number[]] => [memberId, []]))
  for (const [memberId, share] of shares) shardsOf.set(memberId, (held.get(memberId) ?? []).slice(0, share))
  const kept = new Set([...shardsOf.values()].flat())
  const moving: number[] = []
  for (let shard = 0; shard < shards; shard++) {
    if (kept.has(shard)) continue
    // Somebody who claims it still writes under it, although it is not the one that keeps it.
    if (holders.has(shard)) moving.push(shard)
    else shardsOf.get(leastFilled(shares, shardsOf))?.push(shard)
  }
  for (const mine of shardsOf.values()) mine.sort((a, b) => a - b)
  return { work, shardsOf, moving }
}

/**
 * The work of those that hold shards already; where nobody holds any, that of the first by name. Others wait until the
 * last of these has left. Of holders that differ, the latest assignment counts, as it does for each shard: the others
 * have slept or were cut off meanwhile.
 */
function workThatCounts(members: readonly MemberClaims[], holders: ReadonlyMap<number, string>): string | undefined {
  const latest = ({ memberId, claims }: MemberClaims) =>
    Math.max(-1, ...[...claims].map(([shard, generation]) => (holders.get(shard) === memberId ? generation : -1)))
  const byWeight = members.toSorted(
    (one, other) => latest(other) - latest(one) || compare(one.name, other.name) || compare(one.work, other.work),
  )
  return byWeight[0]?.work
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}

/** Of several that claim a shard, the one it was assigned to last: the other has slept or was cut off meanwhile. */
function findHolders(shards: number, members: readonly MemberClaims[]): Map<number, string> {
  const latest = new Map<number, number>()
  const holders = new Map<number, string>()
  for (const { memberId, claims } of members) {
    for (const [shard, generation] of [...claims].sort(([a], [b]) => a - b)) {
      if (shard < 0 || shard >= shards || generation <= (latest.get(shard) ?? -Infinity)) continue
      latest.set(shard, generation)
      holders.set(shard, memberId)
    }
  }
  return new Map([...holders].sort(([a], [b]) => a - b))
}

/** How many shards each may have. The odd ones go to those that hold the most, so that nothing moves for them. */
function shareOut(shards: number, held: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  const least = Math.floor(shards / held.size)
  const odd = shards % held.size
  const byHeld = [...held].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1))
  return new Map(byHeld.map(([memberId], index) => [memberId, least + (index < odd ? 1 : 0)]))
}

/** The member with the most room left. The shares add up to all shards, so there is room. */
function leastFilled(shares: ReadonlyMap<string, number>, shardsOf: ReadonlyMap<string, readonly number[]>): string {
  let most = ''
  let mostRoom = -1
  for (const [memberId, share] of shares) {
    const room = share - (shardsOf.get(memberId)?.length ?? 0)
    if (room <= mostRoom) continue
    mostRoom = room
    most = memberId
  }
  return most
}
