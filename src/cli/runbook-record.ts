import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockRecord, Values } from '../runbooks/index.ts'
import { cliFaults } from './faults.ts'
import type { CliIo } from './io.ts'

/** What was done, as JSON lines: the beginning, each block with its commands and what they said, the end. */
export interface RunFile {
  readonly path: string
  add(record: BlockRecord): void
  end(state: 'done' | 'stopped'): void
}

const KEPT = 200

interface RunFacts {
  readonly runbook: string
  readonly values: Values
  /** @defaultValue one of its own, in the folder for states of the person */
  readonly file: string | undefined
}

/** Undefined where there is no place for it. @throws `CLI_FILE_UNWRITABLE` */
export function keepRun({ env, clock }: CliIo, { runbook, values, file }: RunFacts): RunFile | undefined {
  const at = new Date(clock.nowMs()).toISOString()
  const path = file ?? placeOf(env, `${runbook}-${at.replaceAll(':', '')}.jsonl`)
  if (path === undefined) return undefined
  const write = (line: object) => {
    try {
      appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600 })
    } catch (error) {
      throw cliFaults.fault('CLI_FILE_UNWRITABLE', { file: path, reason: (error as Error).message }, error)
    }
  }
  write({ runbook, at, by: env.USER ?? null, values })
  return {
    path,
    add: write,
    end: (state) => write({ ended: state, at: new Date(clock.nowMs()).toISOString() }),
  }
}

/** In a folder in which only the newest stay; undefined where nobody has a home. */
function placeOf({ XDG_STATE_HOME, HOME }: CliIo['env'], name: string): string | undefined {
  const home = XDG_STATE_HOME ?? (HOME === undefined ? undefined : join(HOME, '.local', 'state'))
  if (home === undefined) return undefined
  const folder = join(home, 'isthmus', 'runs')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const kept = readdirSync(folder).filter((file) => file.endsWith('.jsonl'))
    const byAge = kept.toSorted((left, right) => (timeOf(left) < timeOf(right) ? -1 : 1))
    for (const old of byAge.slice(0, Math.max(0, kept.length - KEPT + 1))) rmSync(join(folder, old))
  } catch (error) {
    throw cliFaults.fault('CLI_FILE_UNWRITABLE', { file: folder, reason: (error as Error).message }, error)
  }
  return join(folder, name)
}

function timeOf(file: string): string {
  return /\d{4}-\d\d-\d\dT.*$/.exec(file)?.[0] ?? ''
}
