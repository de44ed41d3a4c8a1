import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../src/core/index.ts'
import { createAuthority } from '../../../src/local/index.ts'
import { changePassword } from '../change-password.ts'
import { GROUP, OUT } from './names.ts'
import type { Scene } from './scene.ts'

const DAY_MS = 86_400_000

/** Runbooks of regions: what is open, seems away, or is lost. */
export async function playFences(scene: Scene): Promise<void> {
  const params = { group: GROUP, region: 'beta' }
  await scene.walker.expectRed('acl-drift', ['standby'], { ...params, region: 'alpha' })
  await scene.walker.expectRed('acl-drift', ['fences'], { ...params, region: 'gamma' })
  await scene.walker.walk('acl-drift', ['standby', 'fences', 'fence', 'holds', 'unfence', 'journal'], params)
}

export async function playAlarm(scene: Scene): Promise<void> {
  const params = { region: 'beta' }
  const beta = scene.regions.get('beta').region
  await beta.pauseBroker(0)
  const look = ['votes', 'up']
  try {
    await scene.untilVerdict('beta', (verdict) => verdict !== 'up')
    await scene.walker.expectRed('false-alarm', look, params)
  } finally {
    await beta.resumeBroker(0)
  }
  await scene.untilVerdict('beta', (verdict) => verdict === 'up')
  await scene.walker.walk('false-alarm', ['observer', 'looked', 'votes', 'mended', 'up', 'now'], params)
  await scene.untilCopied(OUT)
}

/** The password of the principal that proves fences, by the credentials command and at the brokers. */
export async function playCredentials(scene: Scene): Promise<void> {
  const params = { region: 'beta' }
  const { region } = scene.regions.get('beta')
  const file = join(scene.folder, 'beta', 'isthmus.password')
  const name = 'regions.beta.canary.sasl'
  await scene.walker.expectRed('credential-rotation', ['let-in'], { region: 'gamma' })
  const held = readFileSync(file, 'utf8')
  rmSync(file)
  await scene.untilCredential(name, ({ trouble }) => trouble !== null)
  await scene.walker.expectRed('credential-rotation', ['files', 'in-use'], params)
  await scene.walker.expectRed('certificate-expiring', ['files', 'in-use'], params)
  writeFileSync(file, held, { mode: 0o600 })
  await scene.untilCredential(name, ({ trouble }) => trouble === null)
  const rotate = async () => {
    const password = `${held}-next`
    await changePassword(region, { username: 'isthmus', password })
    writeFileSync(file, password, { mode: 0o600 })
    await scene.untilCredential(name, ({ changes }) => changes > 0)
  }
  const blocks = ['no-move', 'let-in', 'files', 'rotated', 'in-use', 'in-again', 'copies', 'now']
  await scene.walker.walk('credential-rotation', blocks, params, rotate)
}

/** An authority in a file of Isthmus ends in ten days. */
export async function playCertificate(scene: Scene): Promise<void> {
  const params = { region: 'beta' }
  const file = join(scene.folder, 'beta', 'ca.pem')
  const held = readFileSync(file, 'utf8')
  await scene.walker.expectRed('certificate-expiring', ['found'], params)
  const issued = new Date(systemClock.nowMs() - 20 * DAY_MS)
  const { certificate } = await createAuthority({ commonName: 'another', now: issued })
  const put = async (text: string, isSo: (days: number) => boolean) => {
    writeFileSync(file, text)
    await scene.untilCredential('regions.beta.tls', ({ expiresInSeconds }) =>
      isSo(((expiresInSeconds ?? 0) * 1_000) / DAY_MS),
    )
  }
  await put(held + certificate, (days) => days < 11)
  await scene.walker.expectRed('certificate-expiring', ['gone'], params)
  const blocks = ['let-in', 'files', 'found', 'replaced', 'probed', 'in-use', 'still-in', 'gone', 'now']
  await scene.walker.walk('certificate-expiring', blocks, params, () => put(held, (days) => days > 25))
}
