import { join } from 'node:path'
import { returnTo } from './move-plays.ts'
import { GROUP, TOPIC } from './names.ts'
import type { Scene } from './scene.ts'

/** Runbooks of a region that is lost, and comes back. */
const THERE = { group: GROUP, to: 'beta' }
const LOST = { group: GROUP, region: 'alpha' }

/** Nothing shows that nobody writes there: a person has to vouch for it. */
export async function playLoss(scene: Scene): Promise<void> {
  const { walker } = scene
  await scene.untilVerdict('alpha', (verdict) => verdict === 'up')
  await walker.expectRed('region-lost', ['down'], THERE, ['group'])
  await walker.expectRed('region-returned', ['role'], LOST)
  await lose(scene)
  await walker.expectRed('region-returned', ['reached', 'divergence'], LOST)
  await walker.walk('region-lost', ['group', 'down', 'target-up', 'authority', 'agreed', 'plan'], THERE)
  await walker.expectRed('region-lost', ['move', 'active'], THERE)
  await walker.walk('region-lost', ['waiting', 'attest', 'active', 'clients', 'writing', 'journal'], THERE)
  await comeBack(scene, 'export')
}

/** A command shows that nobody writes there: the move waits for nobody. */
export async function playCutOff(scene: Scene): Promise<void> {
  const mark = join(scene.folder, 'alpha-is-cut-off')
  const program = (line: string) => JSON.stringify(['/bin/sh', '-c', line])
  const [fence, unfence, check] = [`touch ${mark}`, `rm -f ${mark}`, `test -e ${mark}`].map(program)
  const command = `fence: { command: { fence: ${fence}, unfence: ${unfence}, check: ${check} } }`
  const regions = scene.makeup.regions.map((entry) => {
    return entry.name === 'alpha' ? { ...entry, access: `${entry.access}, ${command}` } : entry
  })
  await scene.start({ regions })
  await scene.untilMovable('switchover', 'beta')
  await lose(scene)
  const blocks = ['group', 'down', 'target-up', 'authority', 'agreed', 'plan', 'move', 'active', 'clients', 'writing']
  await scene.walker.walk('region-lost', [...blocks, 'journal'], THERE)
  await comeBack(scene, 'replay')
}

/** The active region dies with records that nobody has copied. */
async function lose(scene: Scene): Promise<void> {
  scene.isthmus.freeze()
  // The first of them answers a fetch that waits, and is copied still.
  for (const count of [1, 10]) await scene.write('alpha', TOPIC, count)
  await scene.regions.get('alpha').region.stopBroker(0, { hard: true })
  scene.isthmus.wake()
  // Nobody else is there who could confirm it.
  await scene.untilVerdict('alpha', (verdict) => verdict === 'down' || verdict === 'unconfirmed')
}

async function comeBack(scene: Scene, choice: string): Promise<void> {
  const { walker } = scene
  await scene.regions.get('alpha').region.startBroker(0, scene.context.signal)
  await scene.untilVerdict('alpha', (verdict) => verdict === 'up')
  await scene.untilChoosing('alpha')
  await walker.walk('region-returned', ['scan'], LOST)
  await scene.untilChoosing('alpha')
  const first = ['role', 'reached', 'divergence', 'owner', 'dry-run', 'choose']
  await walker.walk('region-returned', [...first, 'standby', 'copied', 'journal'], { ...LOST, choice })
  await scene.untilMovable('failback', 'alpha')
  await returnTo(scene, 'alpha')
}
