import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { hasKubernetes, KubeServer } from '../../support/kubernetes/kube-server.ts'
import { ObjectsStage, switchover } from '../../support/kubernetes/objects-stage.ts'

const LIMIT = { timeout: 60_000, interval: 100 }
const drill = { group: 'orders', kind: 'drill', level: 'isolated', reason: 'monday', requestedBy: 'ada' }
const POLICIES = new URL('../../../k8s/admission/requested-by.yaml', import.meta.url)

// An API server beside other work takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

describe.skipIf(!hasKubernetes)('custom resources of failover groups', () => {
  let server: KubeServer
  let namespace: string
  let counter = 0

  beforeAll(async () => {
    server = await KubeServer.start()
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    namespace = await server.makeNamespace(`objects-${++counter}`)
  })

  const at = (plural: string) => `/apis/isthmus.dev/v1/namespaces/${namespace}/${plural}`
  const create = (spec: object, name = 'move') =>
    server.call('POST', at('failoveroperations'), {
      apiVersion: 'isthmus.dev/v1',
      kind: 'FailoverOperation',
      metadata: { name },
      spec,
    })
  const change = (spec: object) => {
    const path = `${at('failoveroperations')}/move`
    return server.call('PATCH', path, { spec }, 'application/merge-patch+json')
  }
  const statusOf = async (path: string) => (await server.call('GET', path)).body.status as Record<string, unknown>
  const phase = async () => (await statusOf(`${at('failoveroperations')}/move`))?.['phase']

  test('a move that an object asks for is shown to its end, in the columns of kubectl and in events', async () => {
    await using stage = new ObjectsStage(await server.writeKubeconfig(namespace, 'admintoken', namespace)).start()
    const { confirm, ...unconfirmed } = switchover
    expect((await create(unconfirmed)).status).toBe(201)
    await vi.waitUntil(async () => (await phase()) === 'Planned', LIMIT)
    expect(stage.operation).toBeUndefined()
    expect((await change({ confirm })).status).toBe(200)
    await vi.waitUntil(async () => (await phase()) === 'Ordered', LIMIT)
    await stage.enter('draining')
    const groups = `${at('failovergroups')}/orders`
    await vi.waitUntil(async () => (await statusOf(groups))?.['phase'] === 'draining', LIMIT)
    await stage.end('done')
    await vi.waitUntil(async () => (await phase()) === 'Done', LIMIT)
    await vi.waitUntil(async () => (await statusOf(groups))?.['active'] === 'east', LIMIT)
    const { columns, cells } = await server.table(at('failovergroups'))
    expect(columns).toEqual(['Name', 'Active', 'Phase', 'Epoch', 'Lag', 'LastDrill', 'Ready', 'Seen'])
    expect(cells[0]?.slice(0, 5)).toEqual(['orders', 'east', 'steady', 2, '3s'])
    expect(cells[0]?.[6]).toBe('True')
    const events = await server.call('GET', `/api/v1/namespaces/${namespace}/events`)
    const told = (events.body.items ?? []) as unknown as { reason: string; involvedObject: { kind: string } }[]
    const reasons = told.map(({ reason, involvedObject }) => `${involvedObject.kind} ${reason}`)
    expect(reasons).toEqual(
      expect.arrayContaining(['FailoverOperation Planned', 'FailoverOperation Done', 'FailoverGroup ActiveChanged']),
    )
    expect(stage.troubles).toEqual([])
  })

  test('deleting the object aborts the move', async () => {
    await using stage = new ObjectsStage(await server.writeKubeconfig(namespace, 'admintoken', namespace)).start()
    await create(switchover)
    await vi.waitUntil(() => stage.operation !== undefined, LIMIT)
    await server.call('DELETE', `${at('failoveroperations')}/move`)
    await vi.waitUntil(() => stage.operation?.abort !== undefined, LIMIT)
    expect(stage.troubles).toEqual([])
  })

  test.each([
    ['has no region', { ...switchover, to: undefined }, 'a move needs the region'],
    ['is confirmed with another name', { ...switchover, confirm: 'bills' }, 'confirm with the name of the group'],
    ['loses records without being a failover', { ...switchover, acceptLoss: true }, 'only a failover loses records'],
    ['has the level of a drill', { ...switchover, level: 'full' }, 'a drill needs its level'],
    ['is a drill without a level', { ...drill, level: undefined }, 'a drill needs its level'],
    ['is a drill with a confirmation', { ...drill, confirm: 'orders' }, 'a drill takes group'],
    ['is of no kind', { ...switchover, kind: 'move' }, 'Unsupported value'],
    ['names nobody', { ...switchover, requestedBy: '' }, 'requestedBy'],
  ])('the server refuses an object that %s', async (_, spec, message) => {
    const { status, body } = await create(spec)
    expect([status, body.message]).toEqual([422, expect.stringContaining(message)])
  })

  test('nothing but a confirmation can be given later, and that stays', async () => {
    const { confirm, ...unconfirmed } = switchover
    await create(unconfirmed)
    expect((await change({ to: 'north' })).body.message).toContain('only confirm and planHash')
    expect((await change({ confirm, planHash: 'a' })).status).toBe(200)
    expect((await change({ confirm: null })).body.message).toContain('what was confirmed stays so')
    expect((await change({ planHash: 'b' })).body.message).toContain('what was confirmed stays so')
  })

  test('where the admission policy is in force, nobody asks in the name of another', async () => {
    for (const document of parseAllDocuments(await readFile(POLICIES, 'utf8'))) {
      const object = document.toJS() as { kind: string }
      const plural = object.kind === 'ValidatingAdmissionPolicy' ? 'policies' : 'policybindings'
      const path = `/apis/admissionregistration.k8s.io/v1/validatingadmission${plural}`
      expect((await server.call('POST', path, object)).status).toBe(201)
    }
    const names = Array.from({ length: 1_000 }, (_, attempt) => `move-${attempt}`)
    // A policy is in force some time after it was made.
    await vi.waitUntil(async () => (await create(switchover, names.shift())).status === 403, LIMIT)
    expect((await create({ ...switchover, requestedBy: 'admin' })).status).toBe(201)
  })
})
