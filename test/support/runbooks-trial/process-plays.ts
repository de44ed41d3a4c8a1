import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OUT } from './names.ts'
import type { Scene } from './scene.ts'

/** Runbooks of the processes and of what they share. */
export async function playRestart(scene: Scene): Promise<void> {
  const { walker } = scene
  const start = () => scene.start()
  await scene.isthmus.kill()
  await walker.expectRed('controller-down', ['answers', 'authority'], {})
  const after = ['started', 'answers-again', 'one-leads', 'nothing-waits', 'answers', 'authority', 'journal']
  await walker.walk('controller-down', after, {}, start)
  await scene.untilCopied(OUT)
  await walker.walk('upgrade', ['no-move', 'copies', 'authority'], {})
  const rolled = ['rolled', 'running', 'same-work', 'authority-again', 'doctor', 'now']
  await walker.walk('upgrade', rolled, {}, start)
  await scene.untilCopied(OUT)
}

/** The file of the authority is gone, and a new one is made of what the regions have. */
export async function playAuthority(scene: Scene): Promise<void> {
  const { walker, makeup } = scene
  const authority = join(scene.folder, 'restored.db')
  const config = join(scene.folder, 'restored.yaml')
  writeFileSync(config, readFileSync(scene.isthmus.configFile, 'utf8').replace(makeup.authority, authority))
  const params = { region: 'beta', config }
  await walker.expectRed('authority-lost', ['silent', 'dry-run', 'restore'], params)
  await walker.expectRed('authority-lost', ['region'], { ...params, region: 'gamma' })
  await scene.untilAuthority(({ copies }) => copies.every(({ behind, trouble }) => behind === 0 && trouble === null))
  for (const part of ['', '-wal', '-shm']) rmSync(`${makeup.authority}${part}`, { force: true })
  await scene.untilAuthority(({ answers }) => !answers)
  const end = async () => void (await scene.isthmus.terminate())
  await walker.walk('authority-lost', ['silent', 'region', 'gone'], params, end)
  await walker.expectRed('authority-lost', ['answers-again', 'led'], params)
  const blocks = ['dry-run', 'restore', 'start', 'answers-again', 'led', 'journal']
  await walker.walk('authority-lost', blocks, params, () => scene.start({ authority }))
  await scene.untilCopied(OUT)
}
