import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

/**
 * `npm ci` refuses a lock file that lacks an optional package another one names, and npm drops those that its registry
 * does not have. Platform builds of the tools are such packages. `UPDATE=1` puts them back, by version alone: npm then
 * installs them where the platform asks for them, without a checksum to compare with.
 */
const FILE = resolve(import.meta.dirname, '../../package-lock.json')

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  packages: Record<string, LockEntry | Record<string, unknown>>
}

test('the lock file holds every optional package that a locked one names', () => {
  const lock = JSON.parse(readFileSync(FILE, 'utf8')) as Lock
  const missing = findMissing(lock)
  if (process.env['UPDATE'] === '1' && missing.length > 0) {
    for (const { name, entry } of missing) lock.packages[`node_modules/${name}`] = entry
    const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
    lock.packages = Object.fromEntries(sorted)
    writeFileSync(FILE, `${JSON.stringify(lock, undefined, 2)}\n`)
    return
  }
  expect(missing.map(({ name }) => name)).toEqual([])
})

function findMissing(lock: Lock): { name: string; entry: Record<string, unknown> }[] {
  const missing = new Map<string, Record<string, unknown>>()
  for (const [path, entry] of Object.entries(lock.packages) as [string, LockEntry][]) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (lock.packages[`node_modules/${name}`] ?? lock.packages[`${path}/node_modules/${name}`]) continue
      missing.set(name, {
        version: version.replace(/^[^0-9]*/, ''),
        ...platformOf(name),
        ...(entry.dev === true && { dev: true }),
        optional: true,
      })
    }
  }
  return [...missing].map(([name, entry]) => ({ name, entry }))
}

/** As the names of platform builds tell it. */
function platformOf(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const os = /(android|darwin|freebsd|linux|openharmony|win32)/.exec(name)?.[1]
  const cpu = /(arm64|x64|ia32|arm(?=-|$)|ppc64|riscv64|s390x|loong64|wasm32)/.exec(name)?.[1]
  const libc = os === 'linux' && /(musl|gnu|glibc)/.exec(name)?.[1]
  return {
    ...(os !== undefined && { os: [os] }),
    ...(cpu !== undefined && { cpu: [cpu] }),
    ...(typeof libc === 'string' && { libc: [libc === 'musl' ? 'musl' : 'glibc'] }),
  }
}
