import { expect, test } from 'vitest'
import { findReaders } from '../../../../src/controller/evidence/readers.ts'
import type { Cluster, GroupListing } from '../../../../src/kafka/index.ts'

const { signal } = new AbortController()
const scope = { isTopic: (topic: string) => topic === 'orders', isGroup: (group: string) => group !== 'skipped' }

function cluster(over: { silent?: string[]; code?: number } = {}) {
  const listing = (groupId: string, type = 'classic'): GroupListing => {
    return { groupId, state: 'Stable', type, protocolType: 'consumer' }
  }
  const groups = [listing('billing'), listing('skipped'), listing('mail'), listing('workers', 'share')]
  const position = (topic: string) => {
    return { topic, partition: 0, offset: 1, leaderEpoch: -1, metadata: null, errorCode: 0 }
  }
  return {
    listGroups: async () => ({ groups, silent: over.silent ?? [] }),
    fetchGroupOffsets: async (ids: readonly string[]) =>
      ids.map((groupId) => {
        const positions = groupId === 'mail' ? [position('mails')] : [position('orders'), position('mails')]
        return { groupId, errorCode: over.code ?? 0, positions }
      }),
  } satisfies Partial<Cluster>
}

test('readers are the selected groups with positions in the topics', async () => {
  const { readers, shareGroups } = await findReaders(cluster(), scope, signal)
  expect(readers.map(({ groupId, partitions }) => [groupId, [...partitions]])).toEqual([['billing', ['orders-0']]])
  expect(shareGroups).toEqual(['workers'])
})

test('groups that nobody tells of are not taken for none', async () => {
  await expect(findReaders(cluster({ silent: ['b2 is silent'] }), scope, signal)).rejects.toThrow('b2 is silent')
  await expect(findReaders(cluster({ code: 15 }), scope, signal)).rejects.toThrow('billing')
})
