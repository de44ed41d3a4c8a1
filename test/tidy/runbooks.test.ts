import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listMetrics } from '../../src/observability/index.ts'
import { type Block, readShelf, type Runbook, settleParams } from '../../src/runbooks/index.ts'
import { readAlerts } from '../support/alerts-trial/rules.ts'
import { fillCommands, sampleValues } from '../support/runbook-samples.ts'
import { cli } from '../support/run-cli.ts'
import { readText, root } from './sources.ts'

/** Binds alerts, runbooks, commands, metrics and documents to each other. */
const WANTED =
  'planned-switchover region-lost region-returned failback link-stalled gap-detected diverged-flow positions-stale ' +
  'certificate-expiring credential-rotation acl-drift authority-lost controller-down false-alarm drill-failed upgrade ' +
  'adding-a-region restoring-a-standby'

// As `path/of/a/file`.
const FILES = new RegExp('`((?:src|test|runbooks)/[^`]+)`', 'g')

const shelf = readShelf(join(root, 'runbooks'))
const alerts = readAlerts()
const runbooks = [...shelf.values()]
const blocks = runbooks.flatMap((runbook) => runbook.blocks.map((block) => ({ runbook, block })))
const nameOf = ({ runbook, block }: { runbook: Runbook; block: Block }) => `${runbook.id} ${block.id}`

test('there is a runbook for every situation that operators meet', () => {
  expect(WANTED.split(' ').filter((id) => !shelf.has(id))).toEqual([])
})

test('every alert leads to a runbook, which lists it, and no runbook lists another one', () => {
  const named = alerts.map(({ alert, annotations }) => `${alert} ${annotations.runbook}`)
  const listed = runbooks.flatMap(({ id, alerts: own }) => own.map((alert) => `${alert} ${id}`))
  expect(listed.toSorted()).toEqual(named.toSorted())
})

test('an alert leads to a runbook that is as urgent', () => {
  const wrong = alerts.filter(({ labels, annotations }) => {
    return labels.severity === 'critical' && shelf.get(annotations.runbook ?? '')?.severity === 'planned'
  })
  expect(wrong).toEqual([])
})

test('every command line is one of the program', async () => {
  const refused: string[] = []
  const lines = new Map(
    blocks.flatMap((one) => fillCommands(one.block, sampleValues(one.runbook)).map((args) => [args.join(' '), args])),
  )
  for (const [line, args] of lines) {
    const { err } = await cli(args, { io: { fetch: () => Promise.reject(new Error('nobody listens')) } })
    if (/^error:|unexpected(?!: Error: not in this test)/m.test(err)) refused.push(`${line}: ${err.split('\n')[0]}`)
  }
  expect(refused).toEqual([])
})

test('every block is of commands of Isthmus, so that the API and the console can run it', () => {
  const shells = blocks.filter(({ block }) => block.kind !== 'observe' && block.commands === undefined)
  expect(shells.map(nameOf)).toEqual([])
})

test('every command answers with JSON where the answer is looked into', () => {
  const tables = blocks.filter(({ block }) => {
    const looks = block.expectations.some(({ kind }) => kind === 'compare' || kind === 'count' || kind === 'save')
    return looks && !block.commands?.at(-1)?.join(' ').endsWith('--output json')
  })
  expect(tables.map(nameOf)).toEqual([])
})

test('every parameter is used, and its default is one that it takes', () => {
  const idle = runbooks.flatMap(({ id, params, text }) => {
    return Object.keys(params).flatMap((name) => (text.includes(`$${name}`) ? [] : [`${id} ${name}`]))
  })
  expect(idle).toEqual([])
  for (const runbook of runbooks) expect(() => settleParams(runbook, sampleValues(runbook))).not.toThrow()
})

test('metrics, faults and files that runbooks name exist', () => {
  const metrics = new Set(listMetrics().map(({ name }) => name))
  const faults = readText('src/faults.md')
  const wrong = runbooks.flatMap(({ id, text }) => {
    const named = [...text.matchAll(/`(isthmus_\w+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !metrics.has(name))
    const codes = [...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code = '']) => code)
    const unknown = codes.filter((code) => !faults.includes(`### ${code}\n`) && !/^(DESCRIBE|READ|WRITE)/.test(code))
    const files = [...text.matchAll(FILES)].map(([, path = '']) => path)
    return [...named, ...unknown, ...files.filter((path) => !existsSync(join(root, path)))].map((it) => `${id}: ${it}`)
  })
  expect(wrong).toEqual([])
})

test('a newcomer is told more than commands', () => {
  const terse = runbooks.flatMap(({ id, sections, text }) => {
    const lines = text.split('\n')
    return sections.flatMap(({ name, line }, at) => {
      const body = lines.slice(line, (sections[at + 1]?.line ?? lines.length + 1) - 1).join('\n')
      return body.trim() === '' ? [`${id}: ${name}`] : []
    })
  })
  expect(terse).toEqual([])
})
