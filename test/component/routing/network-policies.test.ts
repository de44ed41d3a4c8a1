import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { evictionProvider, resolveEviction } from '../../../src/routing/index.ts'
import { ClientPolicy } from '../../../src/kubernetes/index.ts'
import { PolicyDoor } from '../../../src/security/index.ts'
import { FakeApiServer } from '../../support/kubernetes/fake-api-server.ts'

const { signal } = new AbortController()
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const AT = '/apis/networking.k8s.io/v1/namespaces/kafka/networkpolicies'
const parts = {
  clock: systemClock,
  random: systemRandom,
  env: {},
  run: () => Promise.reject(new Error('nothing is run here')),
}

let server: FakeApiServer

beforeEach(async () => {
  server = await FakeApiServer.start()
  put('base', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })
  for (const region of ['eu', 'us']) {
    put(`${region}-clients`, { podSelector: { matchLabels: { region } }, ingress: [{ ports: [{ port: 9092 }] }] })
  }
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

function put(name: string, spec: object): void {
  server.objects.set(`${AT}/${name}`, { metadata: { name, resourceVersion: '1' }, spec })
}

function provider(networkPolicies: Record<string, string> = { eu: 'eu-clients', us: 'us-clients' }) {
  const options = { kind: 'networkPolicy', networkPolicies } as const
  const resolved = resolveEviction(options, MOVE.group, { kubeconfig: server.kubeconfig })
  if (resolved === undefined) throw new Error('a key is missing')
  return evictionProvider(resolved, parts)
}

function labelsOf(name: string): object | undefined {
  const spec = server.objects.get(`${AT}/${name}`)?.spec as { podSelector: { matchLabels: object } } | undefined
  return spec?.podSelector.matchLabels
}

const OPEN = (region: string) => ({ region })
const CLOSED = (region: string) => ({ region, 'isthmus.dev/gate': 'closed' })
const writes = () => server.requests.filter(({ method }) => method === 'PATCH').length

test('clients are let in to the new region and kept from the old one, and back', async () => {
  expect(await provider().evict(MOVE, signal)).toEqual({
    kind: 'done',
    reason:
      'NetworkPolicy us-clients in Kubernetes lets clients in; NetworkPolicy eu-clients in Kubernetes keeps clients out',
  })
  expect([labelsOf('eu-clients'), labelsOf('us-clients')]).toEqual([CLOSED('eu'), OPEN('us')])
  await provider().evict(MOVE, signal)
  expect(writes()).toBe(1)
  await provider().evict({ ...MOVE, from: 'us', to: 'eu' }, signal)
  expect([labelsOf('eu-clients'), labelsOf('us-clients')]).toEqual([OPEN('eu'), CLOSED('us')])
  expect(server.objects.get(`${AT}/us-clients`)?.spec).toMatchObject({ ingress: [{ ports: [{ port: 9092 }] }] })
})

test('regions of another cluster are left to their own provider', async () => {
  expect(await provider({ eu: 'eu-clients' }).evict(MOVE, signal)).toMatchObject({ kind: 'done' })
  expect([labelsOf('eu-clients'), labelsOf('us-clients')]).toEqual([CLOSED('eu'), OPEN('us')])
})

test('a policy that would keep nobody out stops the step, and is found before the move', async () => {
  server.objects.delete(`${AT}/base`)
  expect(await provider().findTrouble(signal)).toContain('no other policy selects the same pods')
  expect(await provider().evict(MOVE, signal)).toMatchObject({
    kind: 'failed',
    fault: { code: 'KUBERNETES_POLICY_UNUSABLE' },
  })
  expect(labelsOf('eu-clients')).toEqual(OPEN('eu'))
})

test('a policy that is not there, and a missing right, are found before the move', async () => {
  expect(await provider({ eu: 'stranger' }).findTrouble(signal)).toContain('it is not there')
  expect(await provider().findTrouble(signal)).toBeUndefined()
  expect(labelsOf('eu-clients')).toEqual(OPEN('eu'))
  server.mishap = ({ method }) => (method === 'PATCH' ? { status: 403, message: 'no patch for you' } : undefined)
  expect(await provider().findTrouble(signal)).toContain('no patch for you')
})

test('a policy that is changed between look and write is looked at again', async () => {
  const conflict = { status: 409, message: 'the object has been modified' }
  server.mishap = ({ method }) => (method === 'PATCH' ? conflict : undefined)
  expect(await provider().evict(MOVE, signal)).toMatchObject({ kind: 'unknown' })
  server.mishap = () => undefined
  expect(await provider().evict(MOVE, signal)).toMatchObject({ kind: 'done' })
})

test('a gate tells where it is, goes on behind a change of somebody else, and fails by name', async () => {
  const policy = new ClientPolicy('eu-clients', { kubeconfig: server.kubeconfig }, parts)
  const door = new PolicyDoor(policy, systemClock)
  const conflict = { status: 409, message: 'the object has been modified' }
  server.mishap = ({ method }) => (method === 'PATCH' ? conflict : undefined)
  expect(await door.run('close', 10, signal)).toEqual({ kind: 'running' })
  server.mishap = () => undefined
  expect(await door.run('close', 10, signal)).toEqual({ kind: 'done', position: 'closed' })
  expect(await door.run('check', 10, signal)).toEqual({ kind: 'done', position: 'closed' })
  expect(await door.run('open', 10, signal)).toEqual({ kind: 'done', position: 'open' })
  server.objects.delete(`${AT}/eu-clients`)
  expect(await door.run('check', 10, signal)).toMatchObject({
    kind: 'failed',
    fault: { code: 'KUBERNETES_POLICY_UNUSABLE' },
  })
  await door.stop()
})
