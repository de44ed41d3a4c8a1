import { describe, expect, it } from 'vitest'
import { linkName, regionName } from '../../../../src/core/index.ts'
import type { LinkSpec } from '../../../../src/replication/link-options.ts'
import { digestWork, explainDifference, workOf } from '../../../../src/replication/membership/link-work.ts'
import { resolvePolicies } from '../../../../src/replication/policies.ts'

const link = (name: string, changes: Partial<LinkSpec> = {}): LinkSpec => ({
  name: linkName(name),
  source: regionName('eu'),
  target: regionName('us'),
  topics: { include: ['orders', 'payments'], exclude: ['x'] },
  groups: { include: ['*'], exclude: [] },
  start: 'earliest',
  ...changes,
})
const digestOf = (...links: LinkSpec[]) => digestWork(workOf(links))

describe('the work of a replicator', () => {
  it('is the same in whatever order, and at whatever speed, it is written', () => {
    const same = link('a', {
      topics: { exclude: ['x'], include: ['payments', 'orders'] },
      rename: undefined,
      policies: resolvePolicies(),
      traffic: { limit: 5, weight: 3 },
      transform: undefined,
    })
    expect(digestOf(same, link('b'))).toBe(digestOf(link('b'), link('a')))
    const filters: LinkSpec['transform'][] = [
      { filter: { tombstones: 'drop' }, recompress: 'zstd' },
      { recompress: 'zstd', filter: { tombstones: 'drop' } },
    ]
    expect(new Set(filters.map((transform) => digestOf(link('a', { transform })))).size).toBe(1)
  })

  it('is another one with anything that decides what is copied, or how', () => {
    const others = [
      link('b'),
      link('a', { source: regionName('asia') }),
      link('a', { topics: { include: ['orders'], exclude: ['x'] } }),
      link('a', { topics: { include: ['orders', 'payments', 'x'], exclude: [] } }),
      link('a', { groups: { include: [], exclude: ['*'] } }),
      link('a', { rename: '{source}.{topic}' }),
      link('a', { start: 'latest' }),
      link('a', { start: { timestampMs: 5 } }),
      link('a', { policies: resolvePolicies({ recordRefused: 'skip' }) }),
      link('a', { deletions: { follow: true, graceMs: 5 } }),
      link('a', { transform: {} }),
      link('a', { transform: { recompress: 'zstd' } }),
    ]
    const digests = [
      digestOf(link('a')),
      digestOf(),
      digestOf(link('a'), link('b')),
      ...others.map((one) => digestOf(one)),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('is told apart by the names of its links, of many the first', () => {
    const counts = workOf([link('a'), link('b'), link('same')])
    const other = workOf([
      link('b', { start: 'latest' }),
      link('same'),
      ...['c', 'd', 'e', 'f', 'g'].map((name) => link(name)),
    ])
    expect(explainDifference(counts, other)).toBe(
      'lacks link a, has also link c, d, e and 2 more, has other settings for link b',
    )
  })
})
