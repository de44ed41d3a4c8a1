import { expect, test } from 'vitest'
import type { FailoverGroupBody } from '../../../src/api/contract/index.ts'
import { isInStep, renderScreen, type ScreenFacts } from '../../../src/demo/screen.ts'

const stats = { acknowledged: 0, deadLettered: 0, windowsClosed: 0, alerts: 0, lastError: undefined }
const facts = {
  seconds: 7,
  status: { links: [] },
  workload: { fleet: stats, weather: stats, analytics: stats },
  runsIn: 'eu-west',
  consumerGroup: 'sensor-analytics',
} as unknown as ScreenFacts

const standby = { region: 'us-east', role: 'standby', unfenced: null, return: null }
const group = { active: 'eu-west', epoch: 1, regions: [{ region: 'eu-west', return: null }, standby], operation: null }

function screenOf(changes: object): string[] {
  const body = { ...group, ...changes } as unknown as FailoverGroupBody
  return renderScreen({ ...facts, group: body }).split('\n')
}

test('roles and epoch are shown as soon as the controller answers', () => {
  expect(renderScreen({ ...facts, group: undefined })).not.toContain('ACTIVE')
  expect(screenOf({})).toContain('eu-west ACTIVE in epoch 1   us-east standby   the fleet runs in eu-west')
})

test('a move is shown with its step, what it has paused, and what it needs', () => {
  const operation = { kind: 'switchover', to: 'us-east', phase: 'draining', state: 'running', writePausedSeconds: 1.25 }
  expect(screenOf({ operation: { ...operation, stop: null } })).toContain(
    'switchover to us-east is draining, writes were paused for 1.3 s so far',
  )
  const stop = { reason: 'the fence is not proved', instructions: 'Fence it.' }
  expect(screenOf({ operation: { ...operation, state: 'needs-operator', stop } })).toContain(
    'the fence is not proved: Fence it.',
  )
})

test('a region that came back is shown with its step, and with what it waits for', () => {
  const back = { phase: 'choosing', stop: null, waiting: null, divergence: { records: 1_200 } }
  const returning = { ...standby, role: 'returning', return: back }
  const lines = screenOf({ regions: [returning] })
  expect(lines).toContain('us-east holds 1,200 records that eu-west lacks: choose what becomes of them')
  expect(lines.join('\n')).toContain('us-east returning (choosing)')
  const waiting = { reason: 'markers are under way', since: 'noon' }
  const scanning = { ...returning, return: { ...back, phase: 'scanning', waiting } }
  expect(screenOf({ regions: [scanning] })).toContain('us-east waits since noon: markers are under way')
})

test('nothing is in step before there is a link to every standby', () => {
  const position = { topic: 't', partition: 0, targetOffset: 4 }
  const link = { state: 'running', groups: [{ group: 'sensor-analytics', positions: [position] }] }
  const statusOf = (...links: object[]) => ({ links }) as unknown as ScreenFacts['status']
  const wanted = { group: 'sensor-analytics', standbys: 2 }
  expect(isInStep(statusOf(), wanted)).toBe(false)
  expect(isInStep(statusOf(link), wanted)).toBe(false)
  expect(isInStep(statusOf(link, link), wanted)).toBe(true)
  expect(isInStep(statusOf(link, { ...link, state: 'starting' }), wanted)).toBe(false)
})
