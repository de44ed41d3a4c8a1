import { createInterface } from 'node:readline/promises'
import { existsSync, readFileSync } from 'node:fs'
import { type CliIo, EXIT, type ProcessVerbs, runCli } from './cli/index.ts'
import { systemClock, systemRandom } from './core/index.ts'

/** What a graceful end may take before the process is ended by force. */
const END_WITHIN_MS = 10_000
const EXIT_FORCED = 130

/** The first signal asks to end, the second one ends at once. */
function listenForSignals(): AbortSignal {
  const asked = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (asked.signal.aborted) process.exit(EXIT_FORCED)
    asked.abort(new Error(`received ${name}`))
    const giveUp = () => {
      process.stderr.write(`isthmus: not done ${END_WITHIN_MS / 1_000} s after ${name}, ended by force\n`)
      process.exit(EXIT.timedOut)
    }
    systemClock.setTimer(END_WITHIN_MS, giveUp, { keepAlive: false })
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return asked.signal
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Loads a room only when its command runs, so that the others answer at once. */
function createVerbs(version: string): ProcessVerbs {
  return {
    run: async (options, signal) => (await import('./run-app.ts')).runApp(options, version, signal),
    check: async (options, signal) => (await import('./config/index.ts')).checkConfig(options, signal),
    restore: async (options, signal) => {
      const { runRestore } = await import('./controller/index.ts')
      return runRestore(options, { clock: systemClock, random: systemRandom }, signal)
    },
    unfence: async (options, signal) => {
      const { runUnfence } = await import('./controller/index.ts')
      return runUnfence(options, { clock: systemClock, random: systemRandom, env: process.env }, signal)
    },
    rights: async (options) => (await import('./least-rights.ts')).readLeastRights(options),
    grant: async (options, signal) => {
      const { runGrant } = await import('./controller/index.ts')
      return runGrant(options, { clock: systemClock, random: systemRandom }, signal)
    },
    importMm2: async (file) => (await import('./config/index.ts')).importMm2(file),
    createToken: async () => (await import('./api/index.ts')).createToken(),
    demo: findDemo(),
  }
}

/** An image without the demo's sources has no such command. */
function findDemo(): ProcessVerbs['demo'] {
  const module = new URL('demo/demo.ts', import.meta.url)
  if (!existsSync(module)) return undefined
  return async (args, signal) => {
    const { runDemo } = (await import(module.href)) as { runDemo: NonNullable<ProcessVerbs['demo']> }
    return runDemo(args, signal)
  }
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question, { signal: io.signal })
  } finally {
    lines.close()
  }
}

const io: CliIo = {
  env: process.env,
  clock: systemClock,
  signal: listenForSignals(),
  isTerminal: process.stdout.isTTY,
  fetch: (...request) => fetch(...request),
  ask: process.stdin.isTTY ? ask : undefined,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}
// A pipe that is closed early, as by `head`, is no error.
process.stdout.on('error', () => process.exit(EXIT.ok))

const version = readVersion()
const code = await runCli(process.argv.slice(2), { io, version, verbs: createVerbs(version) })
process.exit(code)
