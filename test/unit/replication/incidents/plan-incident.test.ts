import { describe, expect, test } from 'vitest'
import {
  ACKNOWLEDGED_MAX,
  type FoundIncident,
  OPEN_MAX,
  planIncident,
} from '../../../../src/replication/incidents/plan-incident.ts'
import type { IncidentEntry } from '../../../../src/replication/offset-map/index.ts'
import { SPEC, uuid } from '../flows/flow-fixtures.ts'

const ABOUT = { link: 'eu-to-us', atMs: 5 }
const ACKNOWLEDGED = { atMs: 6, by: 'ada', note: '' }
const gap = (from: number, to: number, given: Partial<FoundIncident> = {}): FoundIncident => {
  const reason = `lost ${from} to ${to}`
  return { flow: SPEC, code: 'FLOW_RETENTION_GAP', reason, action: 'went-on', source: { from, to }, ...given }
}

/** What is on record after these were found, one after the other. */
function recorded(...found: readonly FoundIncident[]): IncidentEntry[] {
  return found.reduce<IncidentEntry[]>((known, one, at) => record(known, one, at), [])
}

function record(known: readonly IncidentEntry[], found: FoundIncident, atMs = 5): IncidentEntry[] {
  const { id, facts, dropped } = planIncident(found, known, { ...ABOUT, atMs })
  if (facts === undefined) return [...known]
  const kept = known.filter((entry) => entry.id !== id && !dropped.includes(entry))
  const before = known.find((entry) => entry.id === id)
  const entry: IncidentEntry = { kind: 'incident', flow: SPEC.key, id, facts, producerId: 7n, producerEpoch: 1 }
  return before === undefined ? [...kept, entry] : known.map((one) => (one === before ? entry : one))
}

function acknowledge(known: readonly IncidentEntry[]): IncidentEntry[] {
  return known.map((entry) => ({ ...entry, facts: { ...entry.facts, acknowledged: ACKNOWLEDGED } }))
}

const ranges = (known: readonly IncidentEntry[]) => known.map(({ facts }) => [facts.source?.from, facts.source?.to])

describe('an incident that is found', () => {
  test('is open and says what it is about', () => {
    const [entry] = recorded(gap(5, 9))
    expect(entry?.facts).toMatchObject({ link: 'eu-to-us', source: { from: 5, to: 9 }, target: null, folded: 0 })
    expect(entry?.facts.acknowledged).toBeNull()
  })

  test('again adds nothing, acknowledged or not', () => {
    const known = recorded(gap(5, 9))
    expect(planIncident(gap(5, 9), known, ABOUT).facts).toBeUndefined()
    expect(planIncident(gap(5, 9), acknowledge(known), ABOUT).facts).toBeUndefined()
  })

  test('again with more lost grows while it is open', () => {
    expect(ranges(recorded(gap(5, 9), gap(5, 12)))).toEqual([[5, 12]])
  })

  test('again with more lost, once acknowledged, leaves the rest as a new open one', () => {
    const known = record(acknowledge(recorded(gap(5, 9))), gap(5, 12))
    expect(ranges(known)).toEqual([
      [5, 9],
      [9, 12],
    ])
    expect(known.map(({ facts }) => facts.acknowledged?.by)).toEqual(['ada', undefined])
    expect(planIncident(gap(5, 12), known, ABOUT).facts).toBeUndefined()
  })

  test('at the same offset of another topic of that name is another one', () => {
    const flow = { ...SPEC, targetTopicId: '00000000-0000-4000-8000-00000000000f' }
    expect(recorded(gap(5, 9), gap(5, 9, { flow }))).toHaveLength(2)
  })

  test('is not taken back once it asks for a reseed', () => {
    const known = recorded(gap(5, 9, { action: 'reseed' }))
    expect(planIncident(gap(5, 9, { action: 'stopped' }), known, ABOUT).facts).toBeUndefined()
    const stopped = recorded(gap(5, 9, { action: 'stopped' }))
    expect(planIncident(gap(5, 9, { action: 'reseed' }), stopped, ABOUT).facts?.action).toBe('reseed')
  })

  test('is opened again where it was acknowledged while it named nothing', () => {
    const known = record(acknowledge(recorded(gap(5, 5))), gap(5, 8))
    expect(ranges(known)).toEqual([[5, 8]])
    expect(known[0]?.facts.acknowledged).toBeNull()
  })

  test('does not lose a known end to one that nobody knows any more', () => {
    const known = recorded(gap(5, 9))
    expect(planIncident(gap(5, 9, { source: { from: 5, to: null } }), known, ABOUT).facts).toBeUndefined()
  })
})

