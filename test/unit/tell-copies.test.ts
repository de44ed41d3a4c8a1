import { expect, test } from 'vitest'
import { createCopyTeller } from '../../src/tell-copies.ts'
import { flowStatus, linkStatus } from '../support/fake-replicator.ts'
import { ManualClock } from './replication/flows/flow-fixtures.ts'

test('what is told between two looks at the copies is as old as it is', async () => {
  const clock = new ManualClock()
  let looks = 0
  const status = () => {
    looks++
    const flows = [flowStatus({ observedAtMs: 1_000_000 - 500 })]
    return { atMs: 1_000_000, links: [linkStatus({ flows })], incidents: [], members: [] }
  }
  const tell = createCopyTeller({ clock, status })
  expect(tell().get('eu-to-us')).toMatchObject({ flows: 1, allFlows: 1, seenSecondsAgo: 0.5 })
  await clock.pass(2_000)
  expect(tell().get('eu-to-us')).toMatchObject({ seenSecondsAgo: 2.5 })
  expect(looks).toBe(1)
  await clock.pass(3_000)
  expect(tell().get('eu-to-us')).toMatchObject({ seenSecondsAgo: 0.5 })
  expect(looks).toBe(2)
})
