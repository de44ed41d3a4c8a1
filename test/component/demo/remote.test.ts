import { expect, test } from 'vitest'
import type { RegionOrder } from '../../../src/demo/options.ts'
import { sendOrder, takeOrders } from '../../../src/demo/remote.ts'
import { localPorts } from '../../../src/local/index.ts'

const ORDER: RegionOrder = { verb: 'kill', region: 'us-east', isHeld: false }
const signal = new AbortController().signal

async function freePort(): Promise<number> {
  const [port = 0] = await localPorts.take(1)
  return port
}

test('an order reaches the demo of that port, and its answer comes back', async () => {
  const port = await freePort()
  const taken: RegionOrder[] = []
  await using _ = await takeOrders(port, async (order) => {
    taken.push(order)
    return { isDone: true, text: 'us-east is dead.' }
  })
  expect(await sendOrder(port, ORDER, signal)).toEqual({ isDone: true, text: 'us-east is dead.' })
  expect(taken).toEqual([ORDER])
})

test('what goes wrong there is the answer', async () => {
  const port = await freePort()
  await using _ = await takeOrders(port, () => Promise.reject(new Error('there is no region us-east')))
  expect(await sendOrder(port, ORDER, signal)).toEqual({ isDone: false, text: 'there is no region us-east' })
})

test('without a demo the answer says how to get one', async () => {
  const port = await freePort()
  const none = `no demo runs here with its API on port ${port}`
  expect((await sendOrder(port, ORDER, signal)).text).toContain(none)
  await (await takeOrders(port, async () => ({ isDone: true, text: '' })))[Symbol.asyncDispose]()
  expect((await sendOrder(port, ORDER, signal)).text).toContain(none)
})

test('what a dead demo has left there is in nobody’s way', async () => {
  const port = await freePort()
  const first = await takeOrders(port, async () => ({ isDone: true, text: 'first' }))
  await using _ = await takeOrders(port, async () => ({ isDone: true, text: 'second' }))
  expect((await sendOrder(port, ORDER, signal)).text).toBe('second')
  await first[Symbol.asyncDispose]()
})
