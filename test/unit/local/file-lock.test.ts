import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/index.ts'
import { withFileLock } from '../../../src/local/file-lock.ts'

const options = { clock: systemClock, signal: new AbortController().signal }
let dir: string
let lock: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-lock-'))
  lock = join(dir, 'lock')
})

afterEach(() => rm(dir, { recursive: true, force: true }))

test('lets one at a time do the work', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
  }
  await Promise.all([1, 2, 3].map(() => withFileLock(lock, options, work)))
  expect(most).toBe(1)
})

test('is released when the work fails', async () => {
  await expect(withFileLock(lock, options, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  await expect(access(lock)).rejects.toThrow('ENOENT')
})

test('is taken over from a process that is gone', async () => {
  // Above every system's largest process id.
  await writeFile(lock, '99999999')
  await expect(withFileLock(lock, options, async () => 'done')).resolves.toBe('done')
})

test('is waited for while its owner lives, until the caller gives up', async () => {
  await writeFile(lock, String(process.pid))
  const signal = AbortSignal.timeout(50)
  await expect(withFileLock(lock, { clock: systemClock, signal }, async () => 'done')).rejects.toThrow()
})
