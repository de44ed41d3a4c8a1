import { afterAll, beforeAll, expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import type { RunbookCheckBody, RunbookRunBody, RunbooksBody } from '../../../src/api/contract/index.ts'
import { readShelf } from '../../../src/runbooks/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { eventually } from '../../support/isthmus-process.ts'
import { fillCommands, sampleValues } from '../../support/runbook-samples.ts'
import { cli } from '../../support/run-cli.ts'

/** Runbooks through the API, as callers of each role. */
const [viewer, operator] = [createToken(), createToken()]
let control: Awaited<ReturnType<typeof startFakeControl>>

beforeAll(async () => {
  const tokens = [
    { name: 'vera', role: 'viewer', hash: viewer.hash },
    { name: 'otto', role: 'operator', hash: operator.hash },
  ].map((token) => ({ ...token, hashFile: null, expires: null }))
  control = await startFakeControl({ api: { anonymous: 'none', tokens: tokens as never } })
})
afterAll(() => control[Symbol.asyncDispose]())

interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

async function ask<Body>(token: string, path: string, body?: object): Promise<Answer<Body>> {
  const answer = await fetch(`${control.api}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}

const untilEnded = (token: string, id: string) =>
  eventually(
    'the run has ended',
    async () => {
      const { body } = await ask<RunbookRunBody>(token, `/runbook-runs/${id}`)
      return body.state === 'running' ? undefined : body
    },
    { limitMs: 15_000, everyMs: 50 },
  )

test('whoever may look sees every runbook, and one of them whole', async () => {
  const { body } = await ask<RunbooksBody>(viewer.token, '/runbooks')
  expect(body.runbooks.length).toBeGreaterThanOrEqual(18)
  const one = await ask<{ text: string }>(viewer.token, '/runbooks/region-lost')
  expect(one.body.text).toContain('# The active region is down')
  expect((await ask(viewer.token, '/runbooks/none')).body).toMatchObject({ code: 'RUNBOOK_UNKNOWN', status: 404 })
})

test('every check asks with GET alone, and a viewer may do it', async () => {
  const methods = new Set<string>()
  const refused: string[] = []
  const fetchAsViewer = async (...[input, init]: Parameters<typeof fetch>) => {
    methods.add(init?.method ?? 'GET')
    const answer = await fetch(input, init)
    if (answer.status === 401 || answer.status === 403) refused.push(answer.url)
    return answer
  }
  const looks = [...readShelf().values()].flatMap((runbook) => {
    const blocks = runbook.blocks.filter(({ kind }) => kind === 'check' || kind === 'wait')
    return blocks.flatMap((block) => fillCommands(block, sampleValues(runbook)))
  })
  const lines = new Map(looks.map((args) => [args.join(' '), args]))
  for (const args of lines.values()) {
    await cli(['--api', control.api, ...args], { io: { env: { ISTHMUS_TOKEN: viewer.token }, fetch: fetchAsViewer } })
  }
  expect([...methods]).toEqual(['GET'])
  expect(refused).toEqual([])
  expect(lines.size).toBeGreaterThan(15)
})

test('checks are carried out for a viewer, and tell what is not as expected', async () => {
  const path = '/runbooks/planned-switchover/check?param=group%3Dorders&param=to%3Deast'
  const { status, body } = await ask<RunbookCheckBody>(viewer.token, path)
  expect(status).toBe(200)
  expect(body.blocks.map(({ block }) => block)).toEqual(['group', 'regions', 'copy', 'incidents'])
  expect(body.blocks[0]).toMatchObject({ state: 'green', commands: [{ command: 'isthmus status --output json' }] })
  expect(body.blocks[1]).toMatchObject({ state: 'red' })
  expect(body.blocks[1]?.findings).toContainEqual({
    expected: '$.regions[?region==$from].verdict == "up"',
    holds: false,
    found: '"suspect"',
  })
  expect(body.isGreen).toBe(false)
})

test('a parameter is an argument and nothing else', async () => {
  const evil = encodeURIComponent('group=--api=http://evil')
  const { status, body } = await ask(viewer.token, `/runbooks/failback/check?param=${evil}&param=to%3Deast`)
  expect([status, body]).toMatchObject([400, { code: 'RUNBOOK_PARAM_INVALID' }])
})

test('a viewer carries nothing out', async () => {
  const run = { by: 'vera', blocks: ['plan'], params: { group: 'orders', to: 'east' } }
  const { status, body } = await ask(viewer.token, '/runbooks/planned-switchover/runs', run)
  expect([status, body]).toMatchObject([403, { code: 'API_FORBIDDEN' }])
})

test('blocks are carried out as the caller, recorded, and end with the first that is red', async () => {
  const run = { by: 'somebody else', blocks: ['group', 'plan'], params: { group: 'orders', to: 'east' } }
  const begun = await ask<RunbookRunBody>(operator.token, '/runbooks/planned-switchover/runs', run)
  expect(begun.status).toBe(202)
  const ended = await untilEnded(operator.token, begun.body.id)
  expect(ended).toMatchObject({ state: 'done', by: 'token:otto', wanted: ['group', 'plan'] })
  expect(ended.blocks.map(({ state }) => state)).toEqual(['green', 'green'])
  const { body } = await ask<{ runs: RunbookRunBody[] }>(viewer.token, '/runbook-runs')
  expect(body.runs[0]?.id).toBe(ended.id)
})

test('what the caller may not do, a runbook does not do for them', async () => {
  const params = { group: 'orders', region: 'east' }
  const run = { by: 'otto', blocks: ['fence'], params: { ...params, reason: 'a test' } }
  const begun = await ask<RunbookRunBody>(operator.token, '/runbooks/acl-drift/runs', run)
  const ended = await untilEnded(operator.token, begun.body.id)
  expect(ended.state).toBe('stopped')
  expect(ended.blocks[0]?.commands[0]?.stderr).toContain('API_FORBIDDEN')
})

test('commands that read files are not carried out here', async () => {
  const run = { by: 'otto', blocks: ['dry-run'], params: { region: 'east' } }
  const begun = await ask<RunbookRunBody>(operator.token, '/runbooks/authority-lost/runs', run)
  const ended = await untilEnded(operator.token, begun.body.id)
  expect(ended.blocks[0]?.commands[0]?.stderr).toContain('RUNBOOK_PROCESS_REFUSED')
})

test('a run that was stopped carries out no further block', async () => {
  const run = { by: 'otto', blocks: ['active', 'reversed'], params: { group: 'orders', to: 'north' } }
  const begun = await ask<RunbookRunBody>(operator.token, '/runbooks/planned-switchover/runs', run)
  await ask(operator.token, `/runbook-runs/${begun.body.id}/stop`, {})
  const ended = await untilEnded(operator.token, begun.body.id)
  expect(ended.state).toBe('stopped')
  expect(ended.blocks.length).toBeLessThan(2)
  expect((await ask(viewer.token, '/runbook-runs/none')).body).toMatchObject({ code: 'RUNBOOK_RUN_UNKNOWN' })
})

test('further blocks go on in the same run, and know what its earlier ones have saved', async () => {
  const params = { group: 'orders', to: 'east' }
  const begun = await ask<RunbookRunBody>(operator.token, '/runbooks/planned-switchover/runs', {
    by: 'otto',
    blocks: ['group'],
    params,
  })
  expect((await untilEnded(operator.token, begun.body.id)).params).toMatchObject({ ...params, from: 'west' })
  const further = { by: 'otto', blocks: ['regions'] }
  expect((await ask(viewer.token, `/runbook-runs/${begun.body.id}/blocks`, further)).status).toBe(403)
  const taken = await ask<RunbookRunBody>(operator.token, `/runbook-runs/${begun.body.id}/blocks`, further)
  expect(taken.status).toBe(202)
  const ended = await untilEnded(operator.token, begun.body.id)
  expect(ended.wanted).toEqual(['group', 'regions'])
  // What it needs was saved by the first block: it is red for what it found, and not for what it lacks.
  expect(ended.blocks.map(({ block, state }) => [block, state])).toEqual([
    ['group', 'green'],
    ['regions', 'red'],
  ])
  expect(ended.blocks[1]?.reason).toContain('found "suspect"')
})

test('a run that is carrying out blocks takes no others, nor does one that has many behind it', async () => {
  const params = { group: 'orders', to: 'north' }
  const begin = { by: 'otto', blocks: ['active'], params }
  const { body: run } = await ask<RunbookRunBody>(operator.token, '/runbooks/planned-switchover/runs', begin)
  const further = { by: 'otto', blocks: ['group'] }
  const refused = await ask(operator.token, `/runbook-runs/${run.id}/blocks`, further)
  expect(refused).toMatchObject({ status: 409, body: { code: 'RUNBOOK_RUN_BUSY' } })
  await ask(operator.token, `/runbook-runs/${run.id}/stop`, {})
  await untilEnded(operator.token, run.id)
  const many = { by: 'otto', blocks: Array.from({ length: 50 }, () => 'group') }
  const full = await ask(operator.token, `/runbook-runs/${run.id}/blocks`, many)
  expect(full).toMatchObject({ status: 409, body: { code: 'RUNBOOK_RUN_FULL' } })
})
