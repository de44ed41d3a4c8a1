import { execFile } from 'node:child_process'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeError, systemClock } from '../../../src/core/index.ts'
import { withFileLock } from '../../../src/local/file-lock.ts'

/** The wheel brings librdkafka of the same version along. */
export const LIBRDKAFKA_VERSION = '2.16.1'
const LIMIT_MS = 180_000
const REMEDY = 'install Python 3.8 or newer with its venv module, such as `sudo apt-get install -y python3-venv`'

/**
 * A Python that has librdkafka: a virtual environment in the user's cache, filled from PyPI once a machine. Nothing is
 * installed on the system. Where it is not to be had, the reason, with what to do.
 */
export async function findLibrdkafka(
  signal: AbortSignal,
): Promise<{ readonly python: string } | { readonly missing: string }> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'isthmus')
  const folder = join(cache, `librdkafka-${LIBRDKAFKA_VERSION}`)
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'installed')
  const run = promisify(execFile)
  const limits = { signal, timeout: LIMIT_MS }
  const isThere = () =>
    Promise.all([access(python), access(done)]).then(
      () => true,
      () => false,
    )
  try {
    if (await isThere()) return { python }
    await mkdir(cache, { recursive: true })
    return await withFileLock(join(cache, 'librdkafka-installing'), { clock: systemClock, signal }, async () => {
      if (await isThere()) return { python }
      await rm(folder, { recursive: true, force: true })
      await run('python3', ['-m', 'venv', folder], limits)
      const wheel = `confluent-kafka==${LIBRDKAFKA_VERSION}`
      const flags = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:']
      await run(python, ['-m', 'pip', 'install', ...flags, wheel], limits)
      await writeFile(done, '')
      return { python }
    })
  } catch (error) {
    signal.throwIfAborted()
    const [line = ''] = describeError(error).split('\n')
    return { missing: `librdkafka was not tried: ${line}; ${REMEDY}` }
  }
}
