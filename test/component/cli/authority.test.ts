import { expect, test } from 'vitest'
import type { AuthorityBody } from '../../../src/api/contract/index.ts'
import type { RestoreReport, RestoreVerb } from '../../../src/cli/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const never = new AbortController().signal
const ASK = ['authority', 'restore', '--config', 'isthmus.yaml', '--from', 'us', '--reason', 'eu is lost']

/** What was asked for, and the answers of a restore that changes nothing. */
function restorer() {
  const asked: RestoreVerb[] = []
  const restore = async (verb: RestoreVerb): Promise<RestoreReport> => {
    asked.push(verb)
    return {
      state: verb.isDryRun ? 'planned' : 'restored',
      where: 'sqlite /tmp/new.db',
      from: verb.from,
      generation: 3,
      documents: [{ key: 'groups/orders', region: 'ap', generation: 2, epoch: 14 }],
      unread: [{ region: 'eu', reason: 'it is down' }],
      journal: { number: 41, hash: 'abc' },
    }
  }
  return { asked, verbs: { restore } }
}

test('status says where it stands, who leads, and what the regions have of it', async () => {
  await using it = await startFakeControl()
  await it.store.acquire('controller', { holder: 'host-1', ttlMs: 9_000 }, never)
  const copies = { behind: 0, behindForMs: 0, upToRevision: 7, trouble: undefined, refused: [], strays: [] }
  it.seen.copies = [{ region: 'west', ...copies, sight: 'read' }]
  const well = await cli(['authority', 'status', '--api', it.api])
  expect(well).toMatchObject({ code: 0, err: '' })
  expect(well.out).toMatch(/memory answers: authority [0-9a-f]{16}, generation 1, revision \d/)
  expect(well.out).toContain('This process leads.')
  expect(well.out).toContain('It is lost together with west.')
  expect(well.out).toMatch(/controller +host-1 +\d/)
  expect(well.out).toMatch(/west +0 +0 +7 +-/)

  const refused = [{ key: 'groups/orders', why: 'newer' as const }]
  it.seen.copies = [{ region: 'west', ...copies, refused, strays: ['groups/lost'], sight: 'read' }]
  const odd = await cli(['authority', 'status', '--api', it.api])
  expect(odd.code).toBe(5)
  expect(odd.out).toContain('groups/orders is newer, groups/lost is lost here')
})

test('an authority that does not answer is shown with what the regions have', async () => {
  await using it = await startFakeControl()
  it.seen.isAuthorityGone = true
  it.seen.hold = 'another controller leads, or none yet'
  const { code, out } = await cli(['authority', 'status', '--output', 'json', '--api', it.api])
  expect(code).toBe(5)
  expect(JSON.parse(out) as AuthorityBody).toMatchObject({
    answers: false,
    trouble: expect.stringContaining('a simulated outage'),
    generation: null,
    leader: 'another controller leads, or none yet',
  })
})

test('a restore shows its plan, and does it once the region is typed', async () => {
  const { asked, verbs } = restorer()
  const questions: string[] = []
  const ask = async (question: string) => {
    questions.push(question)
    return 'us'
  }
  const { code, out, err } = await cli([...ASK, '--by', 'ada'], { verbs, io: { ask } })
  expect(code).toBe(0)
  expect(questions).toEqual(['Type the name of the region to restore from it: '])
  expect(err).toContain('sqlite /tmp/new.db would be generation 3, with 1 failover group')
  expect(err).toContain('eu gave nothing, and may hold something newer: it is down')
  expect(out).toContain('sqlite /tmp/new.db is generation 3, with 1 failover group. Start the controllers with it.')
  expect(out).toMatch(/groups\/orders +14 +2 +ap/)
  const wish = { config: 'isthmus.yaml', from: 'us', reason: 'eu is lost', by: 'ada' }
  expect(asked).toEqual([
    { ...wish, isDryRun: true },
    { ...wish, isDryRun: false },
  ])
})

test.each([
  ['another name is typed', async () => 'eu'],
  ['there is nobody to ask', undefined],
])('a restore is not done where %s', async (_, ask) => {
  const { asked, verbs } = restorer()
  const { code, err } = await cli(ASK, { verbs, io: { ask } })
  expect(code).toBe(3)
  expect(err).toContain('CLI_RESTORE_NOT_CONFIRMED')
  expect(asked.map(({ isDryRun }) => isDryRun)).toEqual([true])
})

test('a dry run asks nobody and changes nothing, and --yes asks nobody', async () => {
  const { asked, verbs } = restorer()
  expect((await cli([...ASK, '--dry-run'], { verbs })).code).toBe(0)
  expect((await cli([...ASK, '--yes'], { verbs })).code).toBe(0)
  expect(asked.map(({ isDryRun }) => isDryRun)).toEqual([true, false])
})
