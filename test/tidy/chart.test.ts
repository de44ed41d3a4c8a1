import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { nodeFlags } from '../../bin/node.js'
import { rbacRules } from '../../src/kubernetes/index.ts'
import { renderChartReadme } from '../support/chart/chart-readme.ts'
import { listValues } from '../support/chart/values-page.ts'
import { makeValuesSchema } from '../support/chart/values-schema.ts'
import { listFiles, readText, root } from './sources.ts'

const CHART = 'helm/isthmus'
const valuesText = readText(`${CHART}/values.yaml`)
const values = listValues(valuesText)

/** Made from `values.yaml`. `UPDATE=1` writes it anew. */
function expectMade(path: string, text: string): void {
  if (process.env.UPDATE === '1') writeFileSync(join(root, path), text)
  expect(readText(path), 'UPDATE=1 npx vitest run --project tidy').toBe(text)
}

test('the README of the chart has every value', () => {
  expectMade(`${CHART}/README.md`, renderChartReadme(values))
})

test('the schema of the values has every value, and the configuration as Isthmus checks it', () => {
  expectMade(`${CHART}/values.schema.json`, `${JSON.stringify(makeValuesSchema(values), null, 2)}\n`)
})

test('the definitions of the chart are those of k8s/crds', () => {
  const files = listFiles('k8s/crds').filter((path) => path.endsWith('.yaml'))
  for (const path of files) expectMade(`${CHART}/crds/${basename(path)}`, readText(path))
  expect(listFiles(`${CHART}/crds`).map((path) => basename(path))).toEqual(files.map((path) => basename(path)))
})

test('the rules of the chart are the rights that Isthmus uses', () => {
  const own = { authority: 'AUTHORITY', networkPolicies: ['NETWORKPOLICY'] }
  const names = { ...own, services: ['SERVICE'], configMaps: ['CONFIGMAP'] }
  const head = '# Made from src/kubernetes/rbac-rules.ts; names in capitals are filled in.\n'
  expectMade(`${CHART}/files/rbac-rules.yaml`, head + stringify(rbacRules(names), { aliasDuplicateObjects: false }))
})

test('every value is used by a template, and templates use no other', () => {
  const templates = listFiles(`${CHART}/templates`).map(readText).join('\n')
  const used = new Set([...templates.matchAll(/\.Values\.([A-Za-z]+(?:\.[A-Za-z]+)*)/g)].map(([, path = '']) => path))
  const leaves = values.map(({ path }) => path)
  const isKnown = (path: string) =>
    leaves.some((leaf) => leaf === path || leaf.startsWith(`${path}.`) || path.startsWith(`${leaf}.`))
  expect([...used].filter((path) => !isKnown(path))).toEqual([])
  const last = (path: string) => path.split('.').at(-1) ?? ''
  expect(leaves.filter((path) => !new RegExp(`[.$"]${last(path)}\\b`).test(templates))).toEqual([])
})

test('chart and package have the same version', () => {
  const { version, appVersion } = parse(readText(`${CHART}/Chart.yaml`)) as Record<string, string>
  const { version: own } = JSON.parse(readText('package.json')) as { version: string }
  expect([version, appVersion]).toEqual([own, own])
})

test('Node runs in the image as everywhere else', () => {
  const dockerfile = readText('Dockerfile')
  expect(nodeFlags.filter((flag) => !dockerfile.includes(flag))).toEqual([])
  expect(dockerfile).not.toMatch(/^# *syntax=/m)
})
