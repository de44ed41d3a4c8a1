import { readFile, rm, writeFile } from 'node:fs/promises'
import { type Clock, sleep } from '../core/index.ts'

const POLL_MS = 200

export interface LockOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Does the work while no other process of this user does: a lock is a file that only one can create, holding its
 * owner's process id. The lock of a process that is no longer alive is taken over.
 */
export async function withFileLock<Result>(
  lock: string,
  { clock, signal }: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  while (!(await tryLock(lock))) {
    if (!(await isOwnerAlive(lock))) await rm(lock, { force: true })
    await sleep(clock, POLL_MS, signal)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

function tryLock(lock: string): Promise<boolean> {
  return writeFile(lock, String(process.pid), { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

async function isOwnerAlive(lock: string): Promise<boolean> {
  try {
    const owner = Number(await readFile(lock, 'utf8'))
    // The file is empty for an instant after it was created.
    if (owner > 0) process.kill(owner, 0)
    return true
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
