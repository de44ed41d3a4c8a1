import { describe, expect, test } from 'vitest'
import { linkName, regionName } from '../../../../src/core/index.ts'
import { isReleasing, planAcknowledgement } from '../../../../src/replication/incidents/acknowledge.ts'
import { describeIncident, findBlockingIncidents } from '../../../../src/replication/incidents/incident-status.ts'
import type { IncidentEntry, IncidentFacts } from '../../../../src/replication/offset-map/index.ts'
import { KEY } from '../flows/flow-fixtures.ts'

const entryOf = (given: Partial<IncidentFacts> = {}): IncidentEntry => ({
  kind: 'incident',
  flow: KEY,
  id: 'a',
  producerId: 7n,
  producerEpoch: 1,
  facts: {
    code: 'FLOW_SOURCE_RECREATED',
    link: 'eu-to-us',
    sourceTopicId: '',
    targetTopicId: '',
    source: null,
    target: null,
    reason: '',
    action: 'stopped',
    atMs: 1,
    folded: 0,
    acknowledged: null,
    ...given,
  },
})
const ADA = { id: 'a', by: 'ada', note: 'known' }

describe('an acknowledgement', () => {
  test('says who knows and since when, and leaves the flow as it is', () => {
    const facts = planAcknowledgement(entryOf(), ADA, 9)
    expect(facts).toMatchObject({ action: 'stopped', acknowledged: { atMs: 9, by: 'ada', note: 'known' } })
    expect(isReleasing(facts)).toBe(false)
  })

  test('may be repeated, by anybody, and the first one stays', () => {
    const first = planAcknowledgement(entryOf(), ADA, 9)
    expect(planAcknowledgement(entryOf(first), { ...ADA, by: 'bob' }, 10)).toEqual(first)
  })

  test('may ask for a reseed at once or later', () => {
    const first = planAcknowledgement(entryOf(), ADA, 9)
    const later = planAcknowledgement(entryOf(first), { ...ADA, by: 'bob', action: 'reseed' }, 10)
    expect(later).toMatchObject({ action: 'reseed', acknowledged: { by: 'ada' } })
    expect(isReleasing(later)).toBe(true)
    const repeated = planAcknowledgement(entryOf(later), { ...ADA, action: 'reseed' }, 11)
    expect(repeated).toEqual(later)
  })

  test.each<[string, Partial<IncidentFacts>]>([
    ['a gap, which there is nothing to copy again for', { code: 'FLOW_RETENTION_GAP' }],
    ['what has been copied again', { code: 'FLOW_TARGET_REBUILT', action: 'copied-again' }],
  ])('does not ask for a reseed of %s', (_what, given) => {
    expect(() => planAcknowledgement(entryOf(given), { ...ADA, action: 'reseed' }, 9)).toThrow(
      expect.objectContaining({ code: 'INCIDENT_ACTION_REFUSED' }),
    )
  })

  test('of a gap lets its flow go on', () => {
    expect(isReleasing(planAcknowledgement(entryOf({ code: 'FLOW_RETENTION_GAP' }), ADA, 9))).toBe(true)
  })
})

test('open incidents block a switchover of their link, acknowledged ones do not', () => {
  const us = regionName('us')
  const open = describeIncident(entryOf(), us)
  const known = describeIncident(entryOf(planAcknowledgement(entryOf(), ADA, 9)), us)
  const other = describeIncident(entryOf({ link: 'eu-to-asia' }), us)
  const status = { incidents: [open, known, other] }
  expect(findBlockingIncidents(status, new Set([linkName('eu-to-us')]))).toEqual([open])
  expect(findBlockingIncidents(status)).toEqual([open, other])
})
