import type { Producer } from 'kafkajs'
import { operationKey } from '../../../../src/failover/state.ts'
import { EDGE_TOPIC, type Edge, type EdgeScene, type Ordered, OTHER_TOPIC } from './edge-scene.ts'

/** Transactions that the fence finds open: what was acknowledged as committed is there, and nothing else is. */

type Transaction = Awaited<ReturnType<Producer['transaction']>>

/** As `settling` leaves it. */
interface Settled {
  readonly ended: readonly {
    readonly transactionalId: string
    readonly alsoAborted: readonly { readonly topic: string }[]
  }[]
}

const idOf = (name: string) => `writer-${name}`

async function open(scene: EdgeScene, name: string, topics: readonly string[]): Promise<Transaction> {
  const producer = await scene.producer(scene.active, idOf(name))
  const transaction = await producer.transaction()
  for (const topic of topics) {
    const messages = [0, 1, 2].map((partition) => ({ partition, key: name, value: name }))
    await transaction.send({ topic, messages })
  }
  return transaction
}

/** Whether the application is told that its transaction is committed. */
async function commits(transaction: Transaction): Promise<boolean> {
  try {
    await transaction.commit()
    return true
  } catch {
    return false
  }
}

function findEnded(scene: EdgeScene, { operation }: Ordered, name: string) {
  const settled = scene.tail.document(operationKey(operation, 'settling')) as Settled | undefined
  return settled?.ended.find(({ transactionalId }) => transactionalId === idOf(name))
}

async function expectNowhere(scene: EdgeScene, name: string): Promise<string[]> {
  const problems: string[] = []
  for (const region of scene.stage.regions.all) {
    const values = await scene.read(region, EDGE_TOPIC)
    if (values.includes(name)) problems.push(`${region.name} shows records of a transaction that was not committed`)
  }
  return problems
}

export const openTransaction: Edge = {
  name: 'transaction-open',
  async run(scene) {
    const name = `open-${scene.tail.head()}`
    const transaction = await open(scene, name, [EDGE_TOPIC])
    const move = await scene.order()
    await scene.until(move, 'settle', 'ended')
    const isCommitted = await commits(transaction)
    const problems = await scene.expectEnd(move, ['done'])
    if (isCommitted) problems.push('it was acknowledged behind the cut')
    if (findEnded(scene, move, name) === undefined) problems.push('the move does not tell that it has ended it')
    return [...problems, ...(await expectNowhere(scene, name))]
  },
}

export const spanningTransaction: Edge = {
  name: 'transaction-spanning',
  async run(scene) {
    const { active } = scene
    const name = `spanning-${scene.tail.head()}`
    const transaction = await open(scene, name, [EDGE_TOPIC, OTHER_TOPIC])
    const move = await scene.order()
    await scene.until(move, 'settle', 'ended')
    const isCommitted = await commits(transaction)
    const problems = await scene.expectEnd(move, ['done'])
    if (isCommitted) problems.push('it was acknowledged behind the cut')
    const elsewhere = await scene.read(active, OTHER_TOPIC)
    if (elsewhere.includes(name)) problems.push('the part outside of the group was committed')
    const also = findEnded(scene, move, name)?.alsoAborted.map(({ topic }) => topic) ?? []
    if (!also.includes(OTHER_TOPIC))
      problems.push(`it is not named what was aborted outside of the group: ${also.join()}`)
    return [...problems, ...(await expectNowhere(scene, name))]
  },
}

/** Committed between the fence and the settling: acknowledged, so it is on the new active region. */
export const committedBehindFence: Edge = {
  name: 'transaction-committed-at-fence',
  async run(scene) {
    const name = `late-${scene.tail.head()}`
    const transaction = await open(scene, name, [EDGE_TOPIC])
    const move = await scene.order()
    await scene.until(move, 'fence')
    const isCommitted = await commits(transaction)
    const problems = await scene.expectEnd(move, ['done'])
    if (!isCommitted) return [...problems, ...(await expectNowhere(scene, name))]
    const count = (await scene.read(scene.active, EDGE_TOPIC)).filter((value) => value === name).length
    if (count !== 3) problems.push(`${count} of 3 acknowledged records are in ${scene.active.name}`)
    return problems
  },
}
