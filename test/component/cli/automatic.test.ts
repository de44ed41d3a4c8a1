import { expect, test } from 'vitest'
import type { FailoverGroupBody } from '../../../src/api/contract/index.ts'
import type { AutomaticView } from '../../../src/api/index.ts'
import { type AutomaticDecision, tallyVotes, type Vote } from '../../../src/failover/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const vote = (vantage: string, said: Vote['vote'], downForMs = 0, ageMs = 0): Vote => {
  return { vantage, standsIn: null, vote: said, ageMs, downForMs }
}
const VOTES = [
  vote('here', 'down', 44_000),
  vote('agent-east', 'down', 41_000, 1_200),
  vote('agent-west', 'silent', 0, 58_000),
]
const tally = tallyVotes(VOTES, { region: 'west', vantagePoints: 3, dwellMs: 60_000 })
const view = (decision: AutomaticDecision): AutomaticView => {
  return { mode: 'automatic', dwellMs: 60_000, votes: VOTES, tally, decision, attempt: undefined }
}

test('status says what is missing for an automatic move, and what each vantage point sees', async () => {
  await using it = await startFakeControl()
  it.seen.automatic = view({ kind: 'stay', reason: tally.sentence })
  const { code, out } = await cli(['status', '--api', it.api])
  expect(code).toBe(0)
  expect(out).toContain('orders, automatic: 2 of 3 vantage points see west down for 41 s of 60 s')
  expect(out).toContain('  here: down for 44 s, heard 0.0 s ago')
  expect(out).toContain('  agent-west: silent, heard 58.0 s ago')
})

test('a controller that does not lead counts the votes all the same', async () => {
  await using it = await startFakeControl()
  it.seen.automatic = view({ kind: 'stay', reason: 'another controller leads, or none yet' })
  const { out } = await cli(['status', '--api', it.api])
  expect(out).toContain('see west down for 41 s of 60 s; another controller leads')
})

test('where a person has to decide, status has the command and ends with 5, and so has the API', async () => {
  await using it = await startFakeControl()
  const command = 'isthmus failover orders --to east --accept-loss --reason "west is down"'
  it.seen.automatic = view({ kind: 'page', reason: 'it cannot be fenced', command })
  const { code, out } = await cli(['status', '--api', it.api])
  expect(code).toBe(5)
  expect(out).toContain(`To do it: ${command}`)
  const answer = await fetch(`${it.api}/api/v1/failover-groups/orders`)
  const { automatic } = (await answer.json()) as FailoverGroupBody
  expect(automatic).toMatchObject({ decision: 'page', command, down: 2, needed: 2, downForSeconds: 41, attempt: null })
})

test('nothing is said of a group that only people move', async () => {
  await using it = await startFakeControl()
  it.seen.automatic = { ...view({ kind: 'stay', reason: 'x' }), mode: 'manual' }
  expect((await cli(['status', '--api', it.api])).out).not.toContain('vantage')
})
