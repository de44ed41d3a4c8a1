import { setTimeout as sleep } from 'node:timers/promises'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { TOPICS } from '../apps.ts'
import { TOPIC_PREFIX, type TrialRegion } from '../trial-regions.ts'
import type { Edge, EdgeScene } from './edge-scene.ts'

/** Somebody else's tool has a wish for how things should be, and puts them so again and again. */

const EVERY_MS = 100

const ALLOWS: readonly AclBinding[] = (['prefixed', 'literal'] as const).flatMap((pattern) =>
  (['write', 'delete', 'alter'] as const).map((operation) => ({
    resource: 'topic' as const,
    name: pattern === 'prefixed' ? TOPIC_PREFIX : TOPICS.plain.name,
    pattern,
    principal: 'User:app',
    host: '*',
    operation,
    permission: 'allow' as const,
  })),
)

export const foreignTool: Edge = {
  name: 'foreign-tool',
  async run(scene) {
    const stop = new AbortController()
    const reconciling = Promise.all(scene.stage.regions.all.map((region) => reconcile(scene, region, stop.signal)))
    const problems: string[] = []
    try {
      problems.push(...(await scene.expectEnd(await scene.order(), ['done'])))
      // The standby's proof has come round once more.
      await scene.pause(2_500)
      problems.push(...(await expectFenced(scene)))
    } finally {
      stop.abort()
      await reconciling
    }
    return (await reconciling).includes(0) ? [...problems, 'the tool has done nothing'] : problems
  },
}

/** How often it did. */
async function reconcile(scene: EdgeScene, { admin }: TrialRegion, signal: AbortSignal): Promise<number> {
  let rounds = 0
  while (!signal.aborted) {
    const { signal: trial } = scene.context
    const [broker] = (await admin.metadata([], trial)).brokers
    await admin.createAcls(ALLOWS, trial, broker?.nodeId ?? 1)
    await admin.alterTopicConfigs(TOPICS.plain.name, { 'max.message.bytes': '1048588' }, trial)
    rounds++
    await sleep(EVERY_MS)
  }
  return rounds
}

async function expectFenced(scene: EdgeScene): Promise<string[]> {
  const { standby, context } = scene
  const bindings = await standby.admin.describeAcls({}, context.signal)
  const isDenied = bindings.some(({ permission, operation }) => permission === 'deny' && operation === 'write')
  return isDenied ? [] : [`${standby.name} is not fenced any more`]
}
