import { afterAll } from 'vitest'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { Side } from './copy-trial.ts'

type Options = Partial<Parameters<typeof startRegion>[0]>

export interface TwoRegions {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly from: Side
  readonly to: Side
}

/** Two regions for the tests of a file, which awaits them before its tests are declared. They are stopped after the last. */
export async function startTwoRegions(
  options: { readonly from?: Options; readonly to?: Options } = {},
): Promise<TwoRegions> {
  const [source, target] = await Promise.all([
    startRegion({ name: 'source', ...options.from }),
    startRegion({ name: 'target', ...options.to }),
  ])
  const [from, to] = [new Side(source), new Side(target)]
  afterAll(async () => {
    await Promise.all([from.close(), to.close()])
    await Promise.all([source.stop(), target.stop()])
  }, 60_000)
  return { source, target, from, to }
}
