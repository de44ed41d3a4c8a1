import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { localPorts } from '../../../src/local/index.ts'
import { Door } from '../../support/clients-trial/door.ts'

/** A server that answers each chunk with its name and the chunk, behind a door. */
async function stage() {
  const stack = new AsyncDisposableStack()
  const [port = 0] = await localPorts.take(1)
  const targetPort = await startNamed('first', stack)
  const door = stack.use(await Door.start({ port, targetPort }))
  const begin = (): Socket => {
    const socket = createConnection({ port, host: '127.0.0.1' }).on('error', () => undefined)
    stack.defer(() => void socket.destroy())
    return socket
  }
  const connect = async (): Promise<Socket> => {
    const socket = begin()
    await once(socket, 'connect')
    return socket
  }
  return { door, begin, connect, stack, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function startNamed(name: string, stack: AsyncDisposableStack): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('data', (chunk) => socket.write(`${name} ${chunk.toString()}`))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((closed) => server.close(closed))
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

/** The code of the error with which a new or present connection ends; `closed` where there is none. */
async function endOf(socket: Socket): Promise<string> {
  let code = 'closed'
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''))
  if (!socket.closed) await new Promise((closed) => socket.once('close', closed))
  return code
}

test('an open door lets everything through, and leads only new connections elsewhere', async () => {
  await using it = await stage()
  const old = await it.connect()
  expect(await ask(old, 'a')).toBe('first a')
  it.door.lead(await startNamed('second', it.stack))
  expect(await ask(old, 'b')).toBe('first b')
  expect(await ask(await it.connect(), 'c')).toBe('second c')
})

test('a door that refuses ends connections and listens no more, until it opens again', async () => {
  await using it = await stage()
  const socket = await it.connect()
  await ask(socket, 'a')
  const ended = endOf(socket)
  await it.door.set('refused')
  expect(await ended).toBe('closed')
  await expect(it.connect()).rejects.toThrow('ECONNREFUSED')
  await it.door.set('open')
  expect(await ask(await it.connect(), 'b')).toBe('first b')
})

test('a door that resets does so to what is there and to what comes', async () => {
  await using it = await stage()
  const socket = await it.connect()
  await ask(socket, 'a')
  const ended = endOf(socket)
  await it.door.set('reset')
  expect(await ended).toBe('ECONNRESET')
  expect(await endOf(it.begin())).toBe('ECONNRESET')
})

test('a door that swallows keeps connections and answers nothing, and forgets them when it opens', async () => {
  await using it = await stage()
  const socket = await it.connect()
  await ask(socket, 'a')
  await it.door.set('swallowed')
  const late = await it.connect()
  let heard = 0
  for (const one of [socket, late]) one.on('data', () => heard++).write('b')
  await new Promise((passed) => setTimeout(passed, 100))
  expect([heard, socket.closed, late.closed]).toEqual([0, false, false])
  const ended = [endOf(socket), endOf(late)]
  await it.door.set('open')
  expect(await Promise.all(ended)).toEqual(['closed', 'closed'])
  expect(await ask(await it.connect(), 'c')).toBe('first c')
})
