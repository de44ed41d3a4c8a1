import { GROUP } from '../failover-trial/control.ts'
import type { Scene } from './scene.ts'

/** Runbooks in the situations that they are for: broken first, where their checks have to be red; then walked through. */
export const TOPIC = 'orders.created'
export const READERS = 'readers-0'
const OUT = `${GROUP}-alpha-to-beta`
const BACK = `${GROUP}-beta-to-alpha`

export type Play = (scene: Scene) => Promise<void>

/** In this order; the group is active in `alpha` before and after each of them. */
export const PLAYS: Readonly<Record<string, Play>> = {
  notifications: playNotifications,
  'stalled-link': playStalledLink,
  positions: playPositions,
  gap: playGap,
  divergence: playDivergence,
  moves: playMoves,
}

async function playNotifications({ walker, switches }: Scene): Promise<void> {
  switches.receiver.fail()
  await walker.expectRed('notifications-failing', ['test'], {})
  switches.receiver.mend()
  await walker.walk('notifications-failing', ['answers', 'test', 'arrived', 'now'], {})
}

async function playStalledLink(scene: Scene): Promise<void> {
  const params = { link: OUT }
  await scene.hold(OUT, 'pause')
  await scene.walker.expectRed('link-stalled', ['running', 'lag-low'], params)
  await scene.walker.walk('link-stalled', ['runs', 'regions', 'lag', 'resume', 'running', 'lag-low'], params)
  await scene.walker.walk('link-stalled', ['pause', 'state', 'resume', 'running'], params)
}

async function playPositions(scene: Scene): Promise<void> {
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
async function playGap(scene: Scene): Promise<void> {
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
async function playDivergence(scene: Scene): Promise<void> {
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

async function playMoves(scene: Scene): Promise<void> {
  const { walker } = scene
  const there = { group: GROUP, to: 'beta' }
  const back = { group: GROUP, to: 'alpha' }
  await walker.expectRed('planned-switchover', ['group'], back)
  await scene.hold(OUT, 'pause')
  await walker.expectRed('planned-switchover', ['copy', 'plan'], there, ['group'])
  await scene.hold(OUT, 'resume')
  await takenBack(scene, 'planned-switchover', { verb: 'switchover', params: there, from: 'alpha' })
  await scene.untilMovable('switchover', 'beta')
  const checks = ['group', 'regions', 'copy', 'incidents']
  await walker.walk(
    'planned-switchover',
    [...checks, 'plan', 'move', 'active', 'reversed', 'clients', 'journal'],
    there,
  )
  await scene.untilCopied(BACK)

  await scene.does('pause', GROUP, '--reason', 'trial')
  await scene.until('the group is paused', ({ failoverGroups }) => failoverGroups.some(({ isPaused }) => isPaused))
  await walker.expectRed('failback', ['group'], back)
  await walker.expectRed('operation-stopped', ['ended'], { group: GROUP })
  await walker.walk('operation-stopped', ['unpause', 'ended', 'journal'], { group: GROUP })
  await takenBack(scene, 'failback', { verb: 'failback', params: back, from: 'beta' })
  await scene.untilMovable('failback', 'alpha')
  scene.switches.routing.fail()
  await walker.command(['failback', GROUP, '--to', 'alpha', '--reason', 'trial', '--yes', '--wait'], 'admin')
  await walker.expectRed('operation-stopped', ['ended'], { group: GROUP })
  await walker.walk('operation-stopped', ['which', 'why', 'acknowledge', 'ended', 'journal'], { group: GROUP })
  scene.switches.routing.mend()
  await scene.untilCopied(OUT)
}

/** A move that waits for a transaction is ended before its commit. */
async function takenBack(
  scene: Scene,
  id: string,
  {
    verb,
    params,
    from,
  }: {
    readonly verb: 'switchover' | 'failback'
    readonly params: { readonly group: string; readonly to: string }
    readonly from: string
  },
): Promise<void> {
  await scene.walker.expectRed(id, ['abort'], params, ['running'])
  await scene.untilMovable(verb, params.to)
  const producer = scene
    .kafka(scene.regions.get(from), 'app')
    .producer({ transactionalId: 'writer-open', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: TOPIC, messages: [{ partition: 0, value: 'open' }] })
  await scene.does(verb, params.group, '--to', params.to, '--reason', 'trial', '--yes')
  await scene.until('a move runs', ({ failoverGroups }) =>
    failoverGroups.some(({ operationId }) => operationId !== null),
  )
  await scene.walker.walk(id, ['running', 'abort'], params)
  await transaction.abort().catch(() => undefined)
  await producer.disconnect()
  await scene.until('nobody moves the group', ({ failoverGroups }) =>
    failoverGroups.every(({ operationId }) => operationId === null),
  )
}
