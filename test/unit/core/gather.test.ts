import { expect, it } from 'vitest'
import { Gather } from '../../../src/core/index.ts'

/** Calls wait until they are answered by hand. */
function handAnswered(itemsMax = 100) {
  const calls: { readonly items: readonly string[]; readonly answer: PromiseWithResolvers<readonly string[]> }[] = []
  const gather = new Gather<string, string>({
    itemsMax,
    keyOf: (item) => item.slice(0, 1),
    send(items) {
      const answer = Promise.withResolvers<readonly string[]>()
      calls.push({ items, answer })
      return answer.promise
    },
  })
  const answer = async (index: number) => {
    calls[index]?.answer.resolve(calls[index].items.map((item) => `answer to ${item}`))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { calls, gather, answer }
}

it('sends the first at once and what comes meanwhile together', async () => {
  const { calls, gather, answer } = handAnswered()
  const asked = ['a', 'b', 'c'].map((item) => gather.ask(item))
  expect(calls.map(({ items }) => items)).toEqual([['a']])
  await answer(0)
  expect(calls.map(({ items }) => items)).toEqual([['a'], ['b', 'c']])
  await answer(1)
  expect(await Promise.all(asked)).toEqual(['answer to a', 'answer to b', 'answer to c'])
})

it('never sends two items of one key together, nor more than it may, and keeps their order', async () => {
  const { calls, gather, answer } = handAnswered(2)
  const asked = ['a1', 'b1', 'b2', 'c1', 'd1'].map((item) => gather.ask(item))
  for (let index = 0; index < 4; index++) await answer(index)
  expect(calls.map(({ items }) => items)).toEqual([['a1'], ['b1', 'c1'], ['b2', 'd1']])
  expect(await Promise.all(asked)).toHaveLength(5)
})

it('a call that fails, fails for its items only', async () => {
  const { calls, gather, answer } = handAnswered()
  const first = gather.ask('a')
  const second = gather.ask('b')
  calls[0]?.answer.reject(new Error('lost'))
  await expect(first).rejects.toThrow('lost')
  await answer(1)
  expect(await second).toBe('answer to b')
})