describe('the incidents of a flow', () => {
  test('are folded into the newest of their code where too many are open', () => {
    const found = Array.from({ length: OPEN_MAX + 2 }, (_, at) => gap(at * 10, at * 10 + 5))
    const known = recorded(...found)
    expect(known).toHaveLength(OPEN_MAX)
    expect(known.at(-1)?.facts).toMatchObject({ folded: 2, source: { from: (OPEN_MAX - 1) * 10 } })
    expect(known.at(-1)?.facts.source?.to).toBe((OPEN_MAX + 1) * 10 + 5)
  })

  test.each(['quarantined', 'skipped', 'rebuilt'] as const)('that were %s lose no range beyond the bound', (action) => {
    const found = Array.from({ length: OPEN_MAX + 2 }, (_, at) => gap(at * 10, at * 10 + 5, { action }))
    const known = recorded(...found, gap(900, 905))
    expect(ranges(known).slice(0, OPEN_MAX - 1)).toEqual(ranges(recorded(...found.slice(0, OPEN_MAX - 1))))
    expect(known.at(-2)?.facts).toMatchObject({ action, folded: 2, source: { from: 490, to: 515 } })
    expect(known.at(-1)?.facts).toMatchObject({ action: 'went-on', folded: 0, source: { from: 900, to: 905 } })
  })

  test.each(['stopped', 'reseed'] as const)('that went on are folded neither into nor with one that %s', (action) => {
    const wentOn = Array.from({ length: OPEN_MAX }, (_, at) => gap(at * 10, at * 10 + 5))
    const known = recorded(...wentOn, gap(900, 905, { action }), gap(910, 915))
    expect(known).toHaveLength(OPEN_MAX + 1)
    expect(known.at(-2)?.facts).toMatchObject({ action: 'went-on', folded: 1, source: { from: 490, to: 915 } })
    expect(known.at(-1)?.facts).toMatchObject({ action, folded: 0, source: { from: 900, to: 905 } })
  })

  test.each(['stopped', 'reseed'] as const)(
    'that %s keep what they are, and the newest stands for the oldest',
    (action) => {
      const copy = (number: number) => ({ ...SPEC, targetTopicId: uuid(100 + number) })
      const found = Array.from({ length: OPEN_MAX + 2 }, (_, at) => gap(5, 9, { action, flow: copy(at) }))
      const known = recorded(...found)
      expect(known.map(({ facts }) => facts.targetTopicId)).toEqual(
        found.slice(2).map(({ flow }) => flow.targetTopicId),
      )
      expect(known.at(-1)?.facts).toMatchObject({ action, folded: 1, source: { from: 5, to: 9 } })
    },
  )

  test('lose the oldest acknowledged ones, and only those', () => {
    let known: IncidentEntry[] = []
    for (let at = 0; at < ACKNOWLEDGED_MAX + 3; at++) known = acknowledge(record(known, gap(at * 10, at * 10 + 5), at))
    known = record(known, gap(990, 995), 990)
    expect(known).toHaveLength(ACKNOWLEDGED_MAX)
    expect(ranges(known).at(-1)).toEqual([990, 995])
    expect(ranges(known)[0]).toEqual([40, 45])
  })
})
