import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listMetrics, unitOf } from '../../src/observability/index.ts'
import { readAlerts } from '../support/alerts-trial/rules.ts'
import { SITUATIONS } from '../support/alerts-trial/situations.ts'
import { readText, root } from './sources.ts'

/** Alerts and dashboards against the table of metrics: every name and label that they use is there. */
const DASHBOARDS = 'helm/isthmus/files/dashboards'
const metrics = new Map(listMetrics().map((metric) => [metric.name, metric]))
const alerts = readAlerts()
/** What a scrape adds. */
const SCRAPED = ['instance', 'job']

interface Panel {
  readonly title: string
  readonly description?: string
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] }
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
}

const dashboards = readdirSync(join(root, DASHBOARDS)).map((file) => {
  return { file, ...(JSON.parse(readText(join(DASHBOARDS, file))) as Dashboard) }
})

const expressions = [
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...dashboards.flatMap(({ file, panels, annotations, templating }) => [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: `${file}: ${title}`, expr }))),
    ...annotations.list.map(({ expr }) => ({ where: `${file}: annotation`, expr })),
    ...templating.list.map(({ query }) => {
      return { where: `${file}: variable`, expr: typeof query === 'string' ? '' : query.query }
    }),
  ]),
]

/** Names in an expression, without what stands in quotes. */
function namesIn(expr: string): string[] {
  return [...new Set(expr.replace(/"[^"]*"/g, '').match(/\bisthmus_\w+/g) ?? [])]
}

/** Labels that an expression matches, groups by, or joins on. */
function labelsIn(expr: string): string[] {
  const plain = expr.replace(/"[^"]*"/g, '""')
  const lists = [...plain.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(','))
  const matched = [...plain.matchAll(/[{,]\s*(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label)
  const asked = [...plain.matchAll(/label_values\(\w+, (\w+)\)/g)].map(([, label = '']) => label)
  return [...lists.map((label) => label.trim()), ...matched, ...asked].filter((label) => label !== '')
}

/** Labels that the series of an expression have: those that its aggregations leave. */
function labelsLeft(expr: string): string[] {
  return [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map((one) => one.trim()))
}

test('every metric says its unit', () => {
  expect(listMetrics().filter((metric) => unitOf(metric) === undefined)).toEqual([])
})

test('alerts and dashboards name metrics that exist', () => {
  const unknown = expressions.flatMap(({ where, expr }) => {
    return namesIn(expr)
      .filter((name) => !metrics.has(name))
      .map((name) => `${where}: ${name}`)
  })
  expect(unknown).toEqual([])
})

test('alerts and dashboards use labels that their metrics have', () => {
  const unknown = expressions.flatMap(({ where, expr }) => {
    const known = new Set([...SCRAPED, ...namesIn(expr).flatMap((name) => metrics.get(name)?.labels ?? [])])
    return labelsIn(expr)
      .filter((label) => !known.has(label))
      .map((label) => `${where}: ${label}`)
  })
  expect(unknown).toEqual([])
})

test('legends and sentences use labels that their expressions leave', () => {
  const legends = dashboards.flatMap(({ file, panels }) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat: text }) => ({ where: `${file}: ${title}`, expr, text })),
    ),
  )
  const sentences = alerts.map(({ alert, expr, annotations }) => {
    return { where: alert, expr, text: Object.values(annotations).join(' ').replaceAll('$labels.', '') }
  })
  const unknown = [...legends, ...sentences].flatMap(({ where, expr, text }) => {
    const left = new Set([...labelsLeft(expr), '$value'])
    const used = [...text.matchAll(/\{\{\s*(\$?\w+)[^}]*\}\}/g)].map(([, name = '']) => name)
    return used.filter((name) => !left.has(name)).map((name) => `${where}: ${name}`)
  })
  expect(unknown).toEqual([])
})

test('every alert has a severity, a sentence, and a situation of its trial', () => {
  const names = alerts.map(({ alert }) => alert)
  expect(new Set(names).size).toBe(names.length)
  expect(Object.keys(SITUATIONS).toSorted()).toEqual(names.toSorted())
  const bare = alerts.filter(({ alert, labels, annotations }) => {
    const isSaid = annotations.summary?.endsWith('.') === true
    return !/^Isthmus[A-Z]\w+$/.test(alert) || !['critical', 'warning'].includes(labels.severity ?? '') || !isSaid
  })
  expect(bare).toEqual([])
})

test('every panel says what it shows, and every dashboard has a name of its own', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length)
  expect(dashboards.flatMap(({ panels }) => panels).filter(({ description = '' }) => description === '')).toEqual([])
})
