import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { KubernetesObject } from '../../../../src/kubernetes/index.ts'
import { FakeApiServer } from '../../../support/kubernetes/fake-api-server.ts'
import { ObjectsStage, switchover } from '../../../support/kubernetes/objects-stage.ts'

const ROOT = '/apis/isthmus.dev/v1/namespaces/kafka'
const GROUP = `${ROOT}/failovergroups/orders`
const MOVE = `${ROOT}/failoveroperations/move`
const LIMIT = { timeout: 30_000, interval: 20 }
const until = (look: () => unknown) => vi.waitUntil(look, LIMIT)
// Load makes the loops of a second slow.
vi.setConfig({ testTimeout: 90_000 })

let server: FakeApiServer
let stage: ObjectsStage

beforeEach(async () => {
  server = await FakeApiServer.start()
  stage = new ObjectsStage(server.kubeconfig)
})

afterEach(async () => {
  await stage[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

let version = 0
function put(spec: object, uid = 'uid-1'): void {
  const metadata = { name: 'move', namespace: 'kafka', uid, generation: 1, resourceVersion: `1${++version}` }
  server.objects.set(MOVE, { metadata, spec })
}

const statusAt = (path: string) => server.objects.get(path)?.status as Record<string, unknown> | undefined
const isAt = (phase: string) => () => statusAt(MOVE)?.['phase'] === phase
const events = () => {
  const all = [...server.objects].filter(([path]) => path.includes('/events/')).map(([, event]) => event)
  return all as (KubernetesObject & { reason: string; type: string; note: string; regarding: { name: string } })[]
}

describe('a FailoverGroup', () => {
  test('is made for each group, and shows where it stands', async () => {
    stage.drill = { format: 1, group: 'orders', last: {}, outcomes: {}, passedAt: '2026-01-02T00:00:00.000Z' }
    stage.start()
    await until(() => statusAt(GROUP)?.['active'] === 'west')
    expect(statusAt(GROUP)).toMatchObject({ phase: 'steady', epoch: 1, lastDrill: '2026-01-02T00:00:00.000Z' })
  })

  test('that was shown before stays as it is while nothing has been read', async () => {
    const before = { active: 'east', phase: 'steady', epoch: 7, lag: '0s', conditions: [] }
    server.objects.set(GROUP, { metadata: { name: 'orders', resourceVersion: '1' }, spec: {}, status: before })
    stage.isReadYet = false
    stage.start()
    await until(() => server.requests.filter(({ path }) => path.endsWith('/failovergroups')).length > 1)
    expect(statusAt(GROUP)).toEqual(before)
  })

  test('is left alone by a controller that does not lead', async () => {
    stage.hold = 'another one leads'
    put(switchover)
    stage.start()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.requests).toEqual([])
  })
})

describe('a FailoverOperation', () => {
  test('that is confirmed becomes one move, of which its status tells to the end', async () => {
    put(switchover)
    stage.start()
    await until(isAt('Ordered'))
    const { operation } = stage
    expect(operation).toMatchObject({ kind: 'switchover', to: 'east', request: { by: 'kubernetes:ada' } })
    await stage.enter('draining')
    await until(() => statusAt(MOVE)?.['step'] === 'draining')
    expect(statusAt(MOVE)).toMatchObject({
      operation: operation?.id,
      message: expect.stringContaining('below the cut'),
    })
    await stage.end('done')
    await until(isAt('Done'))
    const { conditions } = statusAt(MOVE) as { conditions: { type: string; status: string }[] }
    expect(conditions).toMatchObject([
      { type: 'Complete', status: 'True', reason: 'Done', observedGeneration: 1 },
      { type: 'Failed', status: 'False' },
    ])
    expect(stage.authority.entries.filter(({ kind }) => kind === 'request')).toHaveLength(1)
    expect(stage.troubles).toEqual([])
  })

  test('is told of by events, each once', async () => {
    put(switchover)
    stage.start()
    await until(isAt('Ordered'))
    await stage.enter('catching-up')
    await until(() => events().some(({ reason }) => reason === 'CatchingUp'))
    const stop = { at: 'catching-up', reason: 'the fence leaks', instructions: 'Look at it' } as const
    await stage.enter('rolling-back', { stop })
    await until(() => events().some(({ reason }) => reason === 'RollingBack'))
    await stage.end('rolled-back')
    await until(() => events().some(({ reason }) => reason === 'RolledBack'))
    expect(statusAt(MOVE)?.['message']).toBe('the fence leaks. Look at it')
    const told = events().filter(({ regarding }) => regarding.name === 'move')
    expect(told.map(({ reason, type }) => `${type} ${reason}`)).toEqual([
      'Normal Requested',
      'Normal CatchingUp',
      'Warning RollingBack',
      'Warning RolledBack',
    ])
  })

  test('without a confirmation shows the plan, made from time to time, and moves nothing', async () => {
    const { confirm: _, ...spec } = switchover
    put(spec)
    stage.start()
    await until(isAt('Planned'))
    expect(statusAt(MOVE)).toMatchObject({ plan: { epoch: 1, blocking: [] } })
    await until(() => server.requests.filter(({ path }) => path.endsWith('/failoveroperations')).length > 4)
    expect([stage.plans, stage.operation]).toEqual([1, undefined])
  })

  test.each([
    ['guards stop', switchover, 'guards stop it: target-reachable'],
    ['names another plan', { ...switchover, planHash: 'other' }, 'no longer the one'],
    ['names no group', { ...switchover, group: 'bills' }, 'there is no failover group bills'],
    ['moves to a stranger', { ...switchover, to: 'south' }, 'guards stop it: target-standby'],
  ])('that %s is refused for good', async (why, spec, message) => {
    if (why === 'guards stop') stage.evidence = { ...stage.evidence, target: { isReachable: false } }
    put(spec)
    stage.start()
    await until(isAt('Refused'))
    expect(statusAt(MOVE)?.['message']).toContain(message)
    expect(stage.operation).toBeUndefined()
  })

  test('that is deleted before the commit has its move aborted', async () => {
    put(switchover)
    stage.start()
    await until(() => stage.operation !== undefined)
    await stage.enter('draining')
    server.objects.delete(MOVE)
    await until(() => stage.operation?.abort !== undefined)
    expect(stage.operation?.abort).toEqual({ by: 'kubernetes:ada', reason: 'its FailoverOperation was deleted' })
  })

  test('that is deleted behind the commit changes nothing', async () => {
    put(switchover)
    stage.start()
    await until(() => stage.operation !== undefined)
    await stage.enter('rerouting')
    server.objects.delete(MOVE)
    const asked = server.requests.length
    await until(() => server.requests.length > asked + 4)
    expect(stage.operation?.abort).toBeUndefined()
    expect(stage.troubles).toEqual([])
  })

  test('leaves moves alone that others have asked for', async () => {
    put(switchover)
    stage.start()
    await until(() => stage.operation !== undefined)
    const request = { ...stage.operation?.request, by: 'bob' } as NonNullable<typeof stage.operation>['request']
    await stage.enter('draining', { request })
    server.objects.delete(MOVE)
    const asked = server.requests.length
    await until(() => server.requests.length > asked + 4)
    expect(stage.operation?.abort).toBeUndefined()
  })

  test('of the same name that is made anew is another one', async () => {
    put(switchover)
    stage.start()
    await until(isAt('Ordered'))
    const first = stage.operation?.id
    await stage.end('rolled-back')
    await until(isAt('RolledBack'))
    put(switchover, 'uid-2')
    await until(() => stage.operation !== undefined)
    expect(stage.operation?.id).not.toBe(first)
  })

  test('of kind drill orders one, and aborts it when it is deleted', async () => {
    put({ group: 'orders', kind: 'drill', level: 'isolated', reason: 'monday', requestedBy: 'ada' })
    stage.start()
    await until(isAt('Ordered'))
    expect(await stage.runningDrill()).toMatchObject({ level: 'isolated', request: { by: 'kubernetes:ada' } })
    server.objects.delete(MOVE)
    await vi.waitUntil(async () => (await stage.runningDrill())?.abort !== undefined, LIMIT)
  })

  test('is taken up again once the API server is back, and its absence is told once', async () => {
    server.mishap = () => 'hang-up'
    put(switchover)
    stage.start()
    await vi.waitUntil(() => stage.troubles.length > 0, LIMIT)
    server.mishap = () => undefined
    await until(isAt('Ordered'))
    expect(new Set(stage.troubles).size).toBe(stage.troubles.length)
  })
})
