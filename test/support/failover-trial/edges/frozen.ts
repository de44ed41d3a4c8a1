import { impliedLinkName } from '../../../../src/config/failover-groups.ts'
import { eventually } from '../../isthmus-process.ts'
import { GROUP } from '../control.ts'
import { TOPIC_PREFIX } from '../trial-regions.ts'
import { EDGE_TOPIC, type Edge, type EdgeScene } from './edge-scene.ts'

/** Somebody stands still over the fence, and goes on when the others have moved on. */

const FROZEN_MS = 4_000
/** Longer than a call waits for its answer, so that it is given up. */
const LATE_MS = 12_000
const SHARE_LIMIT_MS = 60_000
const TRANSACTIONS = '__transaction_state'

/** A region whose brokers hold the call that fences it, and carry it out when the move was given up long ago. */
async function fenceLate(scene: EdgeScene, brokers: readonly number[]): Promise<string[]> {
  const { active } = scene
  const move = await scene.order()
  await scene.until(move, 'fence')
  await Promise.all(brokers.map((broker) => active.region.pauseBroker(broker)))
  let isAborted = false
  try {
    isAborted = await scene.abort(move)
    await scene.pause(LATE_MS)
  } finally {
    await Promise.all(brokers.map((broker) => active.region.resumeBroker(broker)))
  }
  const problems = isAborted ? [] : ['the move could not be aborted']
  problems.push(...(await scene.expectEnd(move, ['rolled-back'])))
  if (scene.active.name !== active.name) problems.push(`${scene.active.name} is active`)
  // What comes into force behind the roll-back would show by now.
  await scene.pause(FROZEN_MS)
  return [...problems, ...(await scene.expectWritable(active)), ...(await expectUnfenced(scene))]
}

export const lateFence: Edge = { name: 'late-fence', run: (scene) => fenceLate(scene, [0]) }

/** Two of three brokers, and with them the quorum of the controllers: the third goes on serving. */
export const quorumFrozen: Edge = { name: 'quorum-frozen', run: (scene) => fenceLate(scene, [1, 2]) }

/** Its replicas are in sync and do not answer: writes hang, and are acknowledged when it goes on. */
export const followerFrozen: Edge = {
  name: 'follower-frozen',
  async run(scene) {
    const { active } = scene
    const move = await scene.order()
    await scene.until(move, 'fence')
    await active.region.pauseBroker(2)
    try {
      await scene.pause(FROZEN_MS)
    } finally {
      await active.region.resumeBroker(2)
    }
    const ended = await scene.ended(move)
    if (ended.phase === 'done') return []
    return ended.phase === 'rolled-back' ? scene.expectWritable(active) : [`it ended as ${ended.phase}`]
  },
}

/** The leader of a partition stands still while a transaction is committed: acknowledged, and no marker written yet. */
export const preparedTransaction: Edge = {
  name: 'transaction-prepared',
  async run(scene) {
    const { active, context } = scene
    const { admin, region } = active
    const name = `prepared-${scene.tail.head()}`
    const transactionalId = `writer-${name}`
    const producer = await scene.producer(active, transactionalId)
    const transaction = await producer.transaction()
    const messages = [0, 1, 2].map((partition) => ({ partition, key: name, value: name }))
    await transaction.send({ topic: EDGE_TOPIC, messages })
    const { topics, brokers } = await admin.metadata([EDGE_TOPIC, TRANSACTIONS], context.signal)
    const leadersOf = (topic: string) => {
      const partitions = topics.find(({ name: it }) => it === topic)?.partitions ?? []
      return [...partitions].sort((a, b) => a.partition - b.partition).map(({ leaderId }) => leaderId)
    }
    const coordinators = leadersOf(TRANSACTIONS)
    const coordinator = coordinators[(hashOf(transactionalId) & 0x7fffffff) % coordinators.length]
    const other = leadersOf(EDGE_TOPIC).find((leader) => leader !== coordinator)
    const frozen = brokers
      .map(({ nodeId }) => nodeId)
      .sort((a, b) => a - b)
      .indexOf(other ?? -1)
    if (frozen < 0) throw new Error('no leader of the topic is another broker than the coordinator')
    const move = await scene.order()
    await scene.until(move, 'fence')
    await region.pauseBroker(frozen)
    const committing = transaction.commit().then(
      () => true,
      () => false,
    )
    try {
      await scene.pause(FROZEN_MS)
    } finally {
      await region.resumeBroker(frozen)
    }
    const isCommitted = await committing
    const ended = await scene.ended(move)
    const problems = ended.phase === 'done' || ended.phase === 'rolled-back' ? [] : [`it ended as ${ended.phase}`]
    const count = (await scene.read(scene.active, EDGE_TOPIC)).filter((value) => value === name).length
    if (isCommitted && count !== 3) problems.push(`${count} of 3 acknowledged records are in ${scene.active.name}`)
    if (count !== 0 && count !== 3) problems.push(`${count} of 3 records of a transaction are in ${scene.active.name}`)
    return problems
  },
}

/** A second process that copies stands still over the move, and wakes behind the promotion. */
export const replicatorFrozen: Edge = {
  name: 'replicator-frozen',
  async run(scene) {
    const other = await scene.stage.startController()
    const link = impliedLinkName(GROUP, scene.active.name, scene.standby.name)
    const copies = async () => {
      const flows = await other.flows(link).catch(() => [])
      return flows.some(({ state }) => state === 'running') ? true : undefined
    }
    await eventually('the other process copies', copies, { limitMs: SHARE_LIMIT_MS, signal: scene.context.signal })
    const move = await scene.order()
    await scene.until(move, 'fence')
    other.freeze()
    let isOver = true
    try {
      await scene.until(move, 'promote', 'ended')
    } catch {
      isOver = false
    } finally {
      other.wake()
    }
    const problems = await scene.expectEnd(move, ['done'])
    if (!isOver) problems.push('the promotion waited for the frozen process')
    // What it had under way arrives now.
    await scene.pause(FROZEN_MS)
    await other.kill()
    return problems
  },
}

/** As Java counts it: the coordinator of a transaction is found by it. */
function hashOf(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

async function expectUnfenced({ active, context }: EdgeScene): Promise<string[]> {
  const bindings = await active.admin.describeAcls({}, context.signal)
  const denied = bindings.find(({ permission, name }) => permission === 'deny' && name.startsWith(TOPIC_PREFIX))
  return denied === undefined ? [] : [`${active.name} is active and has a fence: ${JSON.stringify(denied)}`]
}
