import type { Clock, RegionName } from '../../core/index.ts'
import { securityFaults } from '../faults.ts'
import { CommandRuns, type Joined } from '../fences/command-runs.ts'
import type { GateCommand } from '../options.ts'
import type { DoorAction, DoorStep, GateDoor } from './gate-door.ts'

export interface CommandDoorOptions {
  readonly region: RegionName
  readonly command: GateCommand
  /** Of the process, for the programs. */
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
}

/** Programs of the operator. */
export class CommandDoor implements GateDoor {
  readonly hasCheck: boolean
  readonly #options: CommandDoorOptions
  readonly #runs = new CommandRuns()

  constructor(options: CommandDoorOptions) {
    this.#options = options
    this.hasCheck = options.command.check !== undefined
  }

  async run(action: DoorAction, waitMs: number, signal: AbortSignal): Promise<DoorStep> {
    const { region, command, clock, env } = this.#options
    const program = {
      argv: command[action] ?? [],
      env: { ...env, ISTHMUS_REGION: region, ISTHMUS_ACTION: action },
      timeoutMs: command.timeoutMs,
      clock,
    }
    const end = await this.#runs.join({ group: region, purpose: action, program, permit: undefined }, waitMs, signal)
    if (end.kind === 'running') return { kind: 'running' }
    // Whoever checks says by the exit code what there is; any of them is an answer.
    if (end.kind === 'ran' && action === 'check') return { kind: 'done', position: end.code === 0 ? 'closed' : 'open' }
    if (end.kind === 'ran' && end.code === 0) return { kind: 'done', position: action === 'open' ? 'open' : 'closed' }
    return { kind: 'failed', fault: this.#faultOf(action, end) }
  }

  async stop(reason: string): Promise<void> {
    await this.#runs.stop(reason)
  }

  #faultOf(action: DoorAction, end: Exclude<Joined, { kind: 'running' }>) {
    const { region, command } = this.#options
    const endings = { 'not-started': 'it was not started', late: `no end within ${command.timeoutMs} ms`, stopped: '' }
    const ending = end.kind === 'ran' ? `exit code ${end.code}` : endings[end.kind]
    const output =
      end.kind === 'ran' ? end.output.trim() || 'no output' : 'reason' in end ? end.reason : 'it was stopped'
    const argv = command[action]?.join(' ') ?? ''
    return securityFaults.fault('GATE_COMMAND_FAILED', { region, command: argv, ending, output })
  }
}
