/**
 * A Kafka broker in this process, for tests of what a real one would take seconds to start and would rarely do. Only
 * what the tests use, one file an API with its behaviours in the header. It is trusted as far as the scripts of
 * `scripts.ts` go: they run against it and against a real broker, and have to see the same.
 */
import { createServer, type Socket } from 'node:net'
import { Reader, Writer } from '@platformatic/kafka'
import { apiNameOf, bodyOf, FrameCutter, layAnswer, readRequestHead } from '../faults/request-frame.ts'
import { addPartitionsToTxn } from './add-partitions-to-txn.ts'
import type { FakeApi } from './api.ts'
import { apiVersions } from './api-versions.ts'
import { createTopics } from './create-topics.ts'
import { deleteGroups } from './delete-groups.ts'
import { describeConfigs } from './describe-configs.ts'
import { describeTransactions } from './describe-transactions.ts'
import { endTxn } from './end-txn.ts'
import { fetch } from './fetch.ts'
import { findCoordinator } from './find-coordinator.ts'
import { initProducerId } from './init-producer-id.ts'
import { listGroups } from './list-groups.ts'
import { listOffsets } from './list-offsets.ts'
import { metadata } from './metadata.ts'
import { offsetCommit } from './offset-commit.ts'
import { offsetFetch } from './offset-fetch.ts'
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { produce } from './produce.ts'
import { FakeState } from './state.ts'

const SPOKEN: readonly FakeApi[] = [
  addPartitionsToTxn,
  createTopics,
  deleteGroups,
  describeConfigs,
  describeTransactions,
  endTxn,
  fetch,
  findCoordinator,
  initProducerId,
  listGroups,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  offsetForLeaderEpoch,
  produce,
]
const APIS = new Map([apiVersions(SPOKEN), ...SPOKEN].map((api) => [api.name, api] as const))

export interface FakeBroker extends AsyncDisposable {
  readonly state: FakeState
  readonly bootstrap: readonly string[]
  readonly port: number
  /** Has clients come to this port from now on: a proxy's. */
  advertise(port: number): void
}

export async function startFakeBroker(): Promise<FakeBroker> {
  const state = new FakeState()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    void serve(state, socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  state.port = port
  return {
    state,
    port,
    bootstrap: [`127.0.0.1:${port}`],
    advertise: (advertised) => {
      state.port = advertised
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Requests of one connection are answered in their order, as a broker does. */
async function serve(state: FakeState, socket: Socket): Promise<void> {
  const cutter = new FrameCutter()
  let before = Promise.resolve()
  for await (const chunk of stream(socket)) {
    for (const frame of cutter.take(chunk)) {
      before = before.then(() => answer(state, socket, frame))
      await before
    }
  }
}

async function* stream(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk as Buffer
  } catch (error) {
    // A client that hangs up is none of the broker's faults.
    if (!socket.destroyed) throw error
  }
}

async function answer(state: FakeState, socket: Socket, frame: Buffer): Promise<void> {
  const head = readRequestHead(frame)
  const api = APIS.get(apiNameOf(head) ?? 'ApiVersions')
  if (api === undefined || api.version !== head.version) {
    throw new Error(`the fake broker does not speak API ${head.apiKey} version ${head.version}`)
  }
  const writer = Writer.create()
  await api.handle(state, Reader.from(bodyOf(frame)), writer)
  if (!socket.destroyed) socket.write(layAnswer(head.correlationId, api.name, writer.buffer))
}
