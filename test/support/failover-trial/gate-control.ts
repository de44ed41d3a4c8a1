import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AppGate, Closer } from './app-gate.ts'

/** Asks the control to do what Isthmus wants; its exit code is the answer. A program as short as an operator's would be. */
const PROGRAM = `fetch(process.argv[1] + '/' + process.env.ISTHMUS_REGION + '/' + process.env.ISTHMUS_ACTION, { method: 'POST' })
  .then(({ ok }) => { process.exitCode = ok ? 0 : 1 })`

export interface GateCall {
  readonly region: string
  readonly action: string
  readonly atMs: number
}

/** What the fence commands of plain regions, and the gates of their agents, talk to. */
export class GateControl implements AsyncDisposable {
  readonly calls: GateCall[] = []
  /** Regions whose programs fail to close anything. */
  readonly failing = new Set<string>()
  readonly #server: Server
  readonly #gates: ReadonlyMap<string, AppGate>

  private constructor(gates: ReadonlyMap<string, AppGate>) {
    this.#gates = gates
    this.#server = createServer((request, response) => {
      const [, closer = '', region = '', action = ''] = (request.url ?? '').split('/')
      response.statusCode = this.#obey(closer as Closer, region, action) ? 204 : 409
      response.end()
    })
  }

  static async start(gates: ReadonlyMap<string, AppGate>): Promise<GateControl> {
    const control = new GateControl(gates)
    await new Promise<void>((resolve) => control.#server.listen(0, '127.0.0.1', resolve))
    return control
  }

  /** The `fence` key of a region, in YAML's flow style. */
  get fence(): string {
    return this.fenceBy('controller')
  }

  /** The same, run by whom. */
  fenceBy(runs: 'controller' | 'agent'): string {
    const program = this.#program('fence')
    return `fence: { command: { fence: ${program}, unfence: ${program}, check: ${program}, runs: ${runs} } }`
  }

  /** The `gate` key of a region. */
  get gate(): string {
    const program = this.#program('gate')
    return `gate: { open: ${program}, close: ${program}, check: ${program} }`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #program(closer: Closer): string {
    const { port } = this.#server.address() as AddressInfo
    return JSON.stringify([process.execPath, '-e', PROGRAM, `http://127.0.0.1:${port}/${closer}`])
  }

  #obey(closer: Closer, region: string, action: string): boolean {
    const gate = this.#gates.get(region)
    if (gate === undefined) return false
    this.calls.push({ region, action, atMs: performance.now() })
    if (action === 'fence' && this.failing.has(region)) return false
    if (action === 'fence' || action === 'close') gate.close(closer)
    else if (action === 'unfence' || action === 'open') gate.open(closer)
    return action !== 'check' || gate.isClosedBy(closer)
  }
}
