import { expect, test } from 'vitest'
import { findMembers, findMembersOf } from '../../../../src/controller/evidence/members.ts'
import type { Cluster, GroupDescription, GroupListing } from '../../../../src/kafka/index.ts'

const { signal } = new AbortController()
const scope = { isTopic: (topic: string) => topic === 'orders', isGroup: (group: string) => group !== 'skipped' }

interface Given {
  readonly state?: string
  readonly type?: string
  readonly protocol?: GroupDescription['protocol']
  readonly assigned?: readonly string[]
  /** Topics that the group has positions in. */
  readonly positions?: readonly string[]
  readonly errorCode?: number
}

/** Notes which groups were asked about, because a region may have thousands. */
function cluster(groups: Readonly<Record<string, Given>>, silent: readonly string[] = []) {
  const asked: Record<'described' | 'positions', string[]> = { described: [], positions: [] }
  const find = (groupId: string) => groups[groupId] ?? {}
  const it = {
    listGroups: async () => ({
      groups: Object.entries(groups).map(([groupId, { state = 'Stable', type = 'classic' }]): GroupListing => {
        return { groupId, state, type, protocolType: 'consumer' }
      }),
      silent,
    }),
    describeGroups: async (ids: readonly string[]) => {
      asked.described.push(...ids)
      return ids.map((groupId): GroupDescription => {
        const { protocol = 'classic', assigned = [], errorCode = 0 } = find(groupId)
        const members = [
          {
            clientId: `${groupId}-1`,
            host: '/10.0.0.7',
            assigned: assigned.map((topic, partition) => ({ topic, partition })),
          },
        ]
        return { groupId, errorCode, state: 'Stable', protocol, members }
      })
    },
    fetchGroupOffsets: async (ids: readonly string[]) => {
      asked.positions.push(...ids)
      return ids.map((groupId) => {
        const positions = (find(groupId).positions ?? []).map((topic) => {
          return { topic, partition: 0, offset: 1, leaderEpoch: -1, metadata: null, errorCode: 0 }
        })
        return { groupId, errorCode: 0, positions }
      })
    },
  } satisfies Partial<Cluster>
  return { it, asked }
}

test('members are told of the selected groups that read the topics, by assignment or else by position', async () => {
  const { it, asked } = cluster({
    billing: { assigned: ['orders', 'mail', 'orders'] },
    next: { protocol: 'consumer', assigned: ['orders'] },
    workers: { positions: ['orders'] },
    mail: { assigned: ['mail'], positions: ['mail'] },
    gone: { state: 'Empty', positions: ['orders'] },
    shared: { type: 'share' },
    skipped: { assigned: ['orders'] },
  })
  const member = (clientId: string, partitions: number) => ({ clientId, host: '10.0.0.7', partitions })
  expect(await findMembers(it, scope, signal)).toEqual([
    { group: 'billing', protocol: 'classic', members: [member('billing-1', 2)] },
    { group: 'next', protocol: 'consumer', members: [member('next-1', 1)] },
    { group: 'workers', protocol: 'classic', members: [member('workers-1', 0)] },
  ])
  // Nobody has to be asked about groups without members, nor for positions where assignments tell enough.
  expect(asked).toEqual({ described: ['billing', 'next', 'workers', 'mail'], positions: ['workers', 'mail'] })
})

test('of named groups, those with members there are told', async () => {
  const { it } = cluster({ billing: { assigned: ['mail'] }, mail: { assigned: ['mail'] }, idle: { state: 'Empty' } })
  const found = await findMembersOf(it, [{ groupId: 'billing' }, { groupId: 'idle' }], signal)
  expect(found.map(({ group, members }) => `${group} ${members.length}`)).toEqual(['billing 1'])
})

test('groups that nobody tells of are not taken for none', async () => {
  await expect(findMembers(cluster({}, ['b2 is silent']).it, scope, signal)).rejects.toThrow('b2 is silent')
  await expect(findMembers(cluster({ billing: { errorCode: 15 } }).it, scope, signal)).rejects.toThrow('billing')
})
