/**
 * Installs the dependencies when they are missing or are not those of package-lock.json.
 *
 * What is there is compared by content, never by file times: a clone, a cache or a restored folder has any times.
 * Two commands started at once install once.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './node.js'
import { withLock } from './lock.js'

const INSTALL_DEADLINE_MS = 15 * 60_000
const lockFile = join(root, 'package-lock.json')
const marker = join(root, 'node_modules', '.isthmus-setup')

/** Resolves when node_modules is as package-lock.json says; throws with npm's output when it cannot be made so. */
export async function ensureInstalled() {
  if (isInstalled()) return
  const deadlineMs = INSTALL_DEADLINE_MS
  const onWait = () => process.stderr.write('Waiting for another installation of the same folder\n')
  await withLock(installLock(), { deadlineMs, onWait }, async () => {
    if (!isInstalled()) await install()
  })
}

function isInstalled() {
  const lock = readFileSync(lockFile, 'utf8')
  const hash = createHash('sha256').update(lock).digest('hex')
  if (readOrNothing(marker) === hash) return true
  if (!matchesInstalled(JSON.parse(lock), readOrNothing(join(root, 'node_modules', '.package-lock.json')))) return false
  writeFileSync(marker, hash)
  return true
}

/**
 * True when npm's own record of node_modules, which it writes last, holds every package of the lock file.
 * Optional packages are for some systems only and may be absent.
 */
export function matchesInstalled(lock, installedText) {
  if (installedText === undefined) return false
  const installed = JSON.parse(installedText).packages ?? {}
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    const found = installed[path]
    if (path === '') return true
    return found === undefined ? isOptional(wanted) : found.version === wanted.version
  })
}

const isOptional = (entry) => entry.optional === true || entry.devOptional === true

async function install() {
  const startedAt = Date.now()
  process.stderr.write('Installing dependencies with npm ci (a minute the first time)\n')
  const { code, output } = await runNpm(['ci', '--loglevel=error', '--no-progress'])
  if (code !== 0) throw new Error(`npm ci ended with ${code}\n${output.trimEnd()}`)
  if (!isInstalled()) throw new Error('npm ci ended well, but node_modules is not what package-lock.json says')
  process.stderr.write(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`)
}

/** The npm that started this process where there is one, else the one on the PATH. */
function runNpm(args) {
  const cli = process.env.npm_execpath
  const isNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli)
  const [command, commandArgs] = isNpm ? [process.execPath, [cli, ...args]] : ['npm', args]
  return new Promise((resolve, reject) => {
    const options = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_DEADLINE_MS }
    const child = spawn(command, commandArgs, options)
    const release = endTogether(child)
    let output = ''
    const collect = (chunk) => {
      output = (output + chunk).slice(-20_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => reject(new Error(`npm does not start: ${error.message}`)))
    child.on('close', (code, signal) => {
      release()
      resolve({ code: code ?? signal, output })
    })
  })
}

/** Told to end, this process waits for npm to end: the lock must not be free while npm still writes. */
function endTogether(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const onSignal = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

/** Outside the checkout, because npm ci removes node_modules and nothing else of ours is ignored by git. */
function installLock() {
  return join(tmpdir(), `isthmus-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`)
}

function readOrNothing(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
