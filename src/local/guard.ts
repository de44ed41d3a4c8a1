/**
 * The guard: a small process of its own that outlives a session which dies without cleaning up, even by kill -9.
 *
 * Its standard input is a pipe from the session. Each line adds or removes one thing that exists because of it:
 * `+ process 4711`, `- container isthmus-eu-1`. When the pipe closes, whatever is still listed is killed or removed.
 * Nothing is listed after an orderly stop, so then it only exits. What is added before it exists (a container's
 * name) may come into being after the pipe has closed, because the engine is still working on the request; names
 * that are not found are therefore tried again for a few seconds.
 */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { sleep, systemClock } from '../core/index.ts'
import { removeContainer, removeNetwork } from './container-engine.ts'

const ROUNDS = 4
const ROUND_MS = 1_500

const listed = new Set<string>()

for await (const line of createInterface({ input: process.stdin })) {
  const entry = line.slice(2)
  if (line.startsWith('+ ')) listed.add(entry)
  else listed.delete(entry)
}

for (let round = 1; round <= ROUNDS && listed.size > 0; round++) {
  // In this order: a network cannot go before its containers, nor a directory before its writers.
  for (const kind of ['process', 'container', 'network', 'directory']) await clear(kind)
  if (listed.size > 0 && round < ROUNDS) await sleep(systemClock, ROUND_MS)
}
process.exit(0)

async function clear(kind: string): Promise<void> {
  const entries = [...listed].filter((entry) => entry.startsWith(`${kind} `))
  await Promise.all(
    entries.map(async (entry) => {
      if (await clearOne(kind, entry.slice(kind.length + 1))) listed.delete(entry)
    }),
  )
}

/** True once it is known to be gone. */
async function clearOne(kind: string, name: string): Promise<boolean> {
  try {
    if (kind === 'process') return killGroup(Number(name))
    if (kind === 'container') return await removeContainer(name)
    if (kind === 'network') return await removeNetwork(name)
    await rm(name, { recursive: true, force: true })
    return true
  } catch {
    // Nobody is left to be told: the next round tries again.
    return false
  }
}

function killGroup(pid: number): boolean {
  process.kill(-pid, 'SIGKILL')
  return true
}
