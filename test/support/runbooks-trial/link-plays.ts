import { GROUP, OUT, TOPIC } from './names.ts'
import type { Scene } from './scene.ts'

/** Runbooks of the copy. */
export async function playNotifications({ walker, switches }: Scene): Promise<void> {
  switches.receiver.fail()
  await walker.expectRed('notifications-failing', ['test'], {})
  switches.receiver.mend()
  await walker.walk('notifications-failing', ['answers', 'test', 'arrived', 'now'], {})
}

export async function playStalledLink(scene: Scene): Promise<void> {
  const params = { link: OUT }
  await scene.hold(OUT, 'pause')
  await scene.walker.expectRed('link-stalled', ['running', 'lag-low'], params)
  await scene.walker.walk('link-stalled', ['runs', 'regions', 'lag', 'resume', 'running', 'lag-low'], params)
  await scene.walker.walk('link-stalled', ['pause', 'state', 'resume', 'running'], params)
}

export async function playPositions(scene: Scene): Promise<void> {
  const params = { link: OUT }
  await scene.hold(OUT, 'pause')
  await scene.walker.expectRed('positions-stale', ['link', 'in-step'], params)
  const mend = () => scene.hold(OUT, 'resume')
  await scene.walker.walk(
    'positions-stale',
    ['mended', 'link', 'groups', 'in-step', 'none-failed', 'now'],
    params,
    mend,
  )
}

/** Records are deleted at the source while nobody copies. */
export async function playGap(scene: Scene): Promise<void> {
  const params = { link: OUT }
  await scene.walker.expectRed('gap-detected', ['gap'], params)
  await scene.hold(OUT, 'pause')
  await scene.write('alpha', TOPIC, 20)
  const admin = scene.kafka(scene.regions.get('alpha')).admin()
  await admin.connect()
  const [end] = (await admin.fetchTopicOffsets(TOPIC)).filter(({ partition }) => partition === 0)
  const partitions = [{ partition: 0, offset: String(Number(end?.offset) - 5) }]
  await admin.deleteTopicRecords({ topic: TOPIC, partitions })
  await admin.disconnect()
  await scene.does('resume', '--link', OUT)
  await scene.until('the gap is noticed', ({ openIncidents }) => openIncidents > 0)
  await scene.walker.expectRed('gap-detected', ['closed'], params)
  const blocks = ['gap', 'lag', 'known', 'acknowledge', 'closed', 'running', 'all']
  await scene.walker.walk('gap-detected', blocks, params)
  await scene.untilCopied(OUT)
}

/** Somebody whom no fence holds writes to the copy. */
export async function playDivergence(scene: Scene): Promise<void> {
  const params = { link: OUT }
  await scene.walker.expectRed('diverged-flow', ['incident', 'stopped'], params)
  await scene.write('beta', TOPIC, 3, 'admin')
  await scene.write('alpha', TOPIC, 3)
  await scene.until('the flow stops', ({ links }) => links.some(({ link, flows }) => link === OUT && flows.stopped > 0))
  await scene.walker.expectRed('diverged-flow', ['running', 'closed'], params)
  const blocks = ['incident', 'stopped', 'readers', 'reseed', 'running', 'closed', 'compare', 'all']
  await scene.walker.walk('diverged-flow', blocks, params)
  await scene.untilCopied(OUT)
  await scene.does('verify', '--link', OUT)
}

export async function playRebuilt(scene: Scene): Promise<void> {
  const params = { group: GROUP, region: 'beta', link: OUT }
  await scene.walker.expectRed('restoring-a-standby', ['noticed'], params)
  await scene.walker.expectRed('restoring-a-standby', ['standby'], { ...params, region: 'alpha' })
  await scene.write('alpha', TOPIC, 5)
  await scene.untilCopied(OUT)
  const { admin } = scene.regions.get('beta')
  await admin.deleteTopics([TOPIC], scene.context.signal)
  // Of both partitions.
  await scene.until('it is noticed', ({ openIncidents }) => openIncidents > 1)
  await scene.walker.walk('restoring-a-standby', ['standby', 'up', 'noticed', 'acknowledge'], params)
  await scene.walker.expectRed('restoring-a-standby', ['closed'], params)
  await scene.acknowledgeAll(OUT)
  await scene.walker.walk('restoring-a-standby', ['closed', 'fenced', 'caught-up', 'compared', 'journal'], params)
  await scene.untilCopied(OUT)
}
