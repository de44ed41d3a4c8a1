import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createEvents, regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { ClientPolicy } from '../../../src/kubernetes/index.ts'
import { type GateWish, PolicyDoor, RegionGate, type SecurityEvents } from '../../../src/security/index.ts'
import { hasKubernetes, type KubeAnswer, KubeServer } from '../../support/kubernetes/kube-server.ts'

const AT = '/apis/networking.k8s.io/v1/namespaces/kafka/networkpolicies'
const TIMEOUT = { timeout: 20_000 }
const APPLY = 'application/apply-patch+yaml'
const brokers = { matchLabels: { app: 'kafka' } }
const inside = { podSelector: brokers, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: brokers }] }] }
const clients = {
  podSelector: brokers,
  policyTypes: ['Ingress'],
  ingress: [{ ports: [{ protocol: 'TCP', port: 9092 }] }],
}

describe.skipIf(!hasKubernetes)('a gate by a NetworkPolicy', () => {
  let server: KubeServer
  let gate: RegionGate | undefined
  let want: GateWish['want']
  const told: string[] = []

  beforeAll(async () => {
    server = await KubeServer.start({ hasDefinitions: false })
    await server.makeNamespace('kafka')
  })
  afterEach(async () => await gate?.stop())
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  /** As a tool that keeps the cluster as declared does, by server-side apply. */
  function apply(name: string, spec: object, isForced = true): Promise<KubeAnswer> {
    const object = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec }
    const force = isForced ? '&force=true' : ''
    return server.call('PATCH', `${AT}/${name}?fieldManager=declared${force}`, object, APPLY)
  }

  async function specOf(name: string): Promise<unknown> {
    return (await server.call('GET', `${AT}/${name}`)).body.spec
  }

  function begin(policy: string): void {
    const access = { kubeconfig: server.kubeconfig, namespace: 'kafka' }
    const events = createEvents<SecurityEvents>()
    told.length = 0
    events.onAny((name) => void told.push(name))
    gate = new RegionGate({
      region: regionName('eu'),
      door: new PolicyDoor(new ClientPolicy(policy, access, { clock: systemClock, random: systemRandom }), systemClock),
      ask: async () => ({ want, reason: `it says ${want}`, warning: undefined }),
      clock: systemClock,
      events,
    })
    gate.start()
  }

  const position = () => gate?.status().position
  const closed = { ...clients, podSelector: { matchLabels: { app: 'kafka', 'isthmus.dev/gate': 'closed' } } }

  test('keeps nobody out where nothing else selects the brokers: it is left open, and that is told', async () => {
    await apply('clients', clients)
    want = 'closed'
    begin('clients')
    await expect.poll(() => gate?.status().reason, TIMEOUT).toContain('no other policy selects the same pods')
    expect(position()).toBe('unknown')
    expect(await specOf('clients')).toEqual(clients)
    expect(told).toEqual(['gate:failed'])
    await apply('inside', inside)
    await expect.poll(position, TIMEOUT).toBe('closed')
  })

  test('is closed and opened, and its rules stay as they were declared', async () => {
    await Promise.all([apply('clients', clients), apply('inside', inside)])
    want = 'closed'
    begin('clients')
    await expect.poll(position, TIMEOUT).toBe('closed')
    expect(await specOf('clients')).toEqual(closed)
    want = 'open'
    await expect.poll(position, TIMEOUT).toBe('open')
    expect(await specOf('clients')).toEqual(clients)
  })

  test('is not opened by whoever applies what is declared, unless by force, and is closed again then', async () => {
    await Promise.all([apply('clients', clients), apply('inside', inside)])
    want = 'closed'
    begin('clients')
    await expect.poll(position, TIMEOUT).toBe('closed')
    const { status, body } = await apply('clients', clients, false)
    expect([status, body.message]).toEqual([409, expect.stringContaining('.spec.podSelector')])
    await apply('clients', clients)
    await expect.poll(() => told, TIMEOUT).toEqual(['gate:moved', 'gate:found', 'gate:moved'])
    expect(await specOf('clients')).toEqual(closed)
  })
})
