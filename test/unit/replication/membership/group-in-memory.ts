import type { Cluster, GroupJoin, GroupMembership, GroupSync } from '../../../../src/kafka/index.ts'

interface HeldMember {
  readonly instanceId: string | null
  metadata: Buffer
  joining: PromiseWithResolvers<GroupJoin> | undefined
  syncing: PromiseWithResolvers<GroupSync> | undefined
}

const UNKNOWN_MEMBER_ID = 25
const ILLEGAL_GENERATION = 22
const REBALANCE_IN_PROGRESS = 27

/**
 * A classic group and its coordinator in memory: joins wait for all members, syncs for the leader. One that joins again
 * with nothing new changes nothing, unless it is the leader.
 */
export class GroupInMemory {
  /** Codes to answer with before anything is looked at, by call; one a call. */
  readonly answers: { readonly join: number[]; readonly heartbeat: number[] } = { join: [], heartbeat: [] }
  readonly joins: { readonly memberId: string; readonly instanceId: string | null }[] = []
  /** Nothing is answered while it is set. */
  isSilent = false
  readonly #members = new Map<string, HeldMember>()
  #generation = 0
  #state: 'stable' | 'joining' | 'syncing' = 'stable'
  #named = 0
  #leaderId = ''

  get cluster(): Cluster {
    const stub: Partial<Cluster> = { name: 'us', openMembership: () => this.#open() }
    return stub as Cluster
  }

  get memberIds(): string[] {
    return [...this.#members.keys()]
  }

  /** As after a session that ended. */
  putOut(memberId: string): void {
    if (!this.#members.delete(memberId)) return
    if (this.#members.size > 0) this.#state = 'joining'
    this.#joinAll()
  }

  #open(): GroupMembership {
    return {
      join: ({ memberId, instanceId, metadata }, signal) =>
        this.#unlessSilent<GroupJoin>(signal, () => {
          this.joins.push({ memberId, instanceId })
          const none = { generation: -1, leaderId: '', skipAssignment: false, memberId, members: [] }
          const errorCode = this.answers.join.shift()
          if (errorCode !== undefined) return Promise.resolve({ ...none, errorCode })
          const id = memberId === '' ? `m${++this.#named}` : memberId
          if (memberId !== '' && !this.#members.has(id))
            return Promise.resolve({ ...none, errorCode: UNKNOWN_MEMBER_ID })
          if (memberId === '' && this.#takePlace(instanceId, id)) {
            return Promise.resolve({
              ...none,
              errorCode: 0,
              generation: this.#generation,
              memberId: id,
              leaderId: this.#leaderId,
              skipAssignment: this.#leaderId === id,
            })
          }
          const known = this.#members.get(id)
          if (known?.metadata.equals(metadata) && this.#state === 'stable' && id !== this.#leaderId) {
            const same = { errorCode: 0, generation: this.#generation, leaderId: this.#leaderId }
            return Promise.resolve({ ...none, ...same })
          }
          const joining = Promise.withResolvers<GroupJoin>()
          this.#members.set(id, { instanceId, metadata, joining, syncing: undefined })
          this.#state = 'joining'
          this.#joinAll()
          return joining.promise
        }),
      sync: ({ memberId, generation, assignments }, signal) =>
        this.#unlessSilent(signal, () => {
          const member = this.#members.get(memberId)
          const refuse = (errorCode: number) => Promise.resolve({ errorCode, assignment: Buffer.alloc(0) })
          if (member === undefined) return refuse(UNKNOWN_MEMBER_ID)
          if (generation !== this.#generation) return refuse(ILLEGAL_GENERATION)
          if (this.#state === 'joining') return refuse(REBALANCE_IN_PROGRESS)
          member.syncing = Promise.withResolvers()
          if (assignments.length > 0) {
            this.#assigned = new Map(assignments.map((one) => [one.memberId, one.assignment]))
            this.#state = 'stable'
          }
          if (this.#state === 'stable') this.#syncAll()
          return member.syncing.promise
        }),
      heartbeat: ({ memberId, generation }, signal) =>
        this.#unlessSilent(signal, () => {
          const told = this.answers.heartbeat.shift()
          if (told !== undefined) return Promise.resolve(told)
          if (!this.#members.has(memberId)) return Promise.resolve(UNKNOWN_MEMBER_ID)
          if (generation !== this.#generation) return Promise.resolve(ILLEGAL_GENERATION)
          return Promise.resolve(this.#state === 'stable' ? 0 : REBALANCE_IN_PROGRESS)
        }),
      leave: ({ memberId }, signal) =>
        this.#unlessSilent(signal, () => {
          this.putOut(memberId)
          return Promise.resolve(0)
        }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }

  #assigned = new Map<string, Buffer>()

  /** A static member that is back has its old assignment, whatever it says now: nobody else hears of it. */
  #takePlace(instanceId: string | null, id: string): boolean {
    const former = [...this.#members].find(([, member]) => instanceId !== null && member.instanceId === instanceId)
    if (former === undefined || this.#state !== 'stable') return false
    const [formerId, member] = former
    this.#members.delete(formerId)
    this.#members.set(id, member)
    if (this.#leaderId === formerId) this.#leaderId = id
    this.#assigned.set(id, this.#assigned.get(formerId) ?? Buffer.alloc(0))
    return true
  }

  #joinAll(): void {
    const members = [...this.#members]
    if (this.#state !== 'joining' || members.some(([, { joining }]) => joining === undefined)) return
    this.#generation++
    this.#state = 'syncing'
    if (!this.#members.has(this.#leaderId)) this.#leaderId = members[0]?.[0] ?? ''
    const leaderId = this.#leaderId
    for (const [memberId, member] of members) {
      const all = members.map(([id, { metadata }]) => ({ memberId: id, metadata }))
      const facts = { errorCode: 0, generation: this.#generation, leaderId, skipAssignment: false }
      member.joining?.resolve({ ...facts, memberId, members: memberId === leaderId ? all : [] })
      member.joining = undefined
    }
  }

  #syncAll(): void {
    for (const [memberId, { syncing }] of this.#members) {
      syncing?.resolve({ errorCode: 0, assignment: this.#assigned.get(memberId) ?? Buffer.alloc(0) })
    }
  }

  async #unlessSilent<Answer>(signal: AbortSignal, answer: () => Promise<Answer>): Promise<Answer> {
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(new Error('not answered')), { once: true })
    if (signal.aborted) throw new Error('not answered')
    return Promise.race([this.isSilent ? aborted.promise : answer(), aborted.promise])
  }
}
