import { runRestore } from '../../../src/controller/index.ts'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  type Block,
  type BlockRecord,
  chooseBlocks,
  readShelf,
  runBlocks,
  settleParams,
} from '../../../src/runbooks/index.ts'
import { cli } from '../run-cli.ts'
import type { TrialContext } from '../trial.ts'

export type Role = 'viewer' | 'admin'
export type Params = Readonly<Record<string, string>>

/** Runs blocks as `isthmus runbook` does, those that only look with a viewer's token, and keeps what came of them. */
export class Walker {
  readonly shelf = readShelf()
  /** `RUNBOOK BLOCK`, of those that were green where they had to be. */
  readonly walked = new Set<string>()
  /** The same, of those that were red where they had to be. */
  readonly red = new Set<string>()
  readonly wrong: string[] = []
  apiUrl = ''
  readonly #tokens: Readonly<Record<Role, string>>
  readonly #context: TrialContext

  constructor(tokens: Readonly<Record<Role, string>>, context: TrialContext) {
    this.#tokens = tokens
    this.#context = context
  }

  command(args: readonly string[], role: Role) {
    return cli(['--api', this.apiUrl, ...args], {
      io: { env: { ISTHMUS_TOKEN: this.#tokens[role], USER: 'trial' }, signal: this.#context.signal },
      verbs: {
        restore: (options, signal) => runRestore(options, { clock: systemClock, random: systemRandom }, signal),
      },
    })
  }

  /** Every block has to be green. What a block asks a person for is done where `asked` says so, and then it is true. */
  async walk(
    id: string,
    blocks: readonly string[],
    params: Params,
    asked: () => Promise<void> = nothing,
  ): Promise<void> {
    for (const record of await this.#run(id, { blocks, params, isPatient: true, asked })) {
      const { block, state, reason, commands } = record
      this.#context.log(`${id} ${block}: ${state}${state === 'green' ? '' : `, ${reason}`}`)
      if (state === 'green') this.walked.add(`${id} ${block}`)
      else this.wrong.push(`${id} ${block} is ${state}: ${reason}; ${commands.at(-1)?.stderr.slice(0, 300) ?? ''}`)
      if (state === 'red') this.#context.log(commands.at(-1)?.stdout ?? '')
    }
  }

  /** Each of these blocks has to be red now; what they need is saved by those before, which are green. */
  async expectRed(
    id: string,
    blocks: readonly string[],
    params: Params,
    before: readonly string[] = [],
  ): Promise<void> {
    const records = await this.#run(id, { blocks: [...before, ...blocks], params, isPatient: false, asked: nothing })
    for (const { block, state, reason } of records) {
      const wanted = blocks.includes(block) ? 'red' : 'green'
      this.#context.log(`${id} ${block}, broken: ${state}, ${reason}`)
      if (state !== wanted) this.wrong.push(`${id} ${block} is ${state} where something is broken: ${reason}`)
      else if (wanted === 'red') this.red.add(`${id} ${block}`)
    }
  }

  async #run(
    id: string,
    given: { blocks: readonly string[]; params: Params; isPatient: boolean; asked: () => Promise<void> },
  ): Promise<readonly BlockRecord[]> {
    const { blocks, params, isPatient, asked } = given
    const runbook = this.shelf.get(id)
    if (runbook === undefined) throw new Error(`no runbook ${id}`)
    let values = settleParams(runbook, params)
    const records: BlockRecord[] = []
    for (const block of chooseBlocks(runbook, blocks)) {
      const context = { runner: this.#runner(block, asked), clock: systemClock, signal: this.#context.signal, values }
      const patient = isPatient ? block : { ...block, withinMs: 0 }
      records.push(...(await runBlocks(runbook, [patient], context, { isThorough: true })))
      values = context.values
    }
    return records
  }

  #runner(block: Block, asked: () => Promise<void>) {
    return {
      isthmus: async (args: readonly string[]) => {
        const { code, out, err } = await this.command(args, block.kind === 'act' ? 'admin' : 'viewer')
        return { exitCode: code, stdout: out, stderr: err }
      },
      shell: undefined,
      ask: async () => {
        await asked()
        return true
      },
    }
  }
}

const nothing = () => Promise.resolve()
