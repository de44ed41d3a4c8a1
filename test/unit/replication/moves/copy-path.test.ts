import { describe, expect, it } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { canTurn, findPath, type Hop, isActive, type KnownCopy } from '../../../../src/replication/moves/copy-path.ts'

/** Topics are called as their regions. A copy that has ended, with where it did on both sides. */
function copy(source: string, target: string, at?: readonly [number, number], isPromoted = false): KnownCopy {
  const key = { source, topic: 'orders', targetTopic: 'orders', partition: 0 }
  const closedAt = at && { source: at[0], target: at[1], isPromoted }
  const flow = { key, sourceClusterId: source, sourceTopicId: source, targetTopicId: target, closedAt }
  return { region: regionName(target), flow }
}

const at = (topicId: string) => ({ topicId, partition: 0 })
/** As if all offsets were identical. */
const inStep = (_: Hop, offset: number) => Promise.resolve(offset)
const wayOf = async (from: string, to: string, copies: readonly KnownCopy[]) => {
  const path = await findPath(at(from), to, copies, inStep)
  return 'gap' in path
    ? path.gap
    : path.hops.map(({ fromTopicId, toTopicId }) => `${fromTopicId}${toTopicId}`).join(' ')
}

const toB = copy('a', 'b', [41, 41], true)
const toC = copy('a', 'c', [41, 41])

describe('the way from the target of a new copy to its source', () => {
  it('is the last copy the other way where two regions exchange their roles', async () => {
    expect(await wayOf('a', 'b', [toB])).toBe('ab')
    const back = copy('b', 'a', [72, 72], true)
    expect(await wayOf('b', 'a', [toB, back])).toBe('ba')
  })

  it('goes over the region that both have their records from', async () => {
    expect(await wayOf('c', 'b', [toB, toC])).toBe('ca ab')
  })

  it('takes a copy that reaches far enough instead of a shorter way that does not', async () => {
    const again = [copy('b', 'c', [72, 72], true), copy('b', 'a', [72, 72]), toB, toC]
    expect(await wayOf('a', 'c', again)).toBe('ab bc')
    expect(await wayOf('b', 'c', again)).toBe('bc')
  })

  it('leads a standby that was away over every region that was active meanwhile', async () => {
    const moves = [copy('a', 'b', [45, 45], true), copy('b', 'd', [80, 80], true), copy('a', 'c', [40, 40])]
    expect(await wayOf('c', 'd', moves)).toBe('ca ab bd')
  })

  it('does not exist over copies that run on, or over none', async () => {
    expect(await wayOf('c', 'b', [toC, copy('a', 'b')])).toContain('gap')
    expect(await wayOf('c', 'b', [])).toContain('no copy')
  })

  it('does not exist for a region that is ahead of the one it is to follow', async () => {
    expect(await wayOf('c', 'b', [copy('a', 'b', [41, 41], true), copy('a', 'c', [46, 46])])).toContain('up to 41 only')
  })
})

describe('what the copies tell of a partition', () => {
  it('active is what was promoted last, until another copy was made from it', () => {
    expect(isActive(at('b'), [toB])).toBe(true)
    expect(canTurn(at('b'), [toB])).toBe(false)
    expect(canTurn(at('b'), [toB, copy('b', 'a', [72, 72], true)])).toBe(true)
    expect(isActive(at('b'), [toB, copy('b', 'a', [41, 41], true)])).toBe(false)
  })

  it('a copy that merely ended can be gone on with from elsewhere', () => {
    expect(isActive(at('c'), [toC])).toBe(false)
    expect(canTurn(at('c'), [toC])).toBe(true)
  })

  it('without a copy that ended nothing is known', () => {
    expect(canTurn(at('b'), [copy('a', 'b')])).toBe(false)
    expect(canTurn({ topicId: 'b', partition: 1 }, [toB])).toBe(false)
  })
})
