import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../../src/core/index.ts'
import { checkPem, CredentialFiles, Material } from '../../../src/credentials/index.ts'
import { createAuthority } from '../../../src/local/certificates.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-credentials-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Its one timer goes off when the test says so. */
class SteppedClock implements Clock {
  timer: (() => void) | undefined
  nowMs = () => 0
  monotonicMs = () => 0
  setTimer(_delayMs: number, action: () => void) {
    this.timer = action
    return { cancel: () => (this.timer = undefined) }
  }
}

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

/** A password that is followed, and what is told of it; `look` passes the time of one look. */
async function follow(value: string, name = 'password') {
  write(name, value)
  const clock = new SteppedClock()
  const told: string[] = []
  const parse = ([text = '']: readonly string[]) => {
    if (text.trim() === '') throw new Error('it is empty')
    return text.trim()
  }
  const material = new Material({ name: 'regions.eu.sasl', files: [join(folder, name)], parse }, value)
  const files = new CredentialFiles(clock)
  files.events.onAny((event, { name: of }) => void told.push(`${event} ${of}`))
  await files.follow(material)
  files.start()
  const look = async () => {
    const { timer } = clock
    clock.timer = undefined
    timer?.()
    // The next look is asked for when this one has ended.
    await expect.poll(() => clock.timer, { interval: 5 }).toBeDefined()
  }
  return { material, files, told, look, status: () => files.status()[0] }
}

test('a password that has changed counts once two looks have seen the same', async () => {
  const it = await follow('one')
  const before = it.status()
  write('password', 'two')
  await it.look()
  expect(it.material.value).toBe('one')
  await it.look()
  expect(it.material.value).toBe('two')
  expect(it.material.former).toBe('one')
  expect(it.told).toEqual(['credentials:taken regions.eu.sasl'])
  expect(it.status()).toMatchObject({ changes: 1, failures: 0, trouble: null })
  expect(it.status()?.version).not.toBe(before?.version)
})

test('a file that is being written is not taken until it stays as it is', async () => {
  const it = await follow('one')
  for (const part of ['t', 'tw', 'two']) {
    write('password', part)
    await it.look()
    expect(it.material.value).toBe('one')
  }
  await it.look()
  expect(it.material.value).toBe('two')
})

test('a file that is empty or gone keeps what was read before, and is told of once', async () => {
  const it = await follow('one')
  write('password', '')
  for (let at = 0; at < 4; at++) await it.look()
  expect(it.status()).toMatchObject({ failures: 1, trouble: 'it is empty' })
  rmSync(join(folder, 'password'))
  for (let at = 0; at < 4; at++) await it.look()
  expect(it.material.value).toBe('one')
  expect(it.status()).toMatchObject({ failures: 2, trouble: expect.stringContaining('ENOENT') })
  expect(it.told).toEqual(['credentials:refused regions.eu.sasl', 'credentials:refused regions.eu.sasl'])
  write('password', 'one')
  await it.look()
  expect(it.status()).toMatchObject({ failures: 2, changes: 0, trouble: null })
})

test('who was refused looks at once, without waiting for a second look', async () => {
  const it = await follow('one')
  expect(await it.material.renew()).toBe(false)
  write('password', 'two')
  expect(await it.material.renew()).toBe(true)
  expect(it.material.value).toBe('two')
})

test('what was there before is forgotten once the other side has taken what there is now', async () => {
  const it = await follow('one')
  write('password', 'two')
  await it.material.renew()
  it.material.note('former')
  expect(it.status()?.usesFormer).toBe(true)
  it.material.note('current')
  expect(it.status()?.usesFormer).toBe(false)
  expect(it.material.former).toBeUndefined()
})

test('a secret that Kubernetes exchanges by a link two folders above is seen', async () => {
  mkdirSync(join(folder, '..1'))
  mkdirSync(join(folder, '..2'))
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync(join('..data', 'password'), join(folder, 'password'))
  const it = await follow('one', join('..1', 'password'))
  const linked = new Material({ name: 'linked', files: [join(folder, 'password')], parse: ([text]) => text }, 'one')
  await it.files.follow(linked)
  write(join('..2', 'password'), 'two')
  symlinkSync('..2', join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  await it.look()
  await it.look()
  expect(linked.value).toBe('two')
})

test('versions are the same wherever the same was read, and say nothing of the secret', async () => {
  const first = await follow('hunter2')
  const again = await follow('hunter2')
  expect(again.status()?.version).toBe(first.status()?.version)
  expect(first.status()?.version).toMatch(/^[0-9a-f]{8}$/)
  expect(JSON.stringify([first.files.status(), first.material])).not.toContain('hunter2')
})

test('a bundle that is cut off is not taken for a shorter one', async () => {
  const authority = await createAuthority({ commonName: 'ours', now: new Date() })
  const bundle = `${authority.certificate}\n${authority.certificate}`
  checkPem(bundle)
  expect(() => checkPem(bundle.slice(0, -40))).toThrow('cut off')
  expect(() => checkPem('password')).toThrow('no line -----BEGIN')
})
