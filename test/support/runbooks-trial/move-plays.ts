import { BACK, GROUP, OUT, TOPIC } from './names.ts'
import type { Scene } from './scene.ts'

/** Runbooks of moves and drills. */
export async function playMoves(scene: Scene): Promise<void> {
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
  const isStopped = id === 'operation-stopped'
  const find = isStopped ? 'which' : 'running'
  const known = isStopped ? { group: params.group } : params
  await scene.walker.expectRed(id, [find], known)
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
  if (isStopped) await scene.walker.expectRed(id, ['why'], known, [find])
  await scene.walker.walk(id, [find, 'abort'], known)
  await transaction.abort().catch(() => undefined)
  await producer.disconnect()
  await scene.until('nobody moves the group', ({ failoverGroups }) =>
    failoverGroups.every(({ operationId }) => operationId === null),
  )
}

export async function playDrill(scene: Scene): Promise<void> {
  const params = { group: GROUP, level: 'preflight' }
  await scene.walker.expectRed('drill-failed', ['last', 'running'], params)
  await scene.hold(OUT, 'pause')
  await scene.walker.expectRed('drill-failed', ['again'], params)
  await scene.walker.expectRed('drill-failed', ['passed'], params)
  await scene.hold(OUT, 'resume')
  await scene.untilMovable('switchover', 'beta')
  await scene.walker.walk('drill-failed', ['last', 'report', 'doctor', 'again', 'passed', 'journal'], params)

  await scene.does('drill', 'run', GROUP, '--level', 'canary', '--reason', 'trial')
  await scene.walker.walk('drill-failed', ['running', 'abort'], params)
  await scene.untilNoDrill()
}

/** Behind its commit a move waits for a mended provider; before it, for a writer, and is taken back. */
export async function playStopped(scene: Scene): Promise<void> {
  const { walker, switches } = scene
  const params = { group: GROUP, to: 'alpha' }
  await scene.untilMovable('switchover', 'beta')
  switches.routing.fail()
  await walker.command(['switchover', GROUP, '--to', 'beta', '--reason', 'trial', '--yes', '--wait'], 'admin')
  await walker.walk('operation-stopped', ['which', 'why'], { group: GROUP })
  switches.routing.mend()
  await walker.walk('operation-stopped', ['which', 'resume', 'ended', 'journal'], { group: GROUP })
  await scene.untilCopied(BACK)
  await takenBack(scene, 'operation-stopped', { verb: 'failback', params, from: 'beta' })
  await scene.untilMovable('failback', 'alpha')
  await returnTo(scene, 'alpha')
}

/** As its runbook has it. */
export async function returnTo(scene: Scene, to: string): Promise<void> {
  const blocks = ['group', 'copy', 'regions', 'plan', 'move', 'active', 'reversed', 'journal']
  await scene.walker.walk('failback', blocks, { group: GROUP, to })
  await scene.untilCopied(OUT)
}
