import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { describeDocuments } from '../../support/authority/document-cases.ts'
import { describeLeases } from '../../support/authority/lease-cases.ts'
import { mustAcquire, never, openClient } from '../../support/authority/stage.ts'
import { describeWatches, Watched } from '../../support/authority/watch-cases.ts'
import { type ApiMishap, FakeApiServer } from '../../support/kubernetes/fake-api-server.ts'

let server: FakeApiServer

beforeEach(async () => {
  server = await FakeApiServer.start()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** Patient, since a busy machine may stand still for seconds; where an answer is missing on purpose it is not. */
const PATIENCE_MS = 15_000
const IMPATIENCE_MS = 1_000
const open = (timeoutMs = PATIENCE_MS) =>
  openClient({ kind: 'kubernetes', kubeconfig: server.kubeconfig, timeoutMs }).authority
const stageOf = () => ({
  options: { kind: 'kubernetes' as const, kubeconfig: server.kubeconfig, timeoutMs: PATIENCE_MS },
})
const namesOf = (kind: string) =>
  [...server.objects.keys()].filter((path) => path.includes(`/${kind}/`)).map((path) => path.split('/').at(-1))
/** Happens to the first request that fits. */
const once = (method: string, path: RegExp, mishap: ApiMishap) => {
  let isDone = false
  server.mishap = (request) => {
    if (isDone || request.method !== method || !path.test(request.path)) return undefined
    isDone = true
    return mishap
  }
}

describeDocuments('Kubernetes', stageOf)
describeLeases('Kubernetes', stageOf)
describeWatches('Kubernetes', stageOf)

test.each<[string, ApiMishap, string]>([
  ['is not answered', 'lost', 'no answer within'],
  ['is cut off', 'hang-up', 'hang up'],
  ['is answered with a timeout', { status: 504, message: 'etcdserver: request timed out' }, 'timed out'],
  ['is answered with an error of the server', { status: 500, message: 'etcdserver: leader changed' }, 'leader'],
])('a commit whose one write %s is unknown', async (_, mishap, reason) => {
  await open().write('a', {}, { expected: 'absent' }, never)
  once('PUT', /authorities/, mishap)
  await expect(open(IMPATIENCE_MS).write('b', {}, { expected: 'absent' }, never)).rejects.toMatchObject({
    code: 'AUTHORITY_OUTCOME_UNKNOWN',
    message: expect.stringContaining(reason),
  })
})

test.each<[string, ApiMishap]>([
  ['is not answered', 'lost'],
  ['is done late', 'late'],
  ['is answered with an error of the server', { status: 500, message: 'etcdserver: leader changed' }],
])('a commit whose page %s is not done, and the page goes', async (_, mishap) => {
  const authority = open()
  await authority.write('a', {}, { expected: 'absent' }, never)
  once('POST', /authoritypages/, mishap)
  const write = open(IMPATIENCE_MS).write('b', {}, { expected: 'absent' }, never)
  await expect(write).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  expect(await authority.read('b', never)).toBeUndefined()
  server.deliverLate()
  for (let at = 0; at < 20; at++) await authority.write(`c/${at}`, {}, { expected: 'absent' }, never)
  expect(await authority.list('c/', never)).toHaveLength(20)
  // Without a sweep there would be one for each write.
  await vi.waitFor(() => expect(namesOf('authoritypages').length).toBeLessThan(10), 10_000)
})

test('a write that comes late meets what was written meanwhile, and is refused', async () => {
  const authority = open()
  const first = await authority.write('a', { at: 0 }, { expected: 'absent' }, never)
  const expected = first.kind === 'written' ? first.revision : -1
  once('PUT', /authorities/, 'late')
  const late = open(IMPATIENCE_MS).write('a', { at: 1 }, { expected }, never)
  await expect(late).rejects.toMatchObject({ code: 'AUTHORITY_OUTCOME_UNKNOWN' })
  expect((await authority.write('a', { at: 2 }, { expected }, never)).kind).toBe('written')
  server.deliverLate()
  expect((await authority.read('a', never))?.value).toEqual({ at: 2 })
})

test.each<[string, number]>([
  ['has no right to it', 403],
  ['is not known', 401],
  ['sends what a definition does not take', 422],
])('who %s is told so, with the reason', async (_, status) => {
  server.mishap = () => ({ status, message: 'because of this' })
  await expect(open().read('a', never)).rejects.toMatchObject({
    code: 'AUTHORITY_REFUSED',
    message: expect.stringContaining('because of this'),
  })
})

test('a server without the definitions is a refusal, not an empty authority', async () => {
  server.mishap = () => ({ status: 404, message: 'the server could not find the requested resource' })
  await expect(open().read('a', never)).rejects.toMatchObject({ code: 'AUTHORITY_REFUSED' })
})

test('a server that is busy, and a read that is cut off, are asked again', async () => {
  const authority = open()
  await authority.write('a', { at: 1 }, { expected: 'absent' }, never)
  once('GET', /authorities/, { status: 429, message: 'too many requests' })
  expect((await authority.read('a', never))?.value).toEqual({ at: 1 })
  once('GET', /authorities/, 'hang-up')
  expect((await authority.read('a', never))?.value).toEqual({ at: 1 })
})

test('a watch whose beginning is forgotten goes on with what is there now', async () => {
  const authority = open()
  await authority.write('watch/a', { at: 1 }, { expected: 'absent' }, never)
  server.oldestVersion = 1e9
  await using watch = new Watched(authority.watch('watch/', AbortSignal.timeout(10_000)))
  await watch.until((state) => state['watch/a'] === 1)
  await authority.write('watch/b', { at: 2 }, { expected: 'absent' }, never)
  await watch.until((state) => state['watch/b'] === 2)
})

test('an authority that was deleted is not begun anew by who knew it, nor while its pages are there', async () => {
  const authority = open()
  await authority.write('a', {}, { expected: 'absent' }, never)
  server.objects.delete('/apis/isthmus.dev/v1/namespaces/kafka/authorities/isthmus')
  await expect(authority.read('a', never)).rejects.toMatchObject({ message: expect.stringContaining('was deleted') })
  await expect(open().write('a', {}, { expected: 'absent' }, never)).rejects.toMatchObject({
    code: 'AUTHORITY_REFUSED',
    message: expect.stringContaining('delete authoritypages -l isthmus.dev/authority=isthmus'),
  })
})

test('a page that somebody has removed is named', async () => {
  const authority = open()
  await authority.write('a', {}, { expected: 'absent' }, never)
  const page = namesOf('authoritypages')[0] ?? ''
  server.objects.delete(`/apis/isthmus.dev/v1/namespaces/kafka/authoritypages/${page}`)
  const fault = { code: 'DOCUMENT_UNREADABLE', message: expect.stringContaining(page) }
  await expect(open().read('a', never)).rejects.toMatchObject(fault)
  await expect(open().write('a', {}, { expected: 'absent' }, never)).rejects.toMatchObject(fault)
})

test('a page that is replaced while it is read is read again', async () => {
  await open().write('a', { at: 1 }, { expected: 'absent' }, never)
  const page = namesOf('authoritypages')[0] ?? ''
  once('GET', new RegExp(page), { status: 404, message: 'replaced below' })
  const { mishap } = server
  server.mishap = (request) => {
    const happened = mishap(request)
    if (happened !== undefined) replacePage(page)
    return happened && undefined
  }
  expect((await open().read('a', never))?.value).toEqual({ at: 1 })
  expect(namesOf('authoritypages')).toEqual(['isthmus-99-ff'])
})

test('a renewal is one small write, and writes no page', async () => {
  const client = openClient(stageOf().options)
  const lease = await mustAcquire(client, 'controller', 'holder')
  await client.authority.write('a', {}, { expected: 'absent', lease }, never)
  const before = server.requests.length
  expect(await client.authority.renew(lease, never)).toEqual({ kind: 'held' })
  expect(server.requests.slice(before).map(({ method }) => method)).toEqual(['PUT'])
})

test('names keep two authorities in one namespace apart', async () => {
  const [one, other] = ['one', 'other'].map((name) => openClient({ ...stageOf().options, name }).authority)
  await one?.write('apart/a', { at: 1 }, { expected: 'absent' }, never)
  expect(await other?.read('apart/a', never)).toBeUndefined()
  expect((await other?.write('apart/a', { at: 2 }, { expected: 'absent' }, never))?.kind).toBe('written')
  expect((await one?.read('apart/a', never))?.value).toEqual({ at: 1 })
})

/** As another process would: the same documents in a page of another name, which the root then names. */
function replacePage(name: string): void {
  const folder = '/apis/isthmus.dev/v1/namespaces/kafka'
  const page = server.objects.get(`${folder}/authoritypages/${name}`)
  const root = server.objects.get(`${folder}/authorities/isthmus`)
  if (page === undefined || root === undefined) throw new Error('there is nothing to replace')
  const spec = { ...(root.spec as object), revision: 99, pages: [{ from: 'a', name: 'isthmus-99-ff' }] }
  server.objects.set(`${folder}/authorities/isthmus`, { ...root, spec })
  server.objects.set(`${folder}/authoritypages/isthmus-99-ff`, page)
  server.objects.delete(`${folder}/authoritypages/${name}`)
}
