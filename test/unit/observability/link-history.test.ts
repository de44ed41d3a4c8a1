import { expect, test } from 'vitest'
import type { Clock } from '../../../src/core/index.ts'
import { createLinkHistory } from '../../../src/observability/index.ts'
import type { LinkStatus } from '../../../src/replication/index.ts'
import { linkStatus } from '../../support/fake-replicator.ts'

const DAY_MS = 86_400_000

/** A history, and a way to let it take its next samples, a quarter of a minute apart. */
function rememberLinks() {
  let nowMs = 0
  let next = () => {}
  const seen: { links: LinkStatus[] } = { links: [linkStatus()] }
  const clock = {
    setTimer: (_ms: number, action: () => void) => ((next = action), { cancel() {} }),
  } as unknown as Clock
  const status = () => ({ atMs: nowMs, links: seen.links, incidents: [], members: [] })
  const history = createLinkHistory({ clock, status })
  history.start()
  const run = (samples: number) => {
    for (let at = 0; at < samples; at++) {
      nowMs += 15_000
      next()
    }
  }
  return { history, seen, run }
}

test('a link is remembered for a day, and no longer', () => {
  const { history, run } = rememberLinks()
  run(7_000)
  const samples = history.of('eu-to-us')
  expect(samples).toHaveLength(5_760)
  expect((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)).toBeLessThanOrEqual(DAY_MS)
  expect(samples.at(-1)).toMatchObject({ lagRecords: 20, lagSeconds: 0.5, recordsCopied: 180 })
})

test('a link that is gone is forgotten with its last sample', () => {
  const { history, seen, run } = rememberLinks()
  run(3)
  seen.links = []
  run(100)
  expect(history.of('eu-to-us')).toHaveLength(4)
  run(6_000)
  expect(history.of('eu-to-us')).toEqual([])
})
