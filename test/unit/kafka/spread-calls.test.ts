import { expect, test } from 'vitest'
import { type Clock, seededRandom } from '../../../src/core/index.ts'
import { kafkaFaults } from '../../../src/kafka/faults.ts'
import { type SpreadCall, spreadCall } from '../../../src/kafka/spread-calls.ts'

interface Outcome {
  readonly item: string
  readonly code: number
}

/** Items are `node:name`; `answer` gives the code of an item by try, or throws for the whole node. */
function run(items: string[], answer: (item: string, attempt: number) => number, deadlineMs = 10_000) {
  let nowMs = 0
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, action) {
      nowMs += delayMs
      queueMicrotask(action)
      return { cancel: () => undefined }
    },
  }
  const tries = new Map<string, number>()
  const requests: string[][] = []
  const renewed: string[][] = []
  const call: SpreadCall<string, Outcome> = {
    items,
    deadlineMs,
    keyOf: (item) => item,
    keyOfOutcome: ({ item }) => item,
    codeOf: ({ code }) => code,
    locate: async (some) =>
      some.map((item) => {
        const nodeId = Number(item.split(':')[0])
        return nodeId < 0 ? { item, errorCode: 3 } : { item, nodeId }
      }),
    async call(_nodeId, some) {
      requests.push([...some])
      return some.map((item) => {
        const attempt = (tries.get(item) ?? 0) + 1
        tries.set(item, attempt)
        return { item, code: answer(item, attempt) }
      })
    },
    fail: (item, code) => ({ item, code }),
    renew: async (some) => void renewed.push([...some]),
  }
  const context = { clock, random: seededRandom(1), signal: new AbortController().signal }
  return { outcomes: spreadCall(call, context), requests, renewed, elapsedMs: () => nowMs }
}

test('each broker is asked once for its own items, and answers come in the order of the question', async () => {
  const { outcomes, requests } = run(['1:a', '2:b', '1:c'], () => 0)
  expect((await outcomes).map(({ item }) => item)).toEqual(['1:a', '2:b', '1:c'])
  expect(requests).toEqual([['1:a', '1:c'], ['2:b']])
})

test('only what is retriable is located and asked again', async () => {
  const { outcomes, requests, renewed } = run(['1:a', '1:b', '1:c'], (item, attempt) => {
    if (item === '1:b') return attempt < 3 ? 6 : 0
    return item === '1:c' ? 29 : 0
  })
  expect((await outcomes).map(({ code }) => code)).toEqual([0, 0, 29])
  expect(requests).toEqual([['1:a', '1:b', '1:c'], ['1:b'], ['1:b']])
  expect(renewed).toEqual([['1:b'], ['1:b']])
})

test('what is still refused at the deadline keeps its code', async () => {
  const { outcomes, elapsedMs } = run(['1:a'], () => 6, 5_000)
  expect(await outcomes).toEqual([{ item: '1:a', code: 6 }])
  expect(elapsedMs()).toBeLessThanOrEqual(5_000)
})

test('without a deadline the code is answered at once', async () => {
  const { outcomes, requests } = run(['1:a'], () => 6, 0)
  expect(await outcomes).toEqual([{ item: '1:a', code: 6 }])
  expect(requests).toHaveLength(1)
})

test('a broker that cannot be reached costs only its own items', async () => {
  const { outcomes } = run(['1:a', '2:b'], (item) => {
    if (item === '1:a') throw kafkaFaults.fault('KAFKA_UNREACHABLE')
    return 0
  })
  expect((await outcomes).map(({ code }) => code)).toEqual([13, 0])
})

test('a missing topic is given up long before the deadline', async () => {
  const { outcomes, elapsedMs } = run(['-1:a'], () => 0, 60_000)
  expect(await outcomes).toEqual([{ item: '-1:a', code: 3 }])
  expect(elapsedMs()).toBeLessThan(3_000)
})

test('a fault that is the same everywhere ends the call', async () => {
  const { outcomes } = run(['1:a', '2:b'], () => {
    throw kafkaFaults.fault('KAFKA_AUTHENTICATION_FAILED')
  })
  await expect(outcomes).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' })
})
