import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, linkName, systemClock } from '../../../../src/core/index.ts'
import type { Cluster, GroupPosition } from '../../../../src/kafka/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/events.ts'
import { PositionSync, type PositionSyncOptions } from '../../../../src/replication/positions/position-sync.ts'

interface HeldGroup {
  state: string
  type: string
  offsets: Map<string, number>
}

/** The consumer groups of one region in memory, as far as the position sync asks for them. */
class GroupsInMemory {
  readonly groups = new Map<string, HeldGroup>()
  readonly commits: { groupId: string; positions: readonly GroupPosition[] }[] = []
  /** By topic and partition: what a commit of it is answered with. */
  readonly refusals = new Map<string, number>()
  /** Groups whose coordinator does not answer. */
  readonly silent = new Set<string>()
  /** Groups that are missing from the list, as those of a broker that does not answer are. */
  readonly unlisted = new Set<string>()
  readonly deletions: string[] = []
  listsStates = true
  atOnce = 0
  atOnceMost = 0
  fetches = 0

  set(groupId: string, offsets: Record<string, number>, over: Partial<HeldGroup> = {}): HeldGroup {
    const group = { state: 'Empty', type: 'classic', ...over, offsets: new Map(Object.entries(offsets)) }
    this.groups.set(groupId, group)
    return group
  }

  async listGroups() {
    const groups = [...this.groups].map(([groupId, { state, type }]) => ({
      groupId,
      state: this.listsStates ? state : '',
      type,
      protocolType: 'consumer',
    }))
    return { groups: groups.filter(({ groupId }) => !this.unlisted.has(groupId)), silent: [] }
  }

  async describeGroups(groupIds: readonly string[]) {
    return groupIds.map((groupId) => ({
      groupId,
      errorCode: 0,
      state: this.groups.get(groupId)?.state ?? 'Dead',
      protocol: 'classic' as const,
      members: [],
    }))
  }

  async fetchGroupOffsets(groupIds: readonly string[]) {
    this.fetches++
    return groupIds.map((groupId) => ({
      groupId,
      errorCode: this.silent.has(groupId) ? 16 : 0,
      positions: [...(this.groups.get(groupId)?.offsets ?? [])].map(([key, offset]) => ({
        topic: key.split('/')[0] ?? '',
        partition: Number(key.split('/')[1]),
        offset,
        leaderEpoch: 4,
        metadata: 'm',
        errorCode: 0,
      })),
    }))
  }

