/** Membership in one classic group, as a member sees it. */
export interface MembershipOptions {
  readonly groupId: string
  readonly protocolType: string
  readonly protocol: string
  /** After this long without a heartbeat the group goes on without the member. Brokers take 6 s to 30 min by default. */
  readonly sessionTimeoutMs: number
  /** How long a rebalance waits for the members to join again. */
  readonly rebalanceTimeoutMs: number
}

/**
 * The calls of a group member. Codes that are about the member (22, 25, 27, 79, 82, ...) are answered as data; a
 * coordinator that moves or does not answer, and missing rights, are thrown.
 */
export interface GroupMembership extends AsyncDisposable {
  join(member: JoiningMember, signal: AbortSignal): Promise<GroupJoin>
  sync(member: SyncingMember, signal: AbortSignal): Promise<GroupSync>
  /** Answers the code. */
  heartbeat(member: MemberInGeneration, signal: AbortSignal): Promise<number>
  /** Answers the code. Also while a join is not answered yet. */
  leave(member: Omit<MemberInGeneration, 'generation'>, signal: AbortSignal): Promise<number>
}

export interface MemberInGeneration {
  readonly generation: number
  readonly memberId: string
  /** Null for a dynamic member. */
  readonly instanceId: string | null
}

export interface JoiningMember {
  /** '' for a member that the group does not know yet. */
  readonly memberId: string
  /** Null for a dynamic member. */
  readonly instanceId: string | null
  readonly metadata: Buffer
}

export interface SyncingMember extends MemberInGeneration {
  /** From the leader; empty from the others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface GroupJoin {
  readonly errorCode: number
  readonly generation: number
  readonly leaderId: string
  /** The leader leaves the assignment as it is: a static member came back. */
  readonly skipAssignment: boolean
  readonly memberId: string
  /** For the leader only. */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
}

export interface GroupSync {
  readonly errorCode: number
  readonly assignment: Buffer
}
