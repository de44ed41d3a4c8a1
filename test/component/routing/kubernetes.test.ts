import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import type { KubernetesObject } from '../../../src/kubernetes/index.ts'
import {
  evictionProvider,
  type RoutingProviderOptions,
  resolveEviction,
  resolveRouting,
  routingProvider,
} from '../../../src/routing/index.ts'
import { FakeApiServer } from '../../support/kubernetes/fake-api-server.ts'

const { signal } = new AbortController()
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const parts = {
  clock: systemClock,
  random: systemRandom,
  env: {},
  run: () => Promise.reject(new Error('nothing is run here')),
}

let server: FakeApiServer

beforeEach(async () => {
  server = await FakeApiServer.start()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

function routing(options: Omit<RoutingProviderOptions, 'kind'>) {
  const resolved = resolveRouting({ kind: 'kubernetes', ...options }, { kubeconfig: server.kubeconfig })
  if (resolved === undefined) throw new Error('a key is missing')
  return routingProvider(resolved, parts)
}

const put = (path: string, object: Partial<KubernetesObject>) => {
  const metadata = { name: path.split('/').at(-1) ?? '', resourceVersion: '1', ...object.metadata }
  server.objects.set(path, { ...object, metadata })
}
const SERVICE = '/api/v1/namespaces/kafka/services/kafka'
const CONFIG = '/api/v1/namespaces/kafka/configmaps/clients'
const DEPLOYMENT = '/apis/apps/v1/namespaces/kafka/deployments/reader'
const STATEFUL = '/apis/apps/v1/namespaces/kafka/statefulsets/writer'

describe('a Service with a selector', () => {
  const provider = () => routing({ service: 'kafka', selectors: { eu: { region: 'eu' }, us: { region: 'us' } } })
  beforeEach(() => put(SERVICE, { spec: { clusterIP: '10.0.0.7', selector: { region: 'eu' } } }))

  test('is pointed at the new region, and keeps everything else', async () => {
    expect(await provider().check(MOVE, signal)).toEqual({
      verdict: 'elsewhere',
      reason: 'service kafka has {"region":"eu"}',
    })
    expect((await provider().switchTo(MOVE, signal)).kind).toBe('done')
    expect(server.objects.get(SERVICE)?.spec).toEqual({ clusterIP: '10.0.0.7', selector: { region: 'us' } })
    expect((await provider().check(MOVE, signal)).verdict).toBe('switched')
  })

  test('that points there already is not written again', async () => {
    await provider().switchTo(MOVE, signal)
    const written = server.requests.filter(({ method }) => method === 'PUT').length
    expect((await provider().switchTo(MOVE, signal)).kind).toBe('done')
    expect(server.requests.filter(({ method }) => method === 'PUT').length).toBe(written)
  })

  test('with a selector of somebody else is left alone, and found before the move', async () => {
    put(SERVICE, { spec: { selector: { region: 'mars' } } })
    const step = await provider().switchTo(MOVE, signal)
    expect(step).toMatchObject({ kind: 'failed', fault: { code: 'ROUTING_KUBERNETES_STRANGER' } })
    expect(await provider().findTrouble(signal)).toContain('{"region":"mars"}')
  })

  test('that is changed between look and write is looked at again', async () => {
    server.mishap = ({ method }) => {
      if (method === 'PUT')
        put(SERVICE, { spec: { selector: { region: 'eu' } }, metadata: { name: 'kafka', resourceVersion: '2' } })
      return undefined
    }
    expect((await provider().switchTo(MOVE, signal)).kind).toBe('unknown')
    server.mishap = () => undefined
    expect((await provider().switchTo(MOVE, signal)).kind).toBe('done')
  })

  test('is asked about without being changed, and a missing right is found before the move', async () => {
    expect(await provider().findTrouble(signal)).toBeUndefined()
    expect(server.objects.get(SERVICE)?.metadata.resourceVersion).toBe('1')
    server.mishap = ({ method }) => (method === 'PUT' ? { status: 403, message: 'no update for you' } : undefined)
    expect(await provider().findTrouble(signal)).toContain('no update for you')
    expect(await provider().switchTo(MOVE, signal)).toMatchObject({ kind: 'failed' })
  })

  test('whose server does not say what it did is asked again', async () => {
    server.mishap = ({ method }) => (method === 'PUT' ? 'hang-up' : undefined)
    expect((await provider().switchTo(MOVE, signal)).kind).toBe('unknown')
  })

  test('that is gone is named', async () => {
    server.objects.delete(SERVICE)
    expect(await provider().findTrouble(signal)).toContain('there is no service kafka')
    expect((await provider().check(MOVE, signal)).verdict).toBe('elsewhere')
  })
})

test('a Service of type ExternalName gets the name of the region', async () => {
  put(SERVICE, { spec: { type: 'ExternalName', externalName: 'kafka.eu' } })
  const provider = routing({ service: 'kafka', externalNames: { eu: 'kafka.eu', us: 'kafka.us' } })
  expect((await provider.switchTo(MOVE, signal)).kind).toBe('done')
  expect(server.objects.get(SERVICE)?.spec).toEqual({ type: 'ExternalName', externalName: 'kafka.us' })
})

test('a ConfigMap gets the keys of the region, and keeps the others', async () => {
  put(CONFIG, { data: { bootstrap: 'kafka.eu:9092', retries: '3' } })
  const provider = routing({
    configMap: 'clients',
    data: { eu: { bootstrap: 'kafka.eu:9092' }, us: { bootstrap: 'kafka.us:9092' } },
  })
  expect((await provider.switchTo(MOVE, signal)).kind).toBe('done')
  expect(server.objects.get(CONFIG)?.data).toEqual({ bootstrap: 'kafka.us:9092', retries: '3' })
  expect((await provider.check(MOVE, signal)).verdict).toBe('switched')
})

describe('a rollout', () => {
  const provider = () => {
    const resolved = resolveEviction({ kind: 'rollout' }, MOVE.group, { kubeconfig: server.kubeconfig })
    if (resolved === undefined) throw new Error('a rollout needs no key')
    return evictionProvider(resolved, parts)
  }
  const annotated = (path: string, spec: object = {}) => {
    const name = path.split('/').at(-1) ?? ''
    const metadata = { name, generation: 1, annotations: { 'isthmus.dev/failover-group': 'payments, orders' } }
    put(path, { metadata: { ...metadata, resourceVersion: '1' }, spec: { replicas: 2, ...spec }, status: {} })
  }
  /** As its controller does. */
  const report = (path: string, status: object) => {
    const object = server.objects.get(path)
    if (object !== undefined) put(path, { ...object, status })
  }
  const ready = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
  const operationOf = (path: string) => JSON.stringify(server.objects.get(path)?.spec)

  test('restarts what names the group, once, and waits until all pods run anew', async () => {
    annotated(DEPLOYMENT)
    annotated(STATEFUL)
    put('/apis/apps/v1/namespaces/kafka/deployments/other', { spec: {} })
    expect(await provider().evict(MOVE, signal)).toEqual({
      kind: 'unknown',
      reason: 'waiting for Deployment reader (nobody has begun), StatefulSet writer (nobody has begun)',
    })
    expect(operationOf(DEPLOYMENT)).toContain('"isthmus.dev/operation":"op-1"')
    expect(operationOf(STATEFUL)).toContain('"isthmus.dev/operation":"op-1"')
    expect(operationOf('/apis/apps/v1/namespaces/kafka/deployments/other')).toBe('{}')
    report(DEPLOYMENT, ready)
    report(STATEFUL, { ...ready, availableReplicas: 1 })
    expect(await provider().evict(MOVE, signal)).toMatchObject({
      reason: 'waiting for StatefulSet writer (1 of 2 pods run anew)',
    })
    report(STATEFUL, { ...ready, replicas: 3 })
    expect(await provider().evict(MOVE, signal)).toMatchObject({
      reason: 'waiting for StatefulSet writer (1 old pods are still there)',
    })
    report(STATEFUL, ready)
    expect(await provider().evict(MOVE, signal)).toEqual({
      kind: 'done',
      reason: 'restarted: Deployment reader, StatefulSet writer',
    })
    expect(server.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(2)
  })

  test('restarts again for the next operation', async () => {
    annotated(DEPLOYMENT)
    await provider().evict(MOVE, signal)
    await provider().evict({ ...MOVE, operation: 'op-2' }, signal)
    expect(operationOf(DEPLOYMENT)).toContain('op-2')
  })

  test.each([
    ['is paused', DEPLOYMENT, { paused: true }, 'is paused'],
    ['waits for somebody to delete its pods', STATEFUL, { updateStrategy: { type: 'OnDelete' } }, 'OnDelete'],
    ['has a partition', STATEFUL, { updateStrategy: { rollingUpdate: { partition: 2 } } }, 'below number 2'],
  ])('tells before the move what %s', async (_, path, spec, trouble) => {
    annotated(path, spec)
    expect(await provider().findTrouble(signal)).toContain(trouble)
  })

  test('that nothing names, or that may restart nothing, is told before the move', async () => {
    expect(await provider().findTrouble(signal)).toContain('no Deployment or StatefulSet names the group')
    annotated(DEPLOYMENT)
    expect(await provider().findTrouble(signal)).toBeUndefined()
    server.mishap = ({ method }) => (method === 'PATCH' ? { status: 403, message: 'no patch for you' } : undefined)
    expect(await provider().findTrouble(signal)).toContain('no patch for you')
    expect(await provider().evict(MOVE, signal)).toMatchObject({ kind: 'failed' })
  })
})
