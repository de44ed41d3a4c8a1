import { GROUP } from '../failover-trial/control.ts'
import { TrialRegions } from '../failover-trial/trial-regions.ts'
import type { Scene } from './scene.ts'

/** A third region comes; it is taken out of the configuration again, and the group goes on without it. */
export async function playAdding(scene: Scene): Promise<void> {
  const { walker, folder, makeup, context } = scene
  await using more = await TrialRegions.start({ names: ['gamma'], isSecured: true, folder, signal: context.signal })
  const params = { group: GROUP, region: 'gamma' }
  await walker.expectRed('adding-a-region', ['standby', 'copied'], params)
  const regions = [...makeup.regions, ...more.all.map(({ entry }) => entry)]
  const blocks = ['no-move', 'authority', 'configured', 'standby', 'copied', 'doctor', 'journal']
  await walker.walk('adding-a-region', blocks, params, () => scene.start({ regions }))
  await scene.start({ regions: makeup.regions })
  await scene.until('gamma is no region of the group', ({ failoverGroups }) =>
    failoverGroups.every(({ regions: known }) => known.every(({ region }) => region !== 'gamma')),
  )
  await scene.untilMovable('switchover', 'beta')
}
