/**
 * Which Node runs the TypeScript sources. They need Node 24; this file and the other launchers run on Node 20 as well.
 *
 * The Node that runs now is taken when it is new enough, else the one that npm installed as an optional dependency,
 * always by path: a shell remembers where `node` was and would go on starting the old one.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [24, 6]

/** Folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Arguments every start of the sources gets: Node 24 still calls some of what is used here experimental, and kafkajs
 * sets timers that are already due. What is young on the heap is kept small: after a start of thousands of flows Node
 * would hold on to more than 100 MB of it, empty. The collector is for `src/memory-keeper.ts`.
 */
export const nodeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  '--max-semi-space-size=16',
  '--expose-gc',
]

/** Path of a Node that runs the sources; undefined where there is none. */
export function findNode() {
  if (isNewEnough(process.versions.node)) return process.execPath
  return candidates().find((path) => existsSync(path) && isNewEnough(askVersion(path)))
}

/** The environment in which `node` means the same Node for everything that is started from there. */
export function environmentFor(node, env = process.env) {
  return { ...env, PATH: `${dirname(node)}${delimiter}${env.PATH ?? ''}` }
}

/** For a machine on which `findNode` finds nothing after an installation. */
export function explainMissingNode() {
  return [
    `Isthmus needs Node ${NEEDED.join('.')} or newer to run, and this is ${process.version} (${process.execPath}).`,
    'On Linux (x64 and arm64, glibc) npm installs one into node_modules: run `npm ci` without --omit=optional.',
    'On other systems, install Node 24 and run the command again:',
    '  macOS           brew install node@24 && export PATH="$(brew --prefix node@24)/bin:$PATH"',
    '  Alpine          apk add nodejs-current npm',
    '  Windows         wsl   # then work inside WSL',
  ].join('\n')
}

/** `24.6.0` and newer. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = (version ?? '').replace(/^v/, '').split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

function candidates() {
  const modules = join(root, 'node_modules')
  return [join(modules, '.bin', 'node'), join(modules, `node-linux-${process.arch}`, 'bin', 'node')]
}

/** Asked, not assumed: a glibc binary is there on a musl system too, and does not start. */
function askVersion(path) {
  try {
    return execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}
