/**
 * Child processes of the test runner: each in a process group of its own, with a time limit, its output kept up to a
 * bound. When it ends, or must end, the whole group ends with it, so that no broker outlives the part that started it.
 */
import { spawn } from 'node:child_process'

const OUTPUT_CHARS_MAX = 200_000
const GRACE_MS = 20_000
const running = new Set()
let isEnding = false

/**
 * Resolves, never rejects, with { code, output, stdout, seconds, timedOut }; code is undefined where the process did
 * not end by itself.
 */
export function runBounded(command, args, { cwd, env, limitMs }) {
  return new Promise((resolve) => {
    if (isEnding) return resolve({ code: undefined, output: 'not started: the run was ended', stdout: '', seconds: 0 })
    const startedAt = Date.now()
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const end = endGroup(child)
    const kept = { output: '', stdout: '', timedOut: false }
    const limit = setTimeout(() => {
      kept.timedOut = true
      end()
    }, limitMs)
    const finish = (code, note = '') => {
      clearTimeout(limit)
      running.delete(end)
      signalGroup(child, 'SIGKILL')
      resolve({
        ...kept,
        output: kept.output + note,
        code: code ?? undefined,
        seconds: (Date.now() - startedAt) / 1000,
      })
    }
    running.add(end)
    child.stdout.on('data', (chunk) => {
      kept.stdout = keepTail(kept.stdout + chunk)
      kept.output = keepTail(kept.output + chunk)
    })
    child.stderr.on('data', (chunk) => {
      kept.output = keepTail(kept.output + chunk)
    })
    child.on('error', (error) => finish(undefined, `${command} does not start: ${error.message}\n`))
    child.on('exit', () => signalGroup(child, 'SIGKILL'))
    child.on('close', (code) => finish(code))
  })
}

/** Ends every group that still runs when this process is told to end, then exits as a shell would report it. */
export function endGroupsOnSignal() {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ]) {
    process.once(signal, () => {
      isEnding = true
      for (const end of running) end()
      const poll = setInterval(() => {
        if (running.size > 0) return
        clearInterval(poll)
        process.exit(128 + number)
      }, 50)
    })
  }
}

/** Asks first, so that tests can stop their containers; insists after the grace time. */
function endGroup(child) {
  return () => {
    signalGroup(child, 'SIGTERM')
    setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref()
  }
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}

function keepTail(text) {
  return text.length > OUTPUT_CHARS_MAX ? text.slice(-OUTPUT_CHARS_MAX) : text
}
