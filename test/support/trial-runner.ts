import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError } from '../../src/core/index.ts'
import { judgeTrial, renderTable, renderVerdict, type Trial, type TrialArguments, type TrialResult } from './trial.ts'

const LIMIT_MS = 600_000
/** A short form is a minute or two of work on a quiet machine; this is for a busy one. */
const SHORT_LIMIT_MS = 300_000
/** How long a trial may take to stop its brokers after its time is over. */
const STOP_LIMIT_MS = 20_000

export interface RunnerOptions {
  /** Absolute path of the folder that holds the trials. */
  readonly folder: string
  /** What the user typed behind the command. */
  readonly args: readonly string[]
  readonly write?: (text: string) => void
  readonly writeError?: (text: string) => void
}

/** Runs one trial, or lists them. Resolves with the exit code: 0 ok, 1 not ok, 2 usage. */
export async function runTrials(options: RunnerOptions): Promise<number> {
  const { folder, args } = options
  const write = options.write ?? ((text) => process.stdout.write(text))
  const writeError = options.writeError ?? ((text) => process.stderr.write(text))
  const names = listTrials(folder)
  const [name, ...rest] = args
  if (name === '--list') return printList(folder, names, { asJson: rest.includes('--json'), write })
  if (name === undefined || !names.includes(name)) {
    writeError(`${name === undefined ? 'usage: NAME [--short] [--OPTION VALUE …] or --list' : `no trial ${name}`}\n`)
    writeError(`there are: ${names.join(', ') || 'none'}\n`)
    return 2
  }
  const trial = await loadTrial(folder, name)
  const parsed = parseOptions(trial, rest)
  if (typeof parsed === 'string') {
    writeError(`${parsed}\n`)
    return 2
  }
  const { problems, result } = await runOne(trial, parsed, writeError)
  write(renderTable(result.rows))
  for (const problem of problems) writeError(`not ok: ${problem}\n`)
  write(renderVerdict(name, problems, result.summary))
  return problems.length === 0 ? 0 : 1
}

function listTrials(folder: string): string[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  return files.map((file) => file.slice(0, -'.ts'.length)).sort()
}

async function loadTrial(folder: string, name: string): Promise<Trial> {
  const path = join(folder, `${name}.ts`)
  const { trial } = (await import(pathToFileURL(path).href)) as { readonly trial?: Trial }
  if (trial?.name !== name) throw new Error(`${path} must export a trial named ${name}`)
  return trial
}

interface ListOptions {
  readonly asJson: boolean
  readonly write: (text: string) => void
}

async function printList(folder: string, names: readonly string[], { asJson, write }: ListOptions): Promise<number> {
  const trials = await Promise.all(names.map((name) => loadTrial(folder, name)))
  if (asJson)
    write(
      `${JSON.stringify(trials.map(({ name, needs = 'regions', isAlone = false }) => ({ name, needs, isAlone })))}\n`,
    )
  else for (const { name, describe } of trials) write(`${name.padEnd(28)} ${describe}\n`)
  return 0
}

/** The trial's arguments, or a sentence about what is wrong with what was typed. */
function parseOptions(trial: Trial, args: readonly string[]): TrialArguments | string {
  const own = Object.entries(trial.options ?? {})
  const options = Object.fromEntries(own.map(([name, spec]) => [name, { type: 'string' as const, ...spec }]))
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, short: { type: 'boolean', default: false } },
    })
    const given: Record<string, string | boolean | undefined> = values
    return {
      short: given.short === true,
      options: Object.fromEntries(own.map(([name, spec]) => [name, String(given[name] ?? spec.default)])),
    }
  } catch (error) {
    const known = own.map(([name, spec]) => `--${name} ${spec.default}`).join(' ')
    return `${describeError(error)}\n${trial.name}: --short ${known}`
  }
}

interface Outcome {
  readonly problems: readonly string[]
  readonly result: TrialResult
}

async function runOne(trial: Trial, args: TrialArguments, writeError: (text: string) => void): Promise<Outcome> {
  const limitMs = args.short ? (trial.shortLimitMs ?? SHORT_LIMIT_MS) : (trial.limitMs ?? LIMIT_MS)
  const stop = new AbortController()
  const end = (reason: string) => stop.abort(new Error(reason))
  const limit = setTimeout(() => end(`the trial did not end within ${limitMs / 1000} s`), limitMs)
  const onSignal = () => end('the trial was told to end')
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  const log = (line: string) => writeError(`${line}\n`)
  const late = () => (stop.signal.aborted ? [describeError(stop.signal.reason)] : [])
  try {
    const running = trial.run(args, { signal: stop.signal, log })
    const result = await Promise.race([running, giveUpAfterStop(stop.signal)])
    return { result, problems: [...late(), ...judgeTrial(trial, result)] }
  } catch (error) {
    writeError(`${error instanceof Error ? error.stack : String(error)}\n`)
    return { result: { ok: false, rows: [], summary: {} }, problems: [...late(), describeError(error)] }
  } finally {
    clearTimeout(limit)
    // Programs that the trial left running, as after an error, go with it.
    end('the trial is over')
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

/** Rejects when the trial was told to stop and did not. */
function giveUpAfterStop(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      const timer = setTimeout(() => reject(signal.reason as Error), STOP_LIMIT_MS)
      timer.unref()
    })
  })
}
