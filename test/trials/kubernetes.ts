import { setTimeout as sleep } from 'node:timers/promises'
import { AWAY, HOME, KubernetesScene, type ShownOperation, TOPIC } from '../support/kubernetes-trial/scene.ts'
import { readWhole } from '../support/read-whole.ts'
import type { Trial, TrialContext } from '../support/trial.ts'

/**
 * The chart installed on a real API server with a controller manager, a scheduler and a fake node, whose pods stand for
 * nothing: its own run as processes of this machine with the token of their service account. One application goes where its
 * Service points, another one is restarted by each move. Moves are asked for, watched and aborted with kubectl alone.
 */
interface Step {
  readonly step: string
  readonly tookMs: number
  readonly problems: readonly string[]
}

const ATTEMPTS_MAX = 5
const OUTAGE_MS = 60_000
const STEADY_MS = 1_500
/** Phases of an object that has ended. */
const ENDED = new Set(['Done', 'Failed', 'Interrupted', 'RolledBack', 'Superseded', 'Refused'])

export const trial: Trial = {
  name: 'kubernetes',
  describe:
    'moves asked for with kubectl, over a Service that clients follow; aborted, over an API server that is away',
  needs: ['regions', 'kubernetes'],
  limitMs: 900_000,
  shortLimitMs: 300_000,
  fields: ['steps', 'wrongSteps', 'moves', 'watched', 'records', 'lost', 'repeated'],
  populations: ['steps', 'moves', 'watched', 'records'],

  async run({ short }, context) {
    await using scene = await KubernetesScene.start(context)
    using watch = scene.watch('failovergroups')
    const steps: Step[] = []
    const play = async (step: string, run: () => Promise<string[]>) => {
      const startedMs = performance.now()
      const problems = await run()
      const tookMs = Math.round(performance.now() - startedMs)
      context.log(`${step}: ${tookMs} ms${problems.map((problem) => `\n  ${problem}`).join('')}`)
      steps.push({ step, tookMs, problems })
    }
    await play('helm test', () => scene.helmTest())
    await play('a switchover', () => move(scene, AWAY, context))
    await play('deleted before the commit', () => deleteBeforeCommit(scene))
    if (!short) {
      await play('the API server away for 60 s', () => outage(scene))
      await play('a failback', () => move(scene, HOME, context))
      await play('the leader killed in a switchover', () => move(scene, AWAY, context, () => killLeader(scene)))
      await play('the controllers replaced in a failback', () => replaceInMove(scene, context))
    }
    await sleep(STEADY_MS)
    const { records, lost, repeated } = await judgeRecords(scene, context.signal)
    const wrongSteps = steps.filter(({ problems }) => problems.length > 0).length
    const watched = watch.lines.filter((line) => !line.startsWith('NAME')).length
    const moves = steps.filter(({ step }) => /switchover|failback/.test(step)).length
    const shown = watch.lines.some((line) => new RegExp(` ${AWAY} +steady `).test(line))
    if (!shown) context.log(`the watch never showed ${AWAY}:\n${watch.lines.join('\n')}`)
    const ok = wrongSteps === 0 && shown && lost === 0 && repeated === 0
    const rows = steps.map(({ step, tookMs, problems }) => ({ step, tookMs, problems: problems.length }))
    return { ok, rows, summary: { steps: steps.length, wrongSteps, moves, watched, records, lost, repeated } }
  },
}

/** To its end, with the Service behind it and the application in the new region. */
async function move(
  scene: KubernetesScene,
  to: string,
  { log }: TrialContext,
  /** Once it has begun. */
  meanwhile?: () => Promise<unknown>,
): Promise<string[]> {
  const kind = to === HOME ? 'failback' : 'switchover'
  for (let attempt = 1; ; attempt++) {
    const name = await scene.request(kind, to)
    await scene.confirm(name)
    if (meanwhile !== undefined) {
      await scene.until('the move has begun', async () => ((await scene.operation(name))?.step ? true : undefined))
      await meanwhile()
    }
    const end = await untilEnded(scene, name)
    if (end.phase !== 'Done') {
      log(`${name} is ${end.phase}: ${end.message}`)
      if (attempt < ATTEMPTS_MAX) continue
      return [`${end.phase}: ${end.message}`]
    }
    const written = scene.writer.acknowledged.length
    await scene.until('the application follows', async () => {
      return scene.writer.acknowledged.slice(written).some(({ region }) => region === to) ? true : undefined
    })
    const group = await scene.until('the group is steady', async () => {
      const shown = await scene.group()
      return shown?.phase === 'steady' ? shown : undefined
    })
    const selected = await scene.selected()
    const readers = await scene.readers()
    return [
      ...(readers.length === 2 && readers.every((operation) => operation === end.operation)
        ? []
        : [`the pods of the application were started for ${readers.join(', ')}, not for ${end.operation}`]),
      ...(group.active === to ? [] : [`${group.active} is shown as active`]),
      ...(selected === to ? [] : [`the Service selects ${selected}`]),
    ]
  }
}

