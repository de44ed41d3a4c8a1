/**
 * Builds the console into dist/console when it is missing or is not that of the sources: a few seconds.
 *
 * As with an installation, sources are compared by content, never by file times, and two commands at once build once.
 * Where vite is not installed, as in an image for production, what is there is taken as it is.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withLock } from './lock.js'
import { root } from './node.js'

const BUILD_MS = 120_000
const SOURCES = ['src/console', 'src/core', 'vite.config.ts', 'package-lock.json']
const marker = join(root, 'dist', 'console', '.isthmus-build')
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')

/** Resolves when the build is that of the sources; throws with what vite said when it cannot be made. */
export async function ensureConsole(node) {
  if (!existsSync(vite) || isBuilt()) return
  const lock = join(tmpdir(), `isthmus-console-${hashOf(root).slice(0, 16)}.lock`)
  await withLock(lock, { deadlineMs: BUILD_MS, onWait: () => {} }, async () => {
    if (!isBuilt()) buildConsole(node)
  })
}

/** Builds it whether it is there or not. */
export function buildConsole(node) {
  const wanted = fingerprint()
  const args = [vite, 'build', '--logLevel', 'warn']
  const { status, stdout, stderr } = spawnSync(node, args, { cwd: root, encoding: 'utf8', timeout: BUILD_MS })
  if (status !== 0) throw new Error(`vite ended with ${status}\n${stdout}${stderr}`)
  writeFileSync(marker, wanted)
}

function isBuilt() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint()
}

function fingerprint() {
  const files = SOURCES.flatMap(listFiles).toSorted((left, right) => (left < right ? -1 : 1))
  return hashOf(files.map((path) => `${path}\n${hashOf(readFileSync(join(root, path)))}`).join('\n'))
}

function listFiles(path) {
  if (!existsSync(join(root, path))) return []
  if (statSync(join(root, path)).isFile()) return [path]
  const entries = readdirSync(join(root, path), { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

function hashOf(content) {
  return createHash('sha256').update(content).digest('hex')
}
