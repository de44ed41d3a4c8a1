import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type AuthorityEvents, openStore } from '../../../src/authority/index.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { ClientPolicy, type RbacFeature, rbacRules } from '../../../src/kubernetes/index.ts'
import {
  type EvictionProvider,
  evictionProvider,
  type ProviderParts,
  type ResolvedEviction,
  type ResolvedRouting,
  resolveEviction,
  resolveRouting,
  type RoutingProvider,
  routingProvider,
} from '../../../src/routing/index.ts'
import { never } from '../../support/authority/stage.ts'
import { hasKubernetes, KubeServer, RESTRICTED } from '../../support/kubernetes/kube-server.ts'
import { ObjectsStage, switchover } from '../../support/kubernetes/objects-stage.ts'
import { grant, grantAllBut, type Right, rightsOf } from '../../support/kubernetes/rights.ts'

const NAMES = { authority: 'isthmus', services: ['kafka'], configMaps: ['clients'], networkPolicies: ['gate'] }
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const rulesOf = (wanted: RbacFeature) => rbacRules(NAMES).filter(({ feature }) => feature === wanted)
const authorityRules = rulesOf('authority')
const nameOf = ({ verb, rule }: Right) => `${verb} ${rule.resources.join()}`

describe.skipIf(!hasKubernetes)('the rights of the Role', () => {
  let server: KubeServer

  beforeAll(async () => {
    server = await KubeServer.start()
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  /** Everything that a store does, to its end: what the authority asks of it, and the sweep. */
  async function useAuthority(namespace: string): Promise<void> {
    const kubeconfig = await server.writeKubeconfig(namespace, RESTRICTED.token, namespace)
    const context = { clock: systemClock, random: systemRandom, events: createEvents<AuthorityEvents>() }
    const store = openStore({ kind: 'kubernetes', kubeconfig, name: NAMES.authority }, context)
    const other = openStore({ kind: 'kubernetes', kubeconfig, name: NAMES.authority }, context)
    let revision = 0
    for (let write = 0; write < 20; write++) {
      const put = { key: 'a', text: `{"at":${write}}` }
      const outcome = await store.commit({ conditions: [{ key: 'a', revision }], puts: [put] }, never)
      if (outcome.kind !== 'committed') throw new Error('a commit was refused')
      revision = outcome.revision
    }
    expect(await other.get('a', never)).toMatchObject({ text: '{"at":19}' })
    const pages = () => server.call('GET', `/apis/isthmus.dev/v1/namespaces/${namespace}/authoritypages`)
    const countPages = async () => (await pages()).body.items?.length
    await expect.poll(countPages, { timeout: 3_000 }).toBeLessThan(10)
    const changed = other.changed('a', revision, AbortSignal.timeout(20_000))
    await Promise.all([changed, store.commit({ conditions: [], puts: [{ key: 'a', text: '{}' }] }, never)])
    await Promise.all([store.close(), other.close()])
  }

  test('are enough for the authority', async () => {
    const namespace = await server.makeNamespace('all-rights')
    await grant(server, namespace, authorityRules)
    await useAuthority(namespace)
  })

  test.each(rightsOf(authorityRules).map((without) => [nameOf(without), without] as const))(
    'without %s the authority does not work',
    async (name, without) => {
      const namespace = await server.makeNamespace(`no-${name.replaceAll(' ', '-')}`)
      await grantAllBut(server, namespace, { rules: authorityRules, without })
      await expect(useAuthority(namespace)).rejects.toThrow()
    },
  )

  /** A group is shown, a move is taken, and both are told of; what stands against it is thrown. */
  async function useObjects(namespace: string): Promise<void> {
    const kubeconfig = await server.writeKubeconfig(`objects-${namespace}`, RESTRICTED.token, namespace)
    const at = `/apis/isthmus.dev/v1/namespaces/${namespace}`
    await server.call('POST', `${at}/failoveroperations`, {
      apiVersion: 'isthmus.dev/v1',
      kind: 'FailoverOperation',
      metadata: { name: 'move' },
      spec: switchover,
    })
    await using stage = new ObjectsStage(kubeconfig).start()
    const told = async () => {
      const { body } = await server.call('GET', `/api/v1/namespaces/${namespace}/events`)
      return (body.items ?? []).length > 0
    }
    const isShown = async (path: string) => (await server.call('GET', `${at}/${path}`)).body.status !== undefined
    const isDone = async () =>
      (await told()) && (await isShown('failovergroups/orders')) && (await isShown('failoveroperations/move'))
    await vi.waitUntil(async () => stage.troubles.length > 0 || (await isDone()), { timeout: 60_000, interval: 100 })
    if (stage.troubles.length > 0) throw new Error(stage.troubles.join('; '))
  }

  describe('objects', () => {
    const rules = rulesOf('objects')

    test('are enough to show groups and to take moves', async () => {
      const namespace = await server.makeNamespace('objects-all')
      await grant(server, namespace, rules)
      await useObjects(namespace)
    })

    test.each(rightsOf(rules).map((without) => [nameOf(without), without] as const))(
      'without %s it does not work',
      async (name, without) => {
        const namespace = await server.makeNamespace(`objects-no-${name.replaceAll(/[^a-z]/g, '-')}`.slice(0, 60))
        await grantAllBut(server, namespace, { rules, without })
        await expect(useObjects(namespace)).rejects.toThrow('forbidden')
      },
    )
  })

  /** All that the providers look at and change; what they find against it is thrown. */
  async function moveClients(namespace: string, feature: RbacFeature): Promise<void> {
    const kubeconfig = await server.writeKubeconfig(`move-${namespace}`, RESTRICTED.token, namespace)
    const context = { clock: systemClock, random: systemRandom }
    const access = { kubeconfig }
    const selectors = { eu: { region: 'eu' }, us: { region: 'us' } }
    const data = { eu: { bootstrap: 'eu:9092' }, us: { bootstrap: 'us:9092' } }
    const routing = [
      resolveRouting({ kind: 'kubernetes', service: 'kafka', selectors }, access),
      resolveRouting({ kind: 'kubernetes', configMap: 'clients', data }, access),
    ].map((one) => kubernetesProvider(one, context))
    const rollout = rolloutProvider(resolveEviction({ kind: 'rollout' }, MOVE.group, access), context)
    for (const provider of feature === 'rollout' ? [rollout] : routing) {
      const trouble = await provider.findTrouble(never)
      if (trouble !== undefined) throw new Error(trouble)
      const end = 'evict' in provider ? await provider.evict(MOVE, never) : await provider.switchTo(MOVE, never)
      if (end.kind === 'failed') throw end.fault
      if ('check' in provider) expect((await provider.check(MOVE, never)).verdict).toBe('switched')
    }
  }

  /** As a gate does, and an eviction before its move. */
  async function useGate(namespace: string): Promise<void> {
    const kubeconfig = await server.writeKubeconfig(`gate-${namespace}`, RESTRICTED.token, namespace)
    const policy = new ClientPolicy('gate', { kubeconfig }, { clock: systemClock, random: systemRandom })
    await policy.check(never)
    for (const to of ['closed', 'open'] as const) {
      expect(await policy.move(to, never)).toBe(true)
      expect(await policy.look(never)).toBe(to)
    }
    await policy.close()
  }

  describe('policies', () => {
    const rules = rulesOf('policies')
    const makePolicies = async (namespace: string) => {
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
      for (const [name, spec] of Object.entries({
        base: { podSelector: {} },
        gate: { podSelector: {}, ingress: [{}] },
      })) {
        await server.call('POST', path, { metadata: { name }, spec })
      }
    }

    test('are enough for a gate', async () => {
      const namespace = await server.makeNamespace('policies-all')
      await makePolicies(namespace)
      await grant(server, namespace, rules)
      await useGate(namespace)
    })

    test.each(rightsOf(rules).map((without) => [nameOf(without), without] as const))(
      'without %s it does not work',
      async (name, without) => {
        const namespace = await server.makeNamespace(`policies-no-${name.replaceAll(' ', '-')}`)
        await makePolicies(namespace)
        await grantAllBut(server, namespace, { rules, without })
        await expect(useGate(namespace)).rejects.toThrow('forbidden')
      },
    )
  })

  async function makeClients(namespace: string): Promise<void> {
    const core = `/api/v1/namespaces/${namespace}`
    const spec = { ports: [{ port: 9092 }], selector: { region: 'eu' } }
    await server.call('POST', `${core}/services`, { metadata: { name: 'kafka' }, spec })
    await server.call('POST', `${core}/configmaps`, { metadata: { name: 'clients' }, data: { bootstrap: 'eu:9092' } })
    for (const [plural, more] of [
      ['deployments', {}],
      ['statefulsets', { serviceName: 'kafka' }],
    ] as const) {
      const made = await server.call('POST', `/apis/apps/v1/namespaces/${namespace}/${plural}`, {
        metadata: { name: 'app', annotations: { 'isthmus.dev/failover-group': MOVE.group } },
        spec: {
          selector: { matchLabels: { app: 'app' } },
          template: { metadata: { labels: { app: 'app' } }, spec: { containers: [{ name: 'app', image: 'app' }] } },
          ...more,
        },
      })
      expect(made.status).toBe(201)
    }
  }

  describe.each(['routing', 'rollout'] as const)('%s', (feature) => {
    const rules = rulesOf(feature)

    test('are enough, and what a server fills in is left as it is', async () => {
      const namespace = await server.makeNamespace(`${feature}-all`)
      await makeClients(namespace)
      await grant(server, namespace, rules)
      await moveClients(namespace, feature)
      const service = await server.call('GET', `/api/v1/namespaces/${namespace}/services/kafka`)
      expect(service.body.spec).toMatchObject({ type: 'ClusterIP', ports: [{ port: 9092 }] })
    })

    test.each(rightsOf(rules).map((without) => [nameOf(without), without] as const))(
      'without %s it does not work',
      async (name, without) => {
        const namespace = await server.makeNamespace(`${feature}-no-${name.replaceAll(' ', '-')}`)
        await makeClients(namespace)
        await grantAllBut(server, namespace, { rules, without })
        await expect(moveClients(namespace, feature)).rejects.toThrow('forbidden')
      },
    )
  })
})

function kubernetesProvider(resolved: ResolvedRouting | undefined, context: ClientContext): RoutingProvider {
  if (resolved?.kind !== 'kubernetes') throw new Error('a key is missing')
  return routingProvider(resolved, { ...context, env: {}, run: nothing })
}

function rolloutProvider(resolved: ResolvedEviction | undefined, context: ClientContext): EvictionProvider {
  if (resolved?.kind !== 'rollout') throw new Error('a key is missing')
  return evictionProvider(resolved, { ...context, env: {}, run: nothing })
}

type ClientContext = Pick<ProviderParts, 'clock' | 'random'>
const nothing = () => Promise.reject(new Error('nothing is run here'))
