import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AppGate } from './app-gate.ts'

/** Asks the control to do what Isthmus wants; its exit code is the answer. A program as short as an operator's would be. */
const PROGRAM = `fetch(process.argv[1] + '/' + process.env.ISTHMUS_REGION + '/' + process.env.ISTHMUS_ACTION, { method: 'POST' })
  .then(({ ok }) => { process.exitCode = ok ? 0 : 1 })`

export interface GateCall {
  readonly region: string
  readonly action: string
  readonly atMs: number
}

/** What the fence commands of plain regions talk to. */
export class GateControl implements AsyncDisposable {
  readonly calls: GateCall[] = []
  readonly #server: Server
  readonly #gates: ReadonlyMap<string, AppGate>

  private constructor(gates: ReadonlyMap<string, AppGate>) {
    this.#gates = gates
    this.#server = createServer((request, response) => {
      const [, region = '', action = ''] = (request.url ?? '').split('/')
      response.statusCode = this.#obey(region, action) ? 204 : 409
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
    const { port } = this.#server.address() as AddressInfo
    const program = JSON.stringify([process.execPath, '-e', PROGRAM, `http://127.0.0.1:${port}`])
    return `fence: { command: { fence: ${program}, unfence: ${program}, check: ${program} } }`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #obey(region: string, action: string): boolean {
    const gate = this.#gates.get(region)
    if (gate === undefined) return false
    this.calls.push({ region, action, atMs: performance.now() })
    if (action === 'fence') gate.close()
    else if (action === 'unfence') gate.open()
    return action !== 'check' || !gate.isOpen
  }
}
