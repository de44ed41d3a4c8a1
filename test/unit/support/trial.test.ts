import { expect, test } from 'vitest'
import { judgeTrial, renderTable, renderVerdict } from '../../support/trial.ts'

const trial = { fields: ['records', 'lost'], populations: ['records'] }

test('a trial with all its fields and a population is ok', () => {
  expect(judgeTrial(trial, { ok: true, rows: [], summary: { records: 7n, lost: 0 } })).toEqual([])
})

test('a trial that says it failed is not ok', () => {
  expect(judgeTrial(trial, { ok: false, rows: [], summary: { records: 7, lost: 1 } })).toHaveLength(1)
})

test.for([undefined, null, Number.NaN])('a trial whose field is %s is not ok', (lost) => {
  const problems = judgeTrial(trial, { ok: true, rows: [], summary: { records: 7, lost } })
  expect(problems).toEqual(['the field lost is missing'])
})

test('a field may be a group of figures', () => {
  const summary = { records: 7, lost: { random: 0, compressed: 0.5 } }
  expect(judgeTrial(trial, { ok: true, rows: [], summary })).toEqual([])
  expect(JSON.parse(renderVerdict('bench', [], summary))).toMatchObject(summary)
})

test.for<Readonly<Record<string, number>>>([
  {},
  { random: Number.NaN },
  { random: 1, compressed: Number.POSITIVE_INFINITY },
])('a group of figures like %j is a missing field', (lost) => {
  const problems = judgeTrial(trial, { ok: true, rows: [], summary: { records: 7, lost } })
  expect(problems).toEqual(['the field lost is missing'])
})

test.for([0, -1, 0n, 'none'])('a trial with a population of %s is not ok', (records) => {
  const problems = judgeTrial(trial, { ok: true, rows: [], summary: { records, lost: 0 } })
  expect(problems).toEqual(['records must be greater than zero, or nothing was tried'])
})

test('the verdict is one line of JSON that a field cannot overwrite', () => {
  const line = renderVerdict('pump', ['the field lost is missing'], { ok: true, trial: 'other', records: 9n })
  expect(line.trimEnd().split('\n')).toHaveLength(1)
  expect(JSON.parse(line)).toEqual({
    trial: 'pump',
    ok: false,
    problems: ['the field lost is missing'],
    records: '9',
  })
})

test('the table aligns figures to the right and words to the left', () => {
  const rows = [
    { flow: 'orders-0', records: 1_200 },
    { flow: 'a-1', records: 7 },
  ]
  expect(renderTable(rows)).toBe('flow      records\norders-0     1200\na-1             7\n')
})
