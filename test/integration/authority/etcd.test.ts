import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeDocuments } from '../../support/authority/document-cases.ts'
import { EtcdServer, etcdProgram } from '../../support/authority/etcd-server.ts'
import { describeLeases } from '../../support/authority/lease-cases.ts'
import { describeRestarts } from '../../support/authority/restart-cases.ts'
import { mustAcquire, never, openClient } from '../../support/authority/stage.ts'
import { describeWatches, Watched } from '../../support/authority/watch-cases.ts'

describe.skipIf(etcdProgram === undefined)('etcd', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await EtcdServer.start()
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  const stageOf = () => ({
    options: { kind: 'etcd' as const, endpoints: server.endpoints },
    restart: () => server.restartAll(),
  })

  describeDocuments('etcd', stageOf)
  describeLeases('etcd', stageOf)
  describeWatches('etcd', stageOf)
  describeRestarts('etcd', stageOf)

  test('a prefix keeps authorities on one cluster apart', async () => {
    const { options } = stageOf()
    const [one, other] = ['/one/', '/other/'].map((prefix) => openClient({ ...options, prefix }).authority)
    await one?.write('apart/a', { at: 1 }, { expected: 'absent' }, never)
    expect(await other?.read('apart/a', never)).toBeUndefined()
    expect(await other?.list('apart/', never)).toEqual([])
  })

  test('a server that is gone is named, and what was asked of it is not done', async () => {
    const gone = openClient({ kind: 'etcd', endpoints: ['http://127.0.0.1:9'], timeoutMs: 500 }).authority
    const write = gone.write('gone/a', {}, { expected: 'absent' }, never)
    await expect(write).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
    await expect(gone.read('gone/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  })

  test('a write that a frozen server does not answer is unknown, and settled once it wakes', async () => {
    const client = openClient({ ...stageOf().options, timeoutMs: 500 })
    await client.authority.write('frozen/a', { at: 0 }, { expected: 'absent' }, never)
    const expected = (await client.authority.read('frozen/a', never))?.revision ?? -1
    server.freeze(0)
    const write = client.authority.write('frozen/a', { at: 1 }, { expected }, never)
    await expect(write).rejects.toMatchObject({ code: 'AUTHORITY_OUTCOME_UNKNOWN' })
    server.thaw(0)
    const again = await client.authority.write('frozen/a', { at: 2 }, { expected }, never)
    const read = await client.authority.read('frozen/a', never)
    expect(read?.value).toEqual(again.kind === 'written' ? { at: 2 } : { at: 1 })
  })

  test('another cluster at the same address is not taken for the one before', async () => {
    const server = await EtcdServer.start()
    const other = await EtcdServer.start()
    const client = openClient({ kind: 'etcd', endpoints: [...server.endpoints, ...other.endpoints] })
    await client.authority.write('moved/a', {}, { expected: 'absent' }, never)
    await server[Symbol.asyncDispose]()
    await expect(client.authority.read('moved/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_REFUSED' })
    await other[Symbol.asyncDispose]()
  })
})

describe.skipIf(etcdProgram === undefined)('etcd of three members', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await EtcdServer.start({ members: 3 })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  describeRestarts('etcd of three members', () => ({
    options: { kind: 'etcd' as const, endpoints: server.endpoints, timeoutMs: 3_000 },
    restart: async () => {
      await server.kill(await server.leader())
      await server.startAll()
    },
  }))

  test('the loss of the member that leads costs no lease and no document', async () => {
    const client = openClient({ kind: 'etcd', endpoints: server.endpoints, timeoutMs: 15_000 })
    const lease = await mustAcquire(client, 'three', 'holder')
    const written = await client.authority.write('three/a', { at: 1 }, { expected: 'absent', lease }, never)
    await server.kill(await server.leader())
    const expected = written.kind === 'written' ? written.revision : -1
    expect((await client.authority.read('three/a', never))?.value).toEqual({ at: 1 })
    const second = await client.authority.write('three/a', { at: 2 }, { expected, lease }, never)
    expect(second.kind).toBe('written')
    await server.startAll()
  })

  test('a member that is frozen is passed over', async () => {
    const client = openClient({ kind: 'etcd', endpoints: server.endpoints, timeoutMs: 9_000 })
    await client.authority.write('passed/a', { at: 1 }, { expected: 'absent' }, never)
    const leader = await server.leader()
    server.freeze(leader)
    const behind = [...server.endpoints.slice(leader), ...server.endpoints.slice(0, leader)]
    const other = openClient({ kind: 'etcd', endpoints: behind, timeoutMs: 9_000 })
    expect((await other.authority.read('passed/a', never))?.value).toEqual({ at: 1 })
    server.thaw(leader)
  })

  test('without a majority nothing is read and nothing is written', async () => {
    const client = openClient({ kind: 'etcd', endpoints: server.endpoints, timeoutMs: 4_000 })
    await client.authority.write('alone/a', { at: 1 }, { expected: 'absent' }, never)
    await server.kill(1)
    await server.kill(2)
    await expect(client.authority.read('alone/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
    const write = client.authority.write('alone/b', {}, { expected: 'absent' }, never)
    await expect(write).rejects.toMatchObject({
      code: expect.stringMatching(/^AUTHORITY_(UNREACHABLE|OUTCOME_UNKNOWN)$/),
    })
    await server.startAll()
    expect((await client.authority.read('alone/a', never))?.value).toEqual({ at: 1 })
  })
})

describe.skipIf(etcdProgram === undefined)('etcd with logins', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await EtcdServer.start({ tls: 'server' })
    await switchLoginsOn(server)
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  const open = (password: string, prefix = '/isthmus/') => {
    const { endpoints, tls } = server
    return openClient({
      kind: 'etcd',
      endpoints,
      prefix,
      ...(tls && { tls }),
      login: { username: 'isthmus', password },
    })
  }

  test('a lease is kept over a restart that makes the token of the login invalid', async () => {
    const client = open('right-word')
    const lease = await mustAcquire(client, 'secured', 'holder')
    await server.restartAll()
    expect(await client.authority.renew(lease, never)).toEqual({ kind: 'held' })
    expect((await client.authority.write('secured/a', {}, { expected: 'absent', lease }, never)).kind).toBe('written')
  })

  test('a wrong password, no password and missing rights are refusals, with the reason', async () => {
    const refusal = (reason: string) => ({ code: 'AUTHORITY_REFUSED', message: expect.stringContaining(reason) })
    const { endpoints, tls } = server
    const unknown = openClient({ kind: 'etcd', endpoints, ...(tls && { tls }) }).authority
    await expect(open('wrong-word').authority.read('a', never)).rejects.toMatchObject(refusal('authentication failed'))
    await expect(unknown.read('a', never)).rejects.toMatchObject(refusal('user name is empty'))
    const elsewhere = open('right-word', '/elsewhere/').authority
    const write = elsewhere.write('a', {}, { expected: 'absent' }, never)
    await expect(write).rejects.toMatchObject(refusal('permission denied'))
  })

  test('a watch hears of changes', async () => {
    const [writer, reader] = [open('right-word').authority, open('right-word').authority]
    await using watch = new Watched(reader.watch('heard/', AbortSignal.timeout(30_000)))
    await watch.until(() => true)
    await writer.write('heard/a', { at: 3 }, { expected: 'absent' }, never)
    await watch.until((state) => state['heard/a'] === 3)
  })

  test('a server of another issuer is not spoken to', async () => {
    const { endpoints } = server
    const { authority } = openClient({ kind: 'etcd', endpoints, timeoutMs: 500, tls: {} })
    await expect(authority.read('a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  })
})

describe.skipIf(etcdProgram === undefined)('etcd with client certificates', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await EtcdServer.start({ tls: 'mutual' })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  test('a certificate is enough, as long as etcd has no logins', async () => {
    const { endpoints, tls } = server
    const { authority } = openClient({ kind: 'etcd', endpoints, ...(tls && { tls }) })
    expect((await authority.write('mutual/a', {}, { expected: 'absent' }, never)).kind).toBe('written')
    const without = openClient({ kind: 'etcd', endpoints, tls: { ca: tls?.ca }, timeoutMs: 500 }).authority
    await expect(without.read('mutual/a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
    await switchLoginsOn(server)
    await expect(authority.read('mutual/a', never)).rejects.toMatchObject({
      code: 'AUTHORITY_REFUSED',
      message: expect.stringContaining('CommonName'),
    })
  })
})

/** Two users: root, as etcd wants, and one that may read and write below the prefix. */
async function switchLoginsOn(server: EtcdServer): Promise<void> {
  const range = { permType: 2, key: base64('/isthmus/'), range_end: base64('/isthmus0') }
  await server.call('/v3/auth/user/add', { name: 'root', password: 'root-word' })
  await server.call('/v3/auth/role/add', { name: 'root' })
  await server.call('/v3/auth/user/grant', { user: 'root', role: 'root' })
  await server.call('/v3/auth/user/add', { name: 'isthmus', password: 'right-word' })
  await server.call('/v3/auth/role/add', { name: 'isthmus' })
  await server.call('/v3/auth/role/grant', { name: 'isthmus', perm: range })
  await server.call('/v3/auth/user/grant', { user: 'isthmus', role: 'isthmus' })
  await server.call('/v3/auth/enable', {})
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
