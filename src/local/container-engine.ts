/**
 * The container engine, reached through testcontainers: it finds Docker, Docker Desktop, Colima and Podman, and
 * knows their contexts. Loaded on first use, because most sessions never need it.
 *
 * Its own reaper is a container image that may not be had behind a firewall; the guard process does that work here.
 */
import type { ContainerRuntimeClient } from 'testcontainers'
import { type Clock, pause } from '../core/index.ts'

const PULL_DEADLINE_MS = 300_000

export function loadTestcontainers() {
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1'
  return import('testcontainers')
}

/** Has testcontainers, here and in the guard, talk to the engine that was detected instead of looking for one. */
export function useEndpoint(endpoint: string): void {
  process.env.DOCKER_HOST ??= endpoint
}

export async function containerClient(): Promise<ContainerRuntimeClient> {
  const { getContainerRuntimeClient } = await loadTestcontainers()
  return getContainerRuntimeClient()
}

export interface PullOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

/** True where the image is on the engine, or could be pulled within five minutes. */
export async function obtainImage(image: string, { clock, signal, onProgress }: PullOptions): Promise<boolean> {
  const { ImageName } = await loadTestcontainers()
  const client = await containerClient()
  const name = ImageName.fromString(image)
  if (await client.image.exists(name)) return true
  onProgress(`pulling ${image}`)
  const settled = new AbortController()
  const pulled = client.image.pull(name).then(
    () => true,
    () => false,
  )
  const overdue = pause(clock, PULL_DEADLINE_MS, AbortSignal.any([signal, settled.signal])).then(() => false)
  const isHere = await Promise.race([pulled, overdue])
  settled.abort()
  signal.throwIfAborted()
  return isHere
}

/** Kills and removes; false where there is no such container. */
export async function removeContainer(name: string): Promise<boolean> {
  const client = await containerClient()
  return unlessMissing(client.container.getById(name).remove({ force: true, v: true }))
}

/** False where there is no such network. */
export async function removeNetwork(name: string): Promise<boolean> {
  const client = await containerClient()
  return unlessMissing(client.network.getById(name).remove())
}

export async function createNetwork(name: string): Promise<void> {
  const client = await containerClient()
  await client.network.create({ Name: name, CheckDuplicate: true, Driver: 'bridge' })
}

async function unlessMissing(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/** The engine's HTTP status, where the error carries one. */
export function statusOf(error: unknown): number | undefined {
  return (error as { readonly statusCode?: number }).statusCode
}
