import { expect, test } from 'vitest'
import type { CopyBody, FailoverGroupSummary, LinkBody, StatusBody } from '../../../src/api/contract/index.ts'
import { describeGroup, describeRereads, exposuresOf } from '../../../src/console/words/exposure.ts'

function groupOf(given: Partial<FailoverGroupSummary> = {}): FailoverGroupSummary {
  const region = { waiting: null, unfenced: null, members: null }
  return {
    group: 'orders',
    active: 'west',
    epoch: 7,
    since: '2026-01-01T00:00:00.000Z',
    regions: [
      { ...region, region: 'west', role: 'active' },
      { ...region, region: 'east', role: 'standby' },
    ],
    operation: null,
    operationId: null,
    needsOperator: false,
    isPaused: false,
    openIncidents: 0,
    lastDrill: null,
    ...given,
  }
}

function tell(given: Partial<LinkBody>, copies: readonly CopyBody[] = []): { sentence: string; level: string } {
  const link = {
    link: 'orders-west-to-east',
    lagRecords: 0,
    lagSeconds: 0,
    lagAgeSeconds: 0.4,
    lagUnknownFlows: 0,
    flows: { elsewhere: 0 },
    ...given,
  }
  const [exposure] = exposuresOf(groupOf(), { links: [link], copies } as unknown as StatusBody)
  return exposure ?? expect.fail('no standby')
}

test('what the loss of the active region would cost is a sentence', () => {
  expect(tell({ lagRecords: 212, lagSeconds: 1.43 })).toMatchObject({
    level: 'some',
    sentence: 'If west were lost now, east would lack 212 records, the oldest 1.4 s old.',
  })
  expect(tell({})).toMatchObject({ level: 'none' })
})

test('a lag that is not known, or was seen long ago, is never told as nothing', () => {
  expect(tell({ lagRecords: null, lagUnknownFlows: 3 })).toMatchObject({ level: 'unknown' })
  expect(tell({ lagUnknownFlows: 1 }).sentence).toContain('not known')
  const old = tell({ lagAgeSeconds: 90 })
  expect(old.level).toBe('unknown')
  expect(old.sentence).toContain('was last seen 90 s ago')
})

const COPY: CopyBody = {
  link: 'orders-west-to-east',
  processes: 3,
  flows: 12,
  toldFlows: 12,
  lagUnknownFlows: 0,
  lagRecords: 40,
  lagSeconds: 2,
  lagAgeSeconds: 1,
  openIncidents: 0,
}

test('what several processes copy is told as their sum, also by one that copies nothing', () => {
  const [exposure] = exposuresOf(groupOf(), { links: [], copies: [COPY] })
  expect(exposure).toMatchObject({
    level: 'some',
    link: undefined,
    lagSeconds: 2,
    sentence:
      'If west were lost now, east would lack 40 records, the oldest 2.0 s old. That is the sum of 3 processes.',
  })
  const part = { flows: { starting: 0, running: 5, recovering: 0, stopped: 0, elsewhere: 7 }, lagRecords: 12 }
  expect(tell(part, [COPY])).toMatchObject({ level: 'some' })
  expect(tell(part, [{ ...COPY, lagAgeSeconds: 40 }])).toMatchObject({ level: 'unknown' })
  expect(tell(part, [{ ...COPY, lagUnknownFlows: 1 }])).toMatchObject({ level: 'unknown' })
})

test('a standby to which nobody tells of a copy is said to be one', () => {
  const [exposure] = exposuresOf(groupOf(), { links: [], copies: [] })
  expect(exposure).toMatchObject({ level: 'elsewhere', link: undefined })
  expect(exposure?.sentence).toContain('no process tells of a copy to it')
})

test('what a part of the partitions would lose is never told as the whole', () => {
  const flows = { starting: 0, running: 5, recovering: 0, stopped: 0, elsewhere: 7 }
  const own = { ...COPY, processes: 1, toldFlows: 5, lagRecords: 12 }
  expect(tell({ lagRecords: 12, flows }, [own])).toMatchObject({
    level: 'elsewhere',
    sentence:
      'What you would lose at east is not known: the processes that are heard have 5 of its 12 partitions. At least 12 records.',
  })
  // One too many: a flow that has just gone from one to another, and both tell of it.
  expect(tell({ lagRecords: 12, flows }, [{ ...COPY, toldFlows: 13 }])).toMatchObject({ level: 'elsewhere' })
  expect(tell({ lagRecords: null })).toMatchObject({ level: 'unknown' })
})

test('groups that would read again are named', () => {
  const link = { groups: 3, rereadRecords: 900, rereadingGroups: ['billing'] } as unknown as LinkBody
  expect(describeRereads(link)).toBe('These consumer groups would read 900 records again: billing.')
  expect(describeRereads({ ...link, rereadRecords: null })).toContain('not known')
  expect(describeRereads({ ...link, rereadingGroups: [] })).toBe('None of 3 consumer groups would read anything again.')
})

test('a group says what is active and what is the matter', () => {
  expect(describeGroup(groupOf())).toBe('west is active; east stands by.')
  expect(describeGroup(groupOf({ isPaused: true, operation: 'switchover to east: draining' }))).toBe(
    'west is active; east stands by; switchover to east: draining; moves are paused.',
  )
})
