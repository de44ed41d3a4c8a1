import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRegionAccess, type RegionAccess } from '../../../src/controller/region-access.ts'
import { createEvents, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import type { RegionFences, SecurityEvents } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import {
  CLAIM,
  entry,
  makeTopics,
  ORDERS,
  type SecuredRegion,
  setAcls,
  soon,
  startSecured,
} from '../security/secured-region.ts'
import { securedConfig, securedFile } from './secured-config.ts'

testEngine()

const run = promisify(execFile)

describe.runIf(canRunKafka)('isthmus unfence --all-of', () => {
  let setup: SecuredRegion
  let access: RegionAccess
  let folder: string
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    setup = await startSecured({ name: 'unfence' })
    await makeTopics(setup.admin, ['orders.a'])
    await setAcls(setup.admin, [entry('User:app')])
    folder = await mkdtemp(join(tmpdir(), 'isthmus-unfence-'))
    const regions = { eu: setup.region, us: { ...setup.region, bootstrap: ['127.0.0.1:9'] } }
    const file = securedFile({ regions })
    env = { ...process.env, ...file.env }
    const text = file.text.replaceAll(/caFile: \/(\w+)\.pem/g, `caFile: ${folder}/$1.pem`)
    await writeFile(join(folder, 'isthmus.yaml'), text)
    for (const [name, pem] of file.files) await writeFile(join(folder, name), pem)
    const events = createEvents<SecurityEvents>()
    const config = securedConfig({ regions })
    access = openRegionAccess({ config, events, clock: systemClock, random: systemRandom, env: {} })
  }, 120_000)
  afterAll(async () => {
    await access?.close()
    await setup?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }, 30_000)

  const unfence = async (...more: string[]) => {
    const args = ['src/main.ts', 'unfence', '--all-of', 'op-1', '--config', join(folder, 'isthmus.yaml'), '--yes']
    try {
      const { stdout } = await run(process.execPath, [...args, '--output', 'json', ...more], { env })
      return { code: 0, report: JSON.parse(stdout) as object }
    } catch (error) {
      const { code, stdout } = error as { code: number; stdout: string }
      return { code, report: JSON.parse(stdout) as object }
    }
  }

  test('takes everything down by what the regions have on record, and names the one it could not reach', async () => {
    const fences = access.fences.get(regionName('eu')) as RegionFences
    await fences.apply({ scope: ORDERS, ...CLAIM }, soon())
    await fences.applyToGroups({ group: 'orders', consumerGroups: ['billing'], ...CLAIM }, soon())
    await fences.apply({ scope: ORDERS, ...CLAIM, operation: 'op-2' }, soon())
    const away = { region: 'us', state: 'unreachable', reason: expect.any(String) }
    expect(await unfence()).toMatchObject({
      code: 5,
      report: { operation: 'op-1', regions: [{ region: 'eu', state: 'lifted', found: 2, removed: 1, kept: 3 }, away] },
    })
    expect((await fences.records(soon())).records).toMatchObject([{ operation: 'op-2' }])
    expect((await fences.prove(ORDERS, soon())).verdict).toBe('fenced')
    expect(await unfence('--region', 'eu')).toMatchObject({ code: 0, report: { regions: [{ state: 'none' }] } })
  }, 90_000)
})
