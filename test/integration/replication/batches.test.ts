import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { LocalRegion } from '../../../src/local/index.ts'
import { compareLogs, countRecords } from '../../support/record-log.ts'
import { TrialFolder } from '../../support/trial-folder.ts'
import type { Side } from './copy-trial.ts'
import { Copier, signal } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

const RECORDS = 6_000

const folder = new TrialFolder()
const { source, target, from, to } = await startTwoRegions()

afterAll(async () => {
  folder[Symbol.dispose]()
})

const read = (name: string, { bootstrap }: LocalRegion, topic: string) =>
  folder.read(name, { bootstrap, topics: [topic], isolation: 'read_committed' }, signal)

/** As Kafka's own producer writes without lingering: one record a batch. */
async function produceSingly(topic: string, codecs: string): Promise<void> {
  const properties = folder.file(`${topic}.properties`)
  writeFileSync(properties, 'linger.ms=0\nbatch.size=1\n')
  const options = { bootstrap: source.bootstrap.join(','), topics: topic, partitions: 1, count: RECORDS, headers: 3 }
  await folder.produce(topic, { ...options, codecs, properties, tombstones: 0.1 }, signal)
}

describe('batches of one record', () => {
  it.each(['none', 'lz4,zstd'])(
    'are merged while they wait, and read the same: %s',
    async (codecs) => {
      const topic = `single-${codecs.length}`
      await produceSingly(topic, codecs)
      const copier = new Copier(source, target, topic)
      try {
        const { counters, offsetsIdentical } = await copier.untilCopied(RECORDS)
        expect(offsetsIdentical).toBe(true)
        expect(counters.repacked.merged).toBeGreaterThan(RECORDS / 2)
        const [before, after] = await Promise.all([read('before', source, topic), read('after', target, topic)])
        expect(compareLogs(before, after)).toMatchObject({
          compared: RECORDS,
          lost: 0,
          repeated: 0,
          reordered: 0,
          different: 0,
        })
      } finally {
        await copier.stop()
      }
    },
    90_000,
  )
})

describe('a link that transforms', () => {
  it('leaves out what its filter says, and goes on after a restart', async () => {
    await produceSingly('filtered', 'none')
    const transform = {
      filter: { tombstones: 'drop' as const },
      headers: { remove: ['*'] },
      recompress: 'gzip' as const,
    }
    const first = new Copier(source, target, 'filtered', { transform })
    const { counters } = await first.untilCopied(RECORDS)
    await first.crash()
    await produceSingly('filtered', 'none')
    const second = new Copier(source, target, 'filtered', { transform, processName: 'second' })
    try {
      await second.untilCopied(2 * RECORDS)
      expect(counters.recordsFiltered).toBeGreaterThan(0)
      const values = async (side: Side) => (await side.read('filtered')).map(({ key, value }) => [key, value])
      const expected = (await values(from)).filter(([, value]) => value !== null)
      expect(await values(to)).toEqual(expected)
      expect(countRecords(await read('copy', target, 'filtered'))).toBe(expected.length)
    } finally {
      await second.stop()
    }
  }, 120_000)
})
