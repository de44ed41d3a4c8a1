import { connect } from 'node:net'
import type { Clock } from '../../core/index.ts'

/** `host:port`, with an IPv6 address in brackets. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/**
 * Sends one message over TCP, which every name server takes, and gives the answer. Over UDP an update might arrive
 * twice, or a forged answer first. Rejects after `timeoutMs`.
 */
export function exchange(
  { host, port }: ServerAddress,
  message: Buffer,
  { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let received = Buffer.alloc(0)
    const timer = clock.setTimer(timeoutMs, () => end(new Error(`no answer within ${timeoutMs} ms`)))
    const onAbort = () => end(new Error('stopped', { cause: signal.reason }))
    const end = (error: Error) => {
      leave()
      reject(error)
    }
    const leave = () => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', end)
    socket.once('close', () => end(new Error('it closed the connection without an answer')))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      // Its length stands in two bytes before it, which bounds it.
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      leave()
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)))
    })
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    socket.write(Buffer.concat([length, message]))
  })
}

/** Undefined where the text names no port. */
export function parseServer(text: string): ServerAddress | undefined {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:/[\]]+)):([0-9]{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}
