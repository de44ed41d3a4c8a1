import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createToken } from '../../src/api/index.ts'
import { GROUP, readGroup } from '../support/failover-trial/control.ts'
import { TrialRegions } from '../support/failover-trial/trial-regions.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { commitGroups, positionsAt } from '../support/many-groups.ts'
import { READERS, TOPIC } from '../support/runbooks-trial/names.ts'
import { PLAYS } from '../support/runbooks-trial/plays.ts'
import { strangeListener } from '../support/runbooks-trial/policy-plays.ts'
import { type Makeup, Scene, type Switches } from '../support/runbooks-trial/scene.ts'
import { Walker } from '../support/runbooks-trial/walker.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'
import { startReceiver } from '../support/web-receiver.ts'

/**
 * Blocks of runbooks on real regions with TLS, logins and ACLs, each runbook in the situation that it is for. Before
 * it is walked through, its checks have to be red where something is broken. Checks run with a viewer's token.
 */
const SHORT_PARTS = 'notifications,stalled-link,gap,moves'

export const trial: Trial = {
  name: 'runbooks',
  describe: 'blocks of runbooks do what they say on real regions, and their checks are red where something is broken',
  fields: ['runbooks', 'blocks', 'unplayed', 'negative', 'failed'],
  populations: ['runbooks', 'blocks', 'negative'],
  limitMs: 45 * 60_000,
  options: { parts: { describe: `some of ${Object.keys(PLAYS).join(', ')}`, default: '' } },

  async run({ short, options }, context) {
    const { signal, log } = context
    using folder = new TrialFolder()
    await using receiver = await startReceiver()
    await using regions = await TrialRegions.start({
      names: ['alpha', 'beta'],
      isSecured: true,
      listeners: { beta: [await strangeListener()] },
      folder: folder.path,
      signal,
    })
    await fill(regions, signal)
    const failing = folder.file('routing-fails')
    const switches: Switches = {
      routing: { fail: () => writeFileSync(failing, ''), mend: () => existsSync(failing) && rmSync(failing) },
      receiver: {
        fail: () => (receiver.answers.status = () => 500),
        mend: () => (receiver.answers.status = () => 204),
      },
    }
    await using stack = new AsyncDisposableStack()
    const [viewer, admin] = [createToken(), createToken()]
    const start = async ({ authority, regions: entries, policies }: Makeup) => {
      const tokens = Object.entries({ viewer, admin }).map(
        ([role, { hash }]) => `{ name: ${role}, role: ${role}, hash: "${hash}" }`,
      )
      const names = entries.map(({ name }) => name)
      const isthmus = stack.use(
        await IsthmusProcess.start({
          regions: entries,
          rest: renderRest({ authority, names, policies, failing, receiver: receiver.url }),
          api: `anonymous: viewer, auth: { tokens: [${tokens.join(', ')}] }`,
        }),
      )
      const look = () => {
        if (!isthmus.isRunning) throw new Error(`isthmus ended: ${isthmus.log.slice(-8).join('\n')}`)
        return readGroup(isthmus)
      }
      await eventually('the group is known', look, { limitMs: 120_000, signal })
      return isthmus
    }
    const walker = new Walker({ viewer: viewer.token, admin: admin.token }, context)
    const entries = regions.all.map(({ entry }) => entry)
    const makeup = { authority: folder.file('authority.db'), regions: entries, policies: [] }
    const scene = new Scene({ walker, regions, switches, context, folder: folder.path, makeup, start })
    await scene.start()
    await scene.untilCopied(`${GROUP}-alpha-to-beta`)
    const parts = options['parts'] || (short ? SHORT_PARTS : Object.keys(PLAYS).join(','))
    for (const part of parts.split(',')) await playPart(part, scene, log)
    return conclude(walker, { isWhole: !short && options['parts'] === '', log })
  },
}

async function playPart(part: string, scene: Scene, log: TrialContext['log']): Promise<void> {
  const play = PLAYS[part]
  if (play === undefined) throw new Error(`no part ${part}`)
  const startedMs = performance.now()
  try {
    await play(scene)
  } catch (error) {
    scene.context.signal.throwIfAborted()
    scene.walker.wrong.push(`${part}: ${(error as Error).message}`)
  }
  log(`${part}: ${Math.round((performance.now() - startedMs) / 1_000)} s`)
}

/** The full form names what was never played, and what was never red. */
function conclude(
  { shelf, walked, red, wrong }: Walker,
  { isWhole, log }: { isWhole: boolean; log: (line: string) => void },
) {
  const all = [...shelf.values()].flatMap(({ id, blocks }) =>
    blocks.map((block) => ({ name: `${id} ${block.id}`, block })),
  )
  const unplayed = all.filter(({ name }) => !walked.has(name)).map(({ name }) => name)
  const neverRed = all.filter(({ name, block }) => block.kind !== 'observe' && !red.has(name)).map(({ name }) => name)
  if (isWhole) {
    log(`never played: ${unplayed.join(', ') || 'none'}`)
    log(`never red: ${neverRed.join(', ') || 'none'}`)
  }
  const summary = {
    runbooks: new Set([...walked].map((name) => name.split(' ')[0])).size,
    blocks: walked.size,
    ofBlocks: all.length,
    unplayed: unplayed.length,
    negative: red.size,
    failed: wrong.length,
  }
  return { ok: wrong.length === 0, rows: wrong.map((problem) => ({ problem })), summary }
}

async function fill(regions: TrialRegions, signal: AbortSignal): Promise<void> {
  const { admin } = regions.get('alpha')
  const topics = [TOPIC, 'orders.paid'].map((topic) => ({ topic, partitions: 2, replicationFactor: 1, configs: {} }))
  const refused = (await admin.createTopics(topics, signal)).find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new Error(`topic ${refused.topic}: ${refused.errorCode} ${refused.message}`)
  const commit = () =>
    commitGroups(admin, [READERS], positionsAt(TOPIC, 2, 0), signal).then(
      () => true,
      () => undefined,
    )
  await eventually('a group has a position', commit, { limitMs: 30_000, signal })
}

function renderRest({
  authority,
  names,
  policies,
  failing,
  receiver,
}: {
  readonly authority: string
  readonly names: readonly string[]
  readonly policies: readonly string[]
  readonly failing: string
  readonly receiver: string
}): string {
  const program = JSON.stringify(['/bin/sh', '-c', `test ! -e ${failing}`])
  return [
    'failoverGroups:',
    `  - name: ${GROUP}`,
    `    regions: [${names.join(', ')}]`,
    '    topics: { include: ["orders.*"] }',
    '    consumerGroups: { include: ["readers-*"] }',
    '    failover: { cooldownSeconds: 0, groupGraceSeconds: 1, evictSeconds: 20, fenceCheckSeconds: 1, settleSeconds: 40 }',
    `    routing: [{ kind: command, switch: ${program} }]`,
    '    canary: true',
    ...(policies.length === 0 ? [] : [`security: { policies: ${JSON.stringify(policies)} }`]),
    `authority: { path: "${authority}", leaseSeconds: 3 }`,
    `notifications: [{ name: pager, url: "${receiver}" }]`,
  ].join('\n')
}
