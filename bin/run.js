/**
 * `node bin/run.js FILE ...args`: runs a file of the checkout on Node 24, installing what is missing first.
 * The standard streams, signals and the exit code are the file's own.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureConsole } from './console-build.js'
import { environmentFor, explainMissingNode, findNode, nodeFlags, root } from './node.js'
import { ensureInstalled } from './setup.js'

/** Ends this process with the exit code of `file`. `needsConsole`: it serves the console, which is built first. */
export async function run(file, args, { needsConsole = false } = {}) {
  const node = needsConsole ? await prepareWithConsole() : await prepare()
  const child = spawn(node, [...nodeFlags, resolve(root, file), ...args], {
    stdio: 'inherit',
    env: environmentFor(node),
  })
  forwardSignals(child)
  child.on('error', (error) => fail(`${node} does not start: ${error.message}`, 1))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

/** Installs and finds Node 24; ends the process with a sentence where that fails. */
export async function prepare() {
  try {
    await ensureInstalled()
  } catch (error) {
    fail(error.message, 1)
  }
  return findNode() ?? fail(explainMissingNode(), 2)
}

/** The same, and builds the console where it is missing or stale. */
export async function prepareWithConsole() {
  const node = await prepare()
  try {
    await ensureConsole(node)
  } catch (error) {
    fail(error.message, 1)
  }
  return node
}

/** A terminal sends Ctrl-C to the whole process group: the child has it already and must not count it twice. */
function forwardSignals(child) {
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !hasTerminal) child.kill(signal)
    })
  }
}

function fail(message, code) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2)
  if (file === undefined) fail('usage: node bin/run.js FILE ...args', 2)
  await run(file, args, { needsConsole: file.startsWith('test/') })
}
