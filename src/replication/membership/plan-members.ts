import { assignShards } from './assign-shards.ts'
import { digestWork, explainDifference } from './link-work.ts'
import type { AssignedMember, ClaimsMessage } from './member-messages.ts'

/** What every member is told of all of them, in the order in which they are given: the leader's part, and pure. */
export function planMembers(
  shards: number,
  members: readonly (ClaimsMessage & { readonly memberId: string })[],
): AssignedMember[] {
  const claims = members.map((member) => ({ ...member, work: digestWork(member.work) }))
  const { work: counting, shardsOf } = assignShards(shards, claims)
  const standard = members[claims.findIndex(({ work }) => work === counting)]
  return claims.map(({ memberId, name, work }, index) => {
    const own = members[index]
    const differs =
      work === counting || standard === undefined || own === undefined
        ? null
        : `replicator ${name}, held against ${standard.name}, ${explainDifference(standard.work, own.work)}`
    return { name, work, differs, shards: shardsOf.get(memberId) ?? [] }
  })
}
