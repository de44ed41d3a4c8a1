/**
 * A lock between processes of one machine: a file that holds the owner's process id.
 *
 * The file appears with its content in one step (a hard link), and the lock of a process that no longer lives is taken
 * over. Meant for things that are rare and slow; a process id that was given to another process keeps the lock held
 * until that one ends or the deadline passes.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 200

/** Runs `action` while holding the lock; `onWait` is called once when somebody else has it. */
export async function withLock(path, { deadlineMs, onWait }, action) {
  const endsAt = Date.now() + deadlineMs
  for (let waits = 0; !tryLock(path); waits += 1) {
    if (Date.now() > endsAt) throw new Error(`process ${readOwner(path)} holds ${path} for too long`)
    if (waits === 0) onWait()
    await sleep(POLL_MS)
  }
  try {
    return await action()
  } finally {
    rmSync(path, { force: true })
  }
}

function tryLock(path) {
  if (tryLink(path)) return true
  const owner = readOwner(path)
  if (owner === undefined || isAlive(owner)) return false
  takeAway(path)
  return tryLink(path)
}

function tryLink(path) {
  const own = `${path}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Two processes may both find the owner dead; the later one must not remove the lock that the earlier one took. */
function takeAway(path) {
  const aside = `${path}.${process.pid}.dead`
  try {
    renameSync(path, aside)
    const owner = readOwner(aside)
    if (owner !== undefined && isAlive(owner)) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function readOwner(path) {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
