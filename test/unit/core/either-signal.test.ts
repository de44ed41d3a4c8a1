import { expect, it } from 'vitest'
import { eitherSignal } from '../../../src/core/index.ts'

it.each([0, 1])('aborts with the reason of signal %i', (index) => {
  const sources = [new AbortController(), new AbortController()] as const
  const { signal } = eitherSignal(sources[0].signal, sources[1].signal)
  expect(signal.aborted).toBe(false)
  sources[index]!.abort(new Error('first'))
  sources[1 - index]!.abort(new Error('second'))
  expect(signal.reason).toEqual(new Error('first'))
})

it('is aborted from the start where one of them is', () => {
  const { signal } = eitherSignal(new AbortController().signal, AbortSignal.abort(new Error('before')))
  expect(signal.reason).toEqual(new Error('before'))
})

it('hears nothing any more once it is let go of', () => {
  const source = new AbortController()
  const { signal, release } = eitherSignal(source.signal, new AbortController().signal)
  release()
  source.abort()
  expect(signal.aborted).toBe(false)
})
