import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StatusBody } from '../../src/api/contract/index.ts'
import { type App, createApp } from '../../src/app.ts'
import { renderStatus } from '../../src/cli/status.ts'
import { loadConfigFile } from '../../src/config/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createLogger } from '../../src/observability/index.ts'
import { eventually } from '../support/isthmus-process.ts'

/** The whole process on a file that changes; its regions are down. */
const LINK = '{ name: weather, source: eu, target: us, topics: { include: [weather] } }'
const fileOf = (links: string, { port = 9, rpo = 5 } = {}) => `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["127.0.0.1:9"] }, { name: us, bootstrap: ["127.0.0.1:${port}"] }]
failoverGroups:
  - { name: orders, regions: [eu, us], topics: { include: ["orders.*"] }, objectives: { rpoSeconds: ${rpo} } }
links: [${links}]
api: { listen: "127.0.0.1:0", anonymous: viewer }
`
const WITHIN = { limitMs: 15_000 }

let folder = ''
let app: App
let address = ''

/** As a ConfigMap is mounted: the file is a link, and the folder that it leads to is exchanged as a whole. */
function mount(text: string, version: string): void {
  mkdirSync(join(folder, version))
  writeFileSync(join(folder, version, 'isthmus.yaml'), text)
  symlinkSync(version, join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, '..data'))
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-config-'))
  mount(fileOf(LINK), '..v1')
  const path = join(folder, 'isthmus.yaml')
  symlinkSync(join('..data', 'isthmus.yaml'), path)
  const { config, text } = loadConfigFile(path)
  const logger = createLogger({ level: 'silent', nowMs: () => Date.now() })
  const file = { path, text, prepare: (given: typeof config) => given }
  app = await createApp({ config, file, version: '0', logger, clock: systemClock, random: systemRandom })
  address = await app.start()
})

afterEach(async () => {
  await app.stop()
  rmSync(folder, { recursive: true })
})

const status = async () => (await (await fetch(`${address}/api/v1/status`)).json()) as StatusBody
const metric = async (name: string) => {
  const text = await (await fetch(`${address}/metrics`)).text()
  return text.split('\n').find((line) => line.startsWith(`${name}{} `))
}
const untilStatus = (what: string, has: (body: StatusBody) => boolean) =>
  eventually(
    what,
    async () => {
      const body = await status()
      return has(body) ? body : undefined
    },
    WITHIN,
  )

test('links, groups and notifications follow the file while the process runs, and the rest is named', async () => {
  const { config: before } = await status()
  expect(before).toMatchObject({ restartKeys: [], refused: null, held: null })
  const second = LINK.replaceAll('weather', 'rain')
  mount(fileOf(`${LINK}, ${second}`, { port: 10, rpo: 9 }), '..v2')
  const body = await untilStatus('the new link is there', ({ links, config }) => {
    return links.length === 2 && config?.restartKeys.length === 1
  })
  expect(body.config?.restartKeys).toEqual(['regions[us].bootstrap'])
  expect(body.config?.appliedAtMs).toBeGreaterThan(before?.appliedAtMs ?? Infinity)
  expect(renderStatus(body)).toContain('restart this process for regions[us].bootstrap')
  expect(await metric('isthmus_config_restart_needed_keys')).toBe('isthmus_config_restart_needed_keys{} 1')
  expect((await fetch(`${address}/api/v1/regions`)).status).toBe(200)

  mount(fileOf(second), '..v3')
  await untilStatus('the old link is gone, and no restart is needed', ({ links, config }) => {
    return links.map(({ link }) => link).join() === 'rain' && config?.restartKeys.length === 0
  })
})

test('a file that is wrong changes nothing, and says so', async () => {
  mount(fileOf(LINK.replace('target: us', 'target: uss')), '..v2')
  const body = await untilStatus('it is refused', ({ config }) => config?.refused !== null)
  expect(body.links.map(({ link }) => link)).toEqual(['weather'])
  expect(renderStatus(body)).toContain('did you mean us?')
  expect(await metric('isthmus_config_refused')).toBe('isthmus_config_refused{} 1')
  mount(fileOf(LINK), '..v3')
  await untilStatus('it is taken again', ({ config }) => config?.refused === null)
})
