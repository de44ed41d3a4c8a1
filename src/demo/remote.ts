import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describeError } from '../core/index.ts'
import type { RegionOrder } from './options.ts'

/**
 * How `npm run demo -- kill REGION` reaches the demo that runs: over a socket in the temporary folder whose name holds
 * the port of that demo's API. A caller sends an order as JSON and ends; the answer is JSON too.
 */
export interface OrderAnswer {
  readonly isDone: boolean
  /** What was done, or why not. */
  readonly text: string
}

/** Takes orders until it is closed. The port is held by this demo's API, so what a dead demo left there may go. */
export async function takeOrders(
  port: number,
  carryOut: (order: RegionOrder) => Promise<OrderAnswer>,
): Promise<AsyncDisposable> {
  const path = socketPath(port)
  rmSync(path, { force: true })
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    // A caller that has gone needs no answer.
    socket.once('error', () => socket.destroy())
    void answer(socket, carryOut)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** What the demo on that port says. */
export async function sendOrder(port: number, order: RegionOrder, signal: AbortSignal): Promise<OrderAnswer> {
  const socket = connect({ path: socketPath(port) })
  const onAbort = () => socket.destroy(new Error('interrupted'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    socket.end(JSON.stringify(order))
    const answered = await text(socket)
    return JSON.parse(answered) as OrderAnswer
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      const remedy = 'Start one with `npm run demo`, or name the port of the one you mean with --port.'
      return { isDone: false, text: `no demo runs here with its API on port ${port}. ${remedy}` }
    }
    return { isDone: false, text: `the demo on port ${port} gave no answer: ${describeError(error)}` }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function answer(socket: Socket, carryOut: (order: RegionOrder) => Promise<OrderAnswer>): Promise<void> {
  const done = await text(socket)
    .then((order) => carryOut(JSON.parse(order) as RegionOrder))
    .catch((error: unknown): OrderAnswer => ({ isDone: false, text: describeError(error) }))
  if (!socket.destroyed) socket.end(JSON.stringify(done))
}

function socketPath(port: number): string {
  return join(tmpdir(), `isthmus-demo-${port}.sock`)
}
