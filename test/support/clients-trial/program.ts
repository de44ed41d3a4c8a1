/**
 * Applications of one client library, as a process of their own; each language has a program that does the same.
 *
 *   plan     `client NAME producer TOPIC PARTITIONS EVERY_MS`, `client NAME consumer GROUP TOPIC,TOPIC`,
 *            `set NAME KEY VALUE`: properties of the client. `app.alone` leaves one alone that has died
 *   orders   `stop NAME`, `start NAME`, `end`, on its standard input
 *   lines    `ready`, `stopped NAME`, `died NAME`, `trouble NAME TEXT` (each kind once), and with
 *            `NAME TOPIC PARTITION OFFSET ID MS` behind it: `acked` of a record that the broker has acknowledged, `read`
 *            of one behind which the position was committed, `unclear` where the commit was not answered
 *
 * A producer sends the same record until it is acknowledged, also after it was started again, as one with an outbox does.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface AppSpec {
  readonly name: string
  /** Behind the name in the plan. */
  readonly work: string
  readonly properties: Readonly<Record<string, string>>
}

export interface Note {
  readonly verdict: 'acked' | 'read' | 'unclear'
  readonly app: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly id: string
  /** Wall clock. */
  readonly atMs: number
}

export function renderPlan(apps: readonly AppSpec[]): string {
  const lines = apps.flatMap(({ name, work, properties }) => [
    `client ${name} ${work}`,
    ...Object.entries(properties).map(([key, value]) => `set ${name} ${key} ${value}`),
  ])
  return `${lines.join('\n')}\n`
}

/** Undefined for any other line. */
export function parseNote(line: string): Note | undefined {
  const [verdict, app = '', topic = '', partition, offset, id = '', atMs] = line.split(' ')
  if (verdict !== 'acked' && verdict !== 'read' && verdict !== 'unclear') return undefined
  return { verdict, app, topic, partition: Number(partition), offset: Number(offset), id, atMs: Number(atMs) }
}

const STOP_LIMIT_MS = 15_000
const ERROR_LINES = 12

export class AppProgram implements AsyncDisposable {
  readonly apps: readonly string[]
  readonly #child: ChildProcess
  readonly #onNote: (note: Note) => void
  readonly #onTrouble: (text: string) => void
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()
  readonly #errors: string[] = []
  readonly #ended: Promise<void>

  constructor(options: {
    readonly command: readonly string[]
    readonly apps: readonly string[]
    readonly onNote: (note: Note) => void
    readonly onTrouble: (text: string) => void
  }) {
    const [program = '', ...args] = options.command
    this.apps = options.apps
    this.#onNote = options.onNote
    this.#onTrouble = options.onTrouble
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin?.on('error', () => undefined)
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (line) => this.#hear(line))
    if (this.#child.stderr !== null) {
      createInterface(this.#child.stderr).on('line', (line) => {
        this.#errors.push(line)
        if (this.#errors.length > ERROR_LINES) this.#errors.shift()
      })
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#fail(error.message, resolve))
      this.#child.once('close', (code) => this.#fail(`it ended with ${code}`, resolve))
    })
  }

  ready(): Promise<void> {
    return this.#once('ready')
  }

  start(app: string): void {
    this.#child.stdin?.write(`start ${app}\n`)
  }

  /** Resolves once it is down; a client that hangs is given some seconds. */
  async stop(app: string): Promise<void> {
    const stopped = this.#once(`stopped ${app}`)
    this.#child.stdin?.write(`stop ${app}\n`)
    const late = setTimeout(
      () => this.#waiting.get(`stopped ${app}`)?.reject(new Error(`${app} does not stop`)),
      STOP_LIMIT_MS,
    )
    await stopped.finally(() => clearTimeout(late))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.write('end\n')
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS)
    await this.#ended
    clearTimeout(kill)
  }

  #once(line: string): Promise<void> {
    const waiting = this.#waiting.get(line) ?? Promise.withResolvers<void>()
    this.#waiting.set(line, waiting)
    return waiting.promise
  }

  #hear(line: string): void {
    const note = parseNote(line)
    if (note !== undefined) return this.#onNote(note)
    this.#waiting.get(line)?.resolve()
    this.#waiting.delete(line)
    if (line.startsWith('trouble ') || line.startsWith('died ')) this.#onTrouble(line)
  }

  #fail(reason: string, ended: () => void): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`${reason}\n${this.#errors.join('\n')}`))
    ended()
  }
}
