import { expect, test } from 'vitest'
import type { GrantReport, GrantVerb } from '../../../src/cli/index.ts'
import { cli } from '../../support/run-cli.ts'

const GRANT = ['security', 'grant', '--config', 'isthmus.yaml', '--admin', 'eu=eu.properties']
const entry = {
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:isthmus',
  host: '*',
  operation: 'read',
  permission: 'allow',
} as const
const user = { user: 'isthmus', mechanism: 'SCRAM-SHA-512', iterations: 8192 }

/** What was asked for, with an answer that has something to do unless it is said otherwise. */
function granting({ isDone = false } = {}) {
  const asked: GrantVerb[] = []
  const grant = async (verb: GrantVerb): Promise<GrantReport> => {
    asked.push(verb)
    const found = isDone ? { users: [], entries: [], standing: 1 } : { users: [user], entries: [entry], standing: 0 }
    const state = verb.isDryRun ? 'planned' : 'granted'
    return { state, regions: [{ region: 'eu', by: 'User:admin', ...found }] }
  }
  return { asked, verbs: { grant } }
}

test('a dry run shows what would be made, and tells by its exit code whether there is anything', async () => {
  const { asked, verbs } = granting()
  const shown = await cli([...GRANT, '--admin', 'us=us.properties', '--only-needed', '--dry-run'], { verbs })
  expect(shown.code).toBe(6)
  expect(shown.out).toContain('eu, as User:admin: 1 user and 1 entry to be made, 0 stood already')
  expect(shown.out).toContain('+ user isthmus of SCRAM-SHA-512')
  expect(shown.out).toContain('+ allow User:isthmus READ on topic orders.*')
  const admins = new Map([
    ['eu', 'eu.properties'],
    ['us', 'us.properties'],
  ])
  expect(asked).toEqual([{ config: 'isthmus.yaml', admins, isOnlyNeeded: true, isDryRun: true }])
  expect(await cli([...GRANT, '--dry-run'], granting({ isDone: true }))).toMatchObject({ code: 0 })
})

test('nothing is changed before somebody has seen it and says so', async () => {
  const { asked, verbs } = granting()
  const refused = await cli(GRANT, { verbs })
  expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('CLI_GRANT_NOT_CONFIRMED') })
  expect(refused.err).toContain('1 user and 1 entry to be made')
  expect(asked.map(({ isDryRun }) => isDryRun)).toEqual([true])
  const agreed = await cli(GRANT, { verbs, io: { ask: async () => 'grant' } })
  expect(agreed).toMatchObject({ code: 0, out: expect.stringContaining('1 user and 1 entry made') })
  const unasked = await cli([...GRANT, '--yes'], { verbs })
  expect([unasked.code, asked.length]).toEqual([0, 4])
})

test.each([['eu'], ['eu='], ['=eu.properties'], ['eu=another.properties']])(
  '--admin %s is not clear',
  async (value) => {
    const { asked, verbs } = granting()
    const refused = await cli([...GRANT, '--admin', value, '--yes'], { verbs })
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('CLI_ADMIN_UNCLEAR') })
    expect(asked).toEqual([])
  },
)
