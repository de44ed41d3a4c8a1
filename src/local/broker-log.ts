import { open, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { type Clock, sleep } from '../core/index.ts'

/** Printed once the broker has been unfenced by the controller, that is, when clients can use it. */
const STARTED_LINE = 'Kafka Server started'
const POLL_MS = 50
const TAIL_BYTES = 8_192
const TAIL_LINES = 25

export interface ReadinessOptions {
  readonly logFile: string
  /** What was logged before this byte belongs to an earlier start. */
  readonly fromByte: number
  readonly host: string
  readonly port: number
  readonly deadlineMs: number
  /** Says why the broker will never be ready, such as its exit code; undefined while it runs. */
  readonly ended: () => string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Waits until the broker says so and takes a connection. Answers undefined then, else why it will not. */
export async function waitUntilReady(options: ReadinessOptions): Promise<string | undefined> {
  const { clock, signal } = options
  const startedMs = clock.monotonicMs()
  let isStarted = false
  for (;;) {
    const ended = options.ended()
    if (ended !== undefined) return ended
    isStarted ||= (await readFrom(options.logFile, options.fromByte)).includes(STARTED_LINE)
    if (isStarted && (await takesConnection(options.host, options.port))) return undefined
    if (clock.monotonicMs() - startedMs > options.deadlineMs) return `was not ready within ${options.deadlineMs} ms`
    await sleep(clock, POLL_MS, signal)
  }
}

export async function fileSize(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  )
}

/** The last lines of a log, for error messages. */
export async function readTail(file: string): Promise<string> {
  const text = await readFrom(file, Math.max(0, (await fileSize(file)) - TAIL_BYTES))
  const lines = text.trimEnd().split('\n')
  return lines.slice(-TAIL_LINES).join('\n') || '(nothing was logged)'
}

async function readFrom(file: string, fromByte: number): Promise<string> {
  const length = (await fileSize(file)) - fromByte
  if (length <= 0) return ''
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, fromByte)
  return buffer.toString('utf8', 0, bytesRead)
}

function takesConnection(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
