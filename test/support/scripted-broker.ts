import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { readGoldens } from './golden.ts'

/**
 * A TCP server that answers what a script says, for what real brokers rarely do: silence, hanging up, nonsense.
 * The script gets API key and version and gives the body of the answer, raw bytes to send before hanging
 * up, `'silence'` or `'hang up'`.
 */
export type Answer = Buffer | { readonly raw: Buffer } | 'silence' | 'hang up'

export interface ScriptedBroker extends AsyncDisposable {
  readonly port: number
  readonly address: string
  /** API keys in the order of their arrival. */
  readonly requests: number[]
  readonly connectionCount: () => number
}

export const API_VERSIONS_KEY = 18
export const SASL_HANDSHAKE_KEY = 17
export const SASL_AUTHENTICATE_KEY = 36
/** From which version on their answers have a header with tags; those of all others have one. */
const TAGGED_FROM: ReadonlyMap<number, number> = new Map([
  [API_VERSIONS_KEY, Infinity],
  [SASL_HANDSHAKE_KEY, Infinity],
  [SASL_AUTHENTICATE_KEY, 2],
])

export async function startScriptedBroker(
  answer: (key: number, version: number) => Answer,
  tls?: TlsOptions,
): Promise<ScriptedBroker> {
  const requests: number[] = []
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => sockets.delete(socket))
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const request = received.subarray(4, 4 + received.readInt32BE(0))
        received = received.subarray(4 + request.length)
        const key = request.readInt16BE(0)
        requests.push(key)
        const version = request.readInt16BE(2)
        const isTagged = version >= (TAGGED_FROM.get(key) ?? 0)
        reply(socket, { correlationId: request.readInt32BE(4), isTagged }, answer(key, version))
      }
    })
  }
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve)
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    address: `127.0.0.1:${port}`,
    requests,
    connectionCount: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a real 4.3.1 broker answers to ApiVersions. */
export function goldenApiVersions(): Buffer {
  const golden = readGoldens().find(({ api }) => api === 'ApiVersions')
  return Buffer.from(golden?.response ?? '', 'hex')
}

interface AnswerHeader {
  readonly correlationId: number
  readonly isTagged: boolean
}

function reply(socket: Socket, { correlationId, isTagged }: AnswerHeader, answer: Answer): void {
  if (answer === 'silence') return
  if (answer === 'hang up') {
    socket.destroy()
    return
  }
  if ('raw' in answer) {
    socket.end(answer.raw)
    return
  }
  const tags = Buffer.alloc(isTagged ? 1 : 0)
  const header = Buffer.alloc(8)
  header.writeInt32BE(4 + tags.length + answer.length, 0)
  header.writeInt32BE(correlationId, 4)
  socket.write(Buffer.concat([header, tags, answer]))
}
