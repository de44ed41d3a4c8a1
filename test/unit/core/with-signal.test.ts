import { describe, expect, it } from 'vitest'
import { untilAborted, withSignal } from '../../../src/core/index.ts'

const never = new Promise<never>(() => undefined)
const failure = Promise.reject(new Error('it failed'))
failure.catch(() => undefined)

describe('withSignal', () => {
  it('settles as the promise does', async () => {
    const { signal } = new AbortController()
    expect(await withSignal(Promise.resolve(1), signal)).toBe(1)
    await expect(withSignal(failure, signal)).rejects.toThrow('it failed')
  })

  it('rejects with the reason of the signal, before or meanwhile', async () => {
    await expect(withSignal(never, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    const source = new AbortController()
    const waiting = withSignal(never, source.signal)
    source.abort(new Error('meanwhile'))
    await expect(waiting).rejects.toThrow('meanwhile')
  })
})

describe('untilAborted', () => {
  it('resolves with the promise, and fails with it', async () => {
    const { signal } = new AbortController()
    await untilAborted(Promise.resolve(), signal)
    await expect(untilAborted(failure, signal)).rejects.toThrow('it failed')
  })

  it('resolves when the signal aborts, however the promise goes on', async () => {
    const source = new AbortController()
    const waiting = untilAborted(never, source.signal)
    source.abort(new Error('enough'))
    await waiting
    await untilAborted(never, source.signal)
  })
})
