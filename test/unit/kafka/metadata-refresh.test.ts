import { expect, test } from 'vitest'
import type { Clock } from '../../../src/core/index.ts'
import { MetadataRefresh } from '../../../src/kafka/metadata-refresh.ts'

/** A clock whose timers fire at once and move it. */
function jumpingClock(): Clock & { waitedMs: number[] } {
  let nowMs = 1_000
  const waitedMs: number[] = []
  return {
    waitedMs,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, action) {
      waitedMs.push(delayMs)
      nowMs += delayMs
      queueMicrotask(action)
      return { cancel: () => undefined }
    },
  }
}

function setUp(read: (topics: readonly string[]) => Promise<unknown>) {
  const clock = jumpingClock()
  const lifetime = new AbortController()
  const asked: string[][] = []
  const refresh = new MetadataRefresh({
    clock,
    lifetime: lifetime.signal,
    read(topics) {
      asked.push([...topics])
      return read(topics)
    },
  })
  return { clock, asked, refresh, signal: lifetime.signal }
}

test('wishes made together are one refresh, those made during it are the next, 100 ms later', async () => {
  const gate = Promise.withResolvers<void>()
  const { clock, asked, refresh, signal } = setUp(() => gate.promise)
  const first = [refresh.refresh(['a'], signal), refresh.refresh(['b', 'a'], signal)]
  await expect.poll(() => asked).toEqual([['a', 'b']])
  const second = [refresh.refresh(['c'], signal), refresh.refresh(['a'], signal)]
  gate.resolve()
  await Promise.all([...first, ...second])
  expect(asked).toEqual([
    ['a', 'b'],
    ['c', 'a'],
  ])
  expect(clock.waitedMs).toEqual([100])
})

test('a failed refresh fails those who waited for it, not the next', async () => {
  let isUp = false
  const { refresh, signal } = setUp(async () => {
    if (!isUp) throw new Error('down')
  })
  await expect(refresh.refresh(['a'], signal)).rejects.toThrow('down')
  isUp = true
  await expect(refresh.refresh(['a'], signal)).resolves.toBeUndefined()
})

test('who gives up waiting does not stop the refresh for others', async () => {
  const gate = Promise.withResolvers<void>()
  const { refresh, signal } = setUp(() => gate.promise)
  const impatient = new AbortController()
  const waiting = [refresh.refresh(['a'], impatient.signal), refresh.refresh(['a'], signal)] as const
  impatient.abort(new Error('enough'))
  await expect(waiting[0]).rejects.toThrow('enough')
  gate.resolve()
  await expect(waiting[1]).resolves.toBeUndefined()
})