  async commitGroupOffsets(groupId: string, positions: readonly GroupPosition[]) {
    this.atOnceMost = Math.max(this.atOnceMost, ++this.atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.atOnce--
    if (this.silent.has(groupId)) throw new Error('connection lost')
    this.commits.push({ groupId, positions })
    const held = this.groups.get(groupId) ?? this.set(groupId, {})
    return positions.map(({ topic, partition, offset }) => {
      const errorCode = this.refusals.get(`${topic}/${partition}`) ?? 0
      if (errorCode === 0) held.offsets.set(`${topic}/${partition}`, offset)
      return { topic, partition, errorCode }
    })
  }

  async deleteGroupOffsets(groupId: string, partitions: readonly { topic: string; partition: number }[]) {
    return partitions.map(({ topic, partition }) => {
      this.deletions.push(`${groupId} ${topic}/${partition}`)
      this.groups.get(groupId)?.offsets.delete(`${topic}/${partition}`)
      return { topic, partition, errorCode: 0 }
    })
  }

  get cluster(): Cluster {
    return this as unknown as Cluster
  }
}

const signal = new AbortController().signal
let source: GroupsInMemory
let target: GroupsInMemory
let told: string[]

beforeEach(() => {
  source = new GroupsInMemory()
  target = new GroupsInMemory()
  told = []
})

/** Copies are named `copy.<topic>`, and every target offset is 10 less. */
function createSync(options: Partial<PositionSyncOptions> = {}): PositionSync {
  const events = createEvents<ReplicationEvents>()
  events.on('positions:synced', ({ committed }) => told.push(`synced ${committed}`))
  events.on('positions:failed', ({ group, groups, reason }) => told.push(`failed ${group} of ${groups}: ${reason}`))
  events.on('positions:left-out', ({ group, reason }) => told.push(`left out ${group}: ${reason}`))
  events.on('positions:deleted', ({ group, positions }) => told.push(`deleted ${positions} of ${group}`))
  return new PositionSync({
    link: linkName('eu-to-us'),
    source: source.cluster,
    target: target.cluster,
    selection: { include: ['*'], exclude: ['skipped'] },
    targetTopicOf: (topic) => (topic === 'private' ? undefined : `copy.${topic}`),
    translator: {
      translate: async (topic, _partition, sourceOffset) => {
        if (topic === 'late') return { pending: 'the takeover is under way' }
        if (topic === 'broken') throw new Error('no map')
        return { targetTopic: `copy.${topic}`, offset: sourceOffset - 10, behindRecords: topic === 'behind' ? 3 : 0 }
      },
      translateBack: async (_topic, _partition, targetOffset) => targetOffset + 10,
    },
    clock: systemClock,
    events,
    ...options,
  })
}

const pass = async (sync: PositionSync) => await sync.act(sync.decide(await sync.observe(signal)), signal)
const statusOf = (sync: PositionSync, group: string) => sync.statuses.find((status) => status.group === group)

describe('PositionSync', () => {
  it('writes nothing that another replicator may have moved on since it was looked at', async () => {
    source.set('billing', { 'orders/0': 100 })
    let isVouched = true
    const asked: string[] = []
    const mayWrite: PositionSyncOptions['mayWrite'] = ({ topic, targetTopic, partition }) => {
      asked.push(`${topic} ${targetTopic} ${partition}`)
      return isVouched
    }
    const sync = createSync({ mayWrite })
    const late = sync.decide(await sync.observe(signal))
    isVouched = false
    target.set('billing', { 'copy.orders/0': 95 })
    await sync.act(late, signal)
    expect(target.commits).toEqual([])
    expect(asked).toEqual(['orders copy.orders 0'])
    expect(statusOf(sync, 'billing')).toMatchObject({ state: 'failed' })
    expect(told).toEqual([expect.stringContaining('has not confirmed lately')])
  })

  it('deletes nothing that another replicator may have by now', async () => {
    source.set('billing', { 'orders/0': 100 })
    let isVouched = true
    const sync = createSync({ deletionGraceMs: 0, mayWrite: () => isVouched })
    await pass(sync)
    source.groups.clear()
    for (let looks = 0; looks < 2; looks++) await pass(sync)
    isVouched = false
    await pass(sync)
    expect(target.deletions).toEqual([])
    isVouched = true
    for (let looks = 0; looks < 3; looks++) await pass(sync)
    expect(target.deletions).toEqual(['billing copy.orders/0'])
  })

  it('commits the translated positions with the metadata of the source and no leader epoch, once', async () => {
    source.set('billing', { 'orders/0': 100, 'private/0': 5 })
    const sync = createSync()
    await pass(sync)
    await pass(sync)
    expect(target.commits).toEqual([
      {
        groupId: 'billing',
        positions: [{ topic: 'copy.orders', partition: 0, offset: 90, leaderEpoch: -1, metadata: 'm' }],
      },
    ])
    expect(told).toEqual(['synced 1'])
    expect(statusOf(sync, 'billing')).toMatchObject({
      state: 'synced',
      reason: 'every position is in step',
      syncedAtMs: expect.any(Number),
      positions: [
        { topic: 'orders', targetTopic: 'copy.orders', sourceOffset: 100, targetOffset: 90, behindRecords: 0 },
      ],
    })
  })

  it('follows the group, forwards and back', async () => {
    const group = source.set('billing', { 'orders/0': 100 })
    const sync = createSync()
    for (const offset of [100, 150, 20]) {
      group.offsets.set('orders/0', offset)
      await pass(sync)
      expect(target.groups.get('billing')?.offsets.get('copy.orders/0')).toBe(offset - 10)
    }
  })

  it.each(['Stable', 'PreparingRebalance', 'Assigning'])(
    'leaves a group that is %s on the target alone',
    async (state) => {
      source.set('billing', { 'orders/0': 100 })
      target.set('billing', { 'copy.orders/0': 3 }, { state })
      const sync = createSync()
      await pass(sync)
      target.listsStates = false
      await pass(sync)
      expect(target.commits).toEqual([])
      expect(statusOf(sync, 'billing')).toMatchObject({ state: 'active-on-target', syncedAtMs: null })
    },
  )

  it('believes the broker that a group has members after all', async () => {
    source.set('billing', { 'orders/0': 100 })
    target.refusals.set('copy.orders/0', 25)
    const sync = createSync()
    await pass(sync)
    expect(statusOf(sync, 'billing')?.state).toBe('active-on-target')
    target.refusals.clear()
    target.set('billing', { 'copy.orders/0': 3 })
    await pass(sync)
    expect(statusOf(sync, 'billing')?.state).toBe('foreign-position')
  })

  it('never replaces what another process wrote, and writes again after it was deleted', async () => {
    const group = source.set('billing', { 'orders/0': 100 })
    const sync = createSync()
    await pass(sync)
    target.groups.get('billing')?.offsets.set('copy.orders/0', 95)
    group.offsets.set('orders/0', 500)
    await pass(sync)
    expect(statusOf(sync, 'billing')).toMatchObject({ state: 'foreign-position' })
    expect(statusOf(sync, 'billing')?.reason).toContain('orders-0: position 95')
    target.groups.get('billing')?.offsets.clear()
    await pass(sync)
    expect(target.groups.get('billing')?.offsets.get('copy.orders/0')).toBe(490)
  })

  it('lets one failing partition stop nothing else, and tells a lasting failure once', async () => {
    source.set('billing', { 'orders/0': 100, 'orders/1': 100, 'broken/0': 1, 'late/0': 1 })
    target.refusals.set('copy.orders/1', 12)
    const sync = createSync()
    await pass(sync)
    await pass(sync)
    expect(target.groups.get('billing')?.offsets).toEqual(new Map([['copy.orders/0', 90]]))
    expect(statusOf(sync, 'billing')?.state).toBe('failed')
    expect(statusOf(sync, 'billing')?.positions).toHaveLength(4)
    expect(told.filter((line) => line.startsWith('failed'))).toHaveLength(1)
  })

  it('lets one failing group stop no other', async () => {
    source.set('billing', { 'orders/0': 100 })
    source.set('unread', { 'orders/0': 100 })
    source.set('lost', { 'orders/0': 100 })
    source.silent.add('unread')
    target.silent.add('lost')
    const sync = createSync()
    await pass(sync)
    expect(sync.statuses.map(({ group, state }) => `${group} ${state}`)).toEqual([
      'billing synced',
      'unread failed',
      'lost failed',
    ])
    expect(statusOf(sync, 'unread')?.reason).toContain('the source does not tell the positions')
  })

  it('says what waits for the copy and what will be read again', async () => {
    source.set('waiting', { 'late/0': 100, 'orders/0': 50 })
    source.set('slow', { 'behind/0': 100 })
    const sync = createSync()
    await pass(sync)
    expect(statusOf(sync, 'waiting')).toMatchObject({
      state: 'not-copied',
      reason: 'late-0: the takeover is under way',
      syncedAtMs: null,
    })
    expect(statusOf(sync, 'slow')?.reason).toBe(
      'in step with the copy: 3 records would be read again until it catches up',
    )
  })

  it('leaves out unselected groups, groups without copied topics, its own and share groups, and tells the last once', async () => {
    source.set('skipped', { 'orders/0': 100 })
    source.set('elsewhere', { 'private/0': 100 })
    source.set('__isthmus.workers', { 'orders/0': 100 })
    source.set('sharing', { 'orders/0': 100 }, { type: 'share' })
    const sync = createSync()
    await pass(sync)
    await pass(sync)
    expect(sync.statuses).toEqual([])
    expect(target.commits).toEqual([])
    expect(told).toEqual(['left out sharing: a share group has no positions that could be translated'])
  })

  it('renews what did not change', async () => {
    source.set('billing', { 'orders/0': 100 })
    const sync = createSync({ renewAfterMs: 0 })
    await pass(sync)
    await pass(sync)
    expect(target.commits).toHaveLength(2)
  })

  it('writes for at most eight groups at once, asks for all groups together, and writes nothing twice', async () => {
    for (let group = 0; group < 450; group++) source.set(`g${group}`, { 'orders/0': 100 })
    const sync = createSync()
    await pass(sync)
    await pass(sync)
    expect(target.commits).toHaveLength(450)
    expect(target.atOnceMost).toBe(8)
    expect([source.fetches, target.fetches]).toEqual([2, 2])
  })

  it('tells groups that fail for the same reason together', async () => {
    for (let group = 0; group < 30; group++) {
      source.set(`g${group}`, { 'orders/0': 100 })
      source.silent.add(`g${group}`)
    }
    const sync = createSync()
    await pass(sync)
    await pass(sync)
    expect(told).toEqual([expect.stringContaining('failed g0 of 30: the source does not tell the positions')])
  })

  it('says what a group would read again from where it stands on the target, whoever put it there', async () => {
    source.set('foreign', { 'orders/0': 100 })
    source.set('none', { 'orders/0': 100 })
    source.set('slow', { 'behind/0': 100 })
    target.set('foreign', { 'copy.orders/0': 50 }, { state: 'Stable' })
    target.silent.add('none')
    const sync = createSync()
    await pass(sync)
    expect(sync.statuses.map(({ group, rereadRecords }) => [group, rereadRecords])).toEqual([
      ['foreign', 40],
      ['none', null],
      ['slow', 3],
    ])
  })

  it('follows the deletion of a group, and of its positions in a topic', async () => {
    source.set('deleted', { 'orders/0': 100 })
    const group = source.set('billing', { 'orders/0': 100, 'orders/1': 100 })
    const sync = createSync({ deletionGraceMs: 0 })
    await pass(sync)
    source.groups.delete('deleted')
    group.offsets.delete('orders/1')
    for (let again = 0; again < 5; again++) await pass(sync)
    expect(target.deletions.sort()).toEqual(['billing copy.orders/1', 'deleted copy.orders/0'])
    expect(target.groups.get('billing')?.offsets).toEqual(new Map([['copy.orders/0', 90]]))
    expect(told.slice(1).sort()).toEqual(['deleted 1 of billing', 'deleted 1 of deleted'])
    expect(sync.statuses.map(({ group }) => group)).toEqual(['billing'])
  })

  it('takes a group that is merely not listed for what its coordinator says', async () => {
    source.set('billing', { 'orders/0': 100 })
    const sync = createSync({ deletionGraceMs: 0 })
    await pass(sync)
    source.unlisted.add('billing')
    for (let again = 0; again < 5; again++) await pass(sync)
    expect(statusOf(sync, 'billing')?.state).toBe('synced')
    source.silent.add('billing')
    for (let again = 0; again < 5; again++) await pass(sync)
    expect(statusOf(sync, 'billing')?.state).toBe('failed')
    expect(target.deletions).toEqual([])
  })

  it('goes on after a restart with the positions it had written', async () => {
    const group = source.set('billing', { 'orders/0': 100 })
    await pass(createSync())
    group.offsets.set('orders/0', 120)
    await pass(createSync())
    expect(target.groups.get('billing')?.offsets.get('copy.orders/0')).toBe(110)
  })
})
