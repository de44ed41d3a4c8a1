import { expect, test } from 'vitest'
import { OverlapWatch } from '../../../src/canary/overlap-watch.ts'
import { regionName } from '../../../src/core/index.ts'

/**
 * One letter a sighting, 10 ms each: A and B are open answers of partition 0 of two regions, a and b refusals, X and x
 * those of partition 1 of the first.
 */
function watch(story: string): number {
  const watched = new OverlapWatch()
  for (const [at, letter] of story.split('').entries()) {
    const region = regionName(letter.toLowerCase() === 'b' ? 'us' : 'eu')
    const partition = letter.toLowerCase() === 'x' ? 1 : 0
    const isOpen = letter === letter.toUpperCase()
    watched.note({ region, partition, isOpen, sentMs: at * 10, answeredMs: at * 10 + 5 })
  }
  return watched.overlaps
}

test.each([
  ['one region only', 'AAAA'],
  ['a move', 'AbAbaabaBaBaB'],
  ['two moves, there and back', 'AbAbabaBaBabAbAb'],
  ['a move that was taken back', 'AbAbababAbAb'],
  ['a move while nobody could say that the first region was closed', 'AAAABBBB'],
  ['a partition that is asked seldom', 'AXAXAaxaBaBaB'],
])('%s is no overlap', (_what, story) => {
  expect(watch(story)).toBe(0)
})

test.each([
  ['a standby that is open', 'ABAB'],
  ['one late write of the old region', 'AbABABaB'],
  ['a region that opens again behind its refusal', 'AAaaBABB'],
  ['one partition that was left open', 'AXAXaXaBXB'],
])('%s is one', (_what, story) => {
  expect(watch(story)).toBeGreaterThan(0)
})

test('answers that cross each other prove nothing', () => {
  const watched = new OverlapWatch()
  const [eu, us] = [regionName('eu'), regionName('us')]
  watched.note({ region: eu, partition: 0, isOpen: true, sentMs: 0, answeredMs: 5 })
  watched.note({ region: eu, partition: 0, isOpen: true, sentMs: 20, answeredMs: 25 })
  // Sent before the other one was seen open for the last time, and answered behind it: who came first is not known.
  watched.note({ region: us, partition: 0, isOpen: true, sentMs: 4, answeredMs: 30 })
  watched.note({ region: us, partition: 0, isOpen: true, sentMs: 29, answeredMs: 35 })
  expect(watched.overlaps).toBe(0)
})
