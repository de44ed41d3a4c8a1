import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countUp, describeDocuments } from '../../support/authority/document-cases.ts'
import { describeLeases } from '../../support/authority/lease-cases.ts'
import { never, openClient } from '../../support/authority/stage.ts'
import { describeWatches } from '../../support/authority/watch-cases.ts'

let folder: string
const optionsOf = (name: string) => ({ kind: 'sqlite' as const, path: join(folder, 'new', 'folder', name) })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-sqlite-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const stage = () => ({ options: optionsOf('authority.db') })
describeDocuments('sqlite', stage)
describeLeases('sqlite', stage)
describeWatches('sqlite', stage)

test('processes that are killed while they write lose nothing that was answered', async () => {
  const { path } = optionsOf('killed.db')
  for (let round = 0; round < 3; round++) {
    const writers = ['a', 'b'].map((name) => startWriter(path, `${name}${round}`))
    const told = await Promise.all(writers.map((writer) => killAfter(writer, 15)))
    const counts = (await openClient({ kind: 'sqlite', path }).authority.read('killed/a', never))?.value as Counts
    for (const [at, name] of [`a${round}`, `b${round}`].entries()) {
      // The last write may have been done without being told.
      expect([told[at], (told[at] ?? 0) + 1]).toContain(counts[name])
    }
  }
})

test('a writer that holds the lock too long is waited for, and then named', async () => {
  const options = optionsOf('locked.db')
  const client = openClient(options)
  await client.authority.identity(never)
  const locker = new DatabaseSync(options.path)
  locker.exec('BEGIN IMMEDIATE')
  const waiting = client.authority.write('locked/a', {}, { expected: 'absent' }, never)
  await new Promise((resolve) => setTimeout(resolve, 200))
  locker.exec('COMMIT')
  expect((await waiting).kind).toBe('written')
  locker.exec('BEGIN IMMEDIATE')
  const tooLong = client.authority.write('locked/b', {}, { expected: 'absent' }, never)
  await expect(tooLong).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
  locker.close()
  expect(await countUp(client, 'locked/c', 1)).toBe(1)
})

test('a file that was removed or replaced under a process is neither read nor written any more', async () => {
  const options = optionsOf('replaced.db')
  const client = openClient(options)
  await client.authority.write('replaced/a', {}, { expected: 'absent' }, never)
  renameSync(options.path, `${options.path}.old`)
  const lost = client.authority.write('replaced/b', {}, { expected: 'absent' }, never)
  await expect(lost).rejects.toMatchObject({
    code: 'AUTHORITY_FILE_UNUSABLE',
    message: expect.stringContaining('removed'),
  })
  await expect(client.authority.overview(never)).rejects.toMatchObject({ code: 'AUTHORITY_FILE_UNUSABLE' })
  expect(client.authority.answers).toBe(false)
  copyFileSync(`${options.path}.old`, options.path)
  const replaced = client.authority.write('replaced/b', {}, { expected: 'absent' }, never)
  await expect(replaced).rejects.toMatchObject({
    code: 'AUTHORITY_FILE_UNUSABLE',
    message: expect.stringContaining('replaced'),
  })
  rmSync(options.path)
  renameSync(`${options.path}.old`, options.path)
  await client.authority.overview(never)
  expect(client.authority.answers).toBe(true)
})

test('a file of another program or of a later version is left alone', async () => {
  const foreign = optionsOf('foreign.db')
  await openClient(optionsOf('folder.db')).authority.identity(never)
  const database = new DatabaseSync(foreign.path)
  database.exec('CREATE TABLE theirs (id INTEGER)')
  database.close()
  const refused = openClient(foreign).authority.identity(never)
  await expect(refused).rejects.toMatchObject({ code: 'AUTHORITY_FILE_UNUSABLE' })
  const later = optionsOf('later.db')
  await openClient(later).authority.identity(never)
  const raised = new DatabaseSync(later.path)
  raised.exec('PRAGMA user_version = 99')
  raised.close()
  const message = expect.stringContaining('format 99')
  await expect(openClient(later).authority.identity(never)).rejects.toMatchObject({ message })
})

test('a file that was lost is a new authority with another identity', async () => {
  const options = optionsOf('lost.db')
  const before = openClient(options).authority
  const first = await before.identity(never)
  await before.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(options.path + suffix, { force: true })
  const second = await openClient(options).authority.identity(never)
  expect(second.id).not.toBe(first.id)
})

type Counts = Readonly<Record<string, number>>

function startWriter(path: string, name: string): ChildProcess {
  const program = fileURLToPath(new URL('./sqlite-writer.ts', import.meta.url))
  const flags = ['--disable-warning=ExperimentalWarning', program, path, name]
  return spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** kill -9 in the middle of its work; gives the last number that it told. */
async function killAfter(writer: ChildProcess, least: number): Promise<number> {
  let told = 0
  const gone = once(writer, 'exit')
  for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
    told = Number(line)
    if (told >= least) writer.kill('SIGKILL')
  }
  await gone
  return told
}
