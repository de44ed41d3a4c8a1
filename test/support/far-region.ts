import { writeFileSync } from 'node:fs'
import { type LocalRegion, localPorts, startRegion } from '../../src/local/index.ts'
import { LongPipe, measurePlainStream, type PipeOptions } from './long-pipe.ts'
import type { TrialFolder } from './trial-folder.ts'

/** Two regions, one of them at the other end of a long pipe for everybody but who knows its own port. */
export interface FarStage extends AsyncDisposable {
  readonly near: LocalRegion
  readonly far: LocalRegion
  /** Bytes a second of a plain TCP stream through the same kind of pipe. */
  readonly plain: number
  /** Does something while the way is short, such as writing to the far region. */
  nearby<Result>(step: () => Promise<Result>): Promise<Result>
}

export const RECORD_BYTES = 1_000
export const MEGABYTE = 1e6

/** 100 ms there and back, and the window that an ordinary kernel gives a connection. */
export function pipeOf(megabytesPerSecond: number): PipeOptions {
  return { delayMs: 50, bytesPerSecond: megabytesPerSecond * MEGABYTE, windowBytes: 4 * 1024 * 1024 }
}

export async function startFarStage(pipe: PipeOptions, signal: AbortSignal): Promise<FarStage> {
  const [pipePort = 0, streamPort = 0] = await localPorts.take(2)
  const stack = new AsyncDisposableStack()
  try {
    const start = async (name: string, advertisedPorts: readonly number[]) =>
      stack.use(await startRegion({ name, signal, advertisedPorts }))
    const [near, far] = await Promise.all([start('near', []), start('far', [pipePort])])
    const targetPort = Number(far.bootstrap[0]?.split(':')[1])
    const way = stack.use(await LongPipe.start({ ...pipe, listenPort: pipePort, targetPort }))
    const plain = await measurePlainStream({ ...pipe, listenPort: streamPort, bytes: 2 * pipe.bytesPerSecond })
    const nearby = async <Result>(step: () => Promise<Result>) => {
      way.isLong = false
      return step().finally(() => (way.isLong = true))
    }
    const owned = stack.move()
    return { near, far, plain, nearby, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  } finally {
    await stack.disposeAsync()
  }
}

/** One partition of records of 1,000 random bytes, in batches of 16 KiB. */
export async function writeSmallBatches(
  folder: TrialFolder,
  { source, topic, count }: { readonly source: LocalRegion; readonly topic: string; readonly count: number },
  signal: AbortSignal,
): Promise<void> {
  const properties = folder.file(`${topic}.properties`)
  writeFileSync(properties, 'batch.size=16384\n')
  const bootstrap = source.bootstrap.join(',')
  const records = { topics: topic, partitions: 1, count, keys: 'none', size: RECORD_BYTES, values: 'random' }
  await folder.produce(topic, { bootstrap, ...records, properties }, signal)
}
