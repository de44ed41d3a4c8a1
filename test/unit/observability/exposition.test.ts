import { expect, it } from 'vitest'
import { renderLabels, renderMetric } from '../../../src/observability/exposition.ts'

const metric = { name: 'lag', help: 'How far behind.', kind: 'gauge' as const }

it('writes a series for each subject with a value, in the format that Prometheus reads', () => {
  const subjects = [
    { subject: 5, labels: renderLabels({ link: 'eu', topic: 'orders' }) },
    { subject: undefined, labels: renderLabels({ link: 'eu', topic: 'unknown' }) },
    { subject: Infinity, labels: renderLabels({ link: 'eu', topic: 'never' }) },
  ]
  expect(renderMetric(metric, subjects, (value) => ({ value }))).toBe(
    '# HELP lag How far behind.\n# TYPE lag gauge\nlag{link="eu",topic="orders"} 5\nlag{link="eu",topic="never"} +Inf\n',
  )
})

it('escapes what would end a label or a line', () => {
  expect(renderLabels({ group: 'a"b\\c\nd' })).toBe('group="a\\"b\\\\c\\nd"')
  expect(renderMetric({ ...metric, help: 'one\ntwo\\' }, [], () => ({ value: 1 }))).toContain(
    '# HELP lag one\\ntwo\\\\\n',
  )
})

it('adds the labels of a single series behind those of its subject', () => {
  const subjects = [{ subject: 'running', labels: 'link="eu"' }]
  const read = (state: string) => ({ value: 1, moreLabels: `state="${state}"` })
  expect(renderMetric(metric, subjects, read)).toContain('lag{link="eu",state="running"} 1\n')
})