async function untilEnded(scene: KubernetesScene, name: string): Promise<ShownOperation> {
  return await scene.until(`${name} ends`, async () => {
    const shown = await scene.operation(name)
    return shown !== undefined && ENDED.has(shown.phase) ? shown : undefined
  })
}

/** Another controller is started in its place. */
async function killLeader(scene: KubernetesScene): Promise<void> {
  const leader = await scene.until('somebody leads', () => scene.leader())
  await leader.kill()
  await scene.startPod('controller')
}

/** A rolling upgrade; the move is held at its drain until the last old controller has gone. */
async function replaceInMove(scene: KubernetesScene, context: TrialContext): Promise<string[]> {
  return await move(scene, HOME, context, async () => {
    scene.replicator.freeze()
    try {
      await scene.replaceControllers()
    } finally {
      scene.replicator.wake()
    }
  })
}

/** The replicator sleeps, so that the move cannot get beyond its drain. */
async function deleteBeforeCommit(scene: KubernetesScene): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    const before = await scene.group()
    const name = await scene.request('failback', HOME)
    scene.replicator.freeze()
    try {
      await scene.confirm(name)
      const shown = await scene.until('the move drains', async () => {
        const found = await scene.operation(name)
        return found?.step === 'draining' || ENDED.has(found?.phase ?? '') ? found : undefined
      })
      if (ENDED.has(shown.phase)) {
        if (attempt < ATTEMPTS_MAX) continue
        return [`it was ${shown.phase} before it could be deleted: ${shown.message}`]
      }
      await scene.kubectl('delete', 'failoveroperation', name)
      const after = await scene.until('the move is taken back', async () => {
        const group = await scene.group()
        return group?.phase === 'steady' ? group : undefined
      })
      const isSame = after.active === before?.active && after.epoch === before.epoch
      return isSame ? [] : [`${after.active} is active in epoch ${after.epoch}, before it ${before?.active}`]
    } finally {
      scene.replicator.wake()
    }
  }
}

/** Writes go on, and nothing moves. */
async function outage(scene: KubernetesScene): Promise<string[]> {
  const before = await scene.group()
  const written = scene.writer.acknowledged.length
  scene.server.freeze()
  await sleep(OUTAGE_MS)
  const within = scene.writer.acknowledged.length - written
  scene.server.thaw()
  const after = await scene.until('the group is shown again', () => scene.group())
  const ended = [...scene.controllers, scene.replicator].filter(({ isRunning }) => !isRunning)
  return [
    ...(within > 0 ? [] : ['nothing was written']),
    ...(after.epoch === before?.epoch ? [] : [`epoch ${before?.epoch} became ${after.epoch}`]),
    ...ended.map(({ log }) => `a process ended: ${log.at(-1)}`),
  ]
}

/** On the region that is active: what was acknowledged is there once, and nothing is there twice. */
async function judgeRecords(scene: KubernetesScene, signal: AbortSignal) {
  const acknowledged = await scene.writer.stop()
  const active = (await scene.group())?.active ?? HOME
  const kept = await readWhole(scene.regions.get(active).entry.bootstrap, TOPIC, signal)
  const counts = new Map<string, number>()
  for (const record of kept) {
    const value = record.value?.toString() ?? ''
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const lost = acknowledged.filter(({ value }) => !counts.has(value)).length
  const repeated = [...counts.values()].filter((count) => count > 1).length
  return { records: acknowledged.length, lost, repeated }
}
