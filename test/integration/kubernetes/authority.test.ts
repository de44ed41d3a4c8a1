import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Journal, settleWrite } from '../../../src/authority/index.ts'
import { describeDocuments } from '../../support/authority/document-cases.ts'
import { describeLeases } from '../../support/authority/lease-cases.ts'
import { describeRestarts } from '../../support/authority/restart-cases.ts'
import { mustAcquire, never, openClient } from '../../support/authority/stage.ts'
import { describeWatches } from '../../support/authority/watch-cases.ts'
import { hasKubernetes, KubeServer } from '../../support/kubernetes/kube-server.ts'

// An API server that is started again takes some seconds until it serves custom resources.
vi.setConfig({ testTimeout: 300_000 })

describe.skipIf(!hasKubernetes)('Kubernetes', () => {
  let server: KubeServer

  beforeAll(async () => {
    server = await KubeServer.start()
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  const optionsOf = (name = 'isthmus') => ({ kind: 'kubernetes' as const, kubeconfig: server.kubeconfig, name })
  const stageOf = () => ({ options: optionsOf(), restart: () => server.restartAll() })
  const PAGES = '/apis/isthmus.dev/v1/namespaces/default/authoritypages'

  describeDocuments('Kubernetes', stageOf)
  describeLeases('Kubernetes', stageOf)
  describeWatches('Kubernetes', stageOf)
  describeRestarts('Kubernetes', stageOf)

  test('a document as large as one can be, in the characters that grow most, has a place', async () => {
    const { authority } = openClient(optionsOf('large'))
    const value = { text: '"\\'.repeat(127_000) }
    expect((await authority.write('large/a', value, { expected: 'absent' }, never)).kind).toBe('written')
    expect((await openClient(optionsOf('large')).authority.read('large/a', never))?.value).toEqual(value)
  })

  test('a long journal is spread over pages, read back whole, and leaves few pages behind', async () => {
    const { authority, context } = openClient(optionsOf('long'))
    const journal = new Journal({ authority, context })
    const facts = { text: 'x'.repeat(20_000) }
    for (let entry = 0; entry < 40; entry++) await journal.append({ actor: 'test', kind: 'tested', facts }, never)
    const other = openClient(optionsOf('long'))
    const reread = new Journal({ authority: other.authority, context: other.context })
    expect(await reread.verify(never)).toMatchObject({ kind: 'intact', entries: 40 })
    expect((await reread.head(never))?.number).toBe(40)
    await authority.close()
    const { body } = await server.call('GET', `${PAGES}?labelSelector=isthmus.dev/authority=long`)
    const root = await server.call('GET', '/apis/isthmus.dev/v1/namespaces/default/authorities/long')
    const { pages } = root.body.spec as { pages: object[] }
    expect(pages.length).toBeGreaterThan(10)
    expect(body.items?.length).toBeLessThan(pages.length + 20)
  })

  test('the server itself refuses a root that goes back', async () => {
    const { authority } = openClient(optionsOf('back'))
    await authority.write('a', {}, { expected: 'absent' }, never)
    const path = '/apis/isthmus.dev/v1/namespaces/default/authorities/back'
    const { body } = await server.call('GET', path)
    const answer = await server.call('PUT', path, { ...body, spec: { ...(body.spec as object), revision: 1 } })
    expect(answer.status).toBe(422)
    expect(answer.body.message).toContain('commits only count up')
  })

  test('a write that a frozen server does not answer is unknown, and settled once it wakes', async () => {
    const client = openClient({ ...optionsOf('frozen'), timeoutMs: 500 })
    const patient = openClient(optionsOf('frozen'))
    await patient.authority.write('frozen/a', { at: 0 }, { expected: 'absent' }, never)
    const expected = (await patient.authority.read('frozen/a', never))?.revision ?? -1
    await client.authority.read('frozen/a', never).catch(() => undefined)
    server.freeze()
    const write = client.authority.write('frozen/a', { at: 1 }, { expected }, never)
    await expect(write).rejects.toMatchObject({
      code: expect.stringMatching(/^AUTHORITY_(OUTCOME_UNKNOWN|UNREACHABLE)$/),
    })
    server.thaw()
    const again = { key: 'frozen/a', value: { at: 2 }, terms: { expected } }
    const outcome = await settleWrite(patient.authority, again, { ...patient.context, signal: never })
    const read = await patient.authority.read('frozen/a', never)
    expect(read?.value).toEqual(outcome.kind === 'written' ? { at: 2 } : { at: 1 })
  })

  test('while etcd behind the server is gone nothing is done, and afterwards everything is as it was', async () => {
    const client = openClient(optionsOf('outage'))
    const lease = await mustAcquire(client, 'outage', 'holder')
    await client.authority.write('outage/a', { at: 1 }, { expected: 'absent', lease }, never)
    await server.kill('etcd')
    await expect(client.authority.read('outage/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
    expect(client.authority.answers).toBe(false)
    await server.startAll()
    expect((await client.authority.read('outage/a', never))?.value).toEqual({ at: 1 })
    expect(await client.authority.renew(lease, never)).toEqual({ kind: 'held' })
  })

  test('a token that the server does not know is a refusal', async () => {
    const kubeconfig = await server.writeKubeconfig('stranger', 'unknown', 'default')
    const { authority } = openClient({ kind: 'kubernetes', kubeconfig })
    await expect(authority.read('a', never)).rejects.toMatchObject({ code: 'AUTHORITY_REFUSED' })
  })
})
