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
  await comeBack(scene)
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

async function comeBack(scene: Scene): Promise<void> {
  const { walker } = scene
  await scene.regions.get('alpha').region.startBroker(0, scene.context.signal)
  await scene.untilVerdict('alpha', (verdict) => verdict === 'up')
  await scene.untilChoosing('alpha')
  await walker.walk('region-returned', ['scan'], LOST)
  await scene.untilChoosing('alpha')
  const first = ['role', 'reached', 'divergence', 'owner', 'dry-run', 'choose']
  await walker.walk('region-returned', [...first, 'standby', 'copied', 'journal'], LOST)
  await scene.untilMovable('failback', 'alpha')
  await returnTo(scene, 'alpha')
}
