import { toolsClasspath, runJava } from '../support/java/classpath.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { makeHangingTransaction } from '../support/hanging-transaction.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { countUnattributed } from '../support/attribution.ts'
import { compareLogs, countRecords, loadProduced } from '../support/record-log.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * A transaction that hangs on a real broker: it is named with its producer, transactional id and offset, every other
 * partition goes on, and after the very command that Isthmus names, run with Kafka's own tool, everything is copied. A
 * transaction that is merely long is told apart from it.
 */
const TOPIC = 'ledger'
const PARTITIONS = 4
const HANGING = 1
const LONG = 2
const LINK = 'source-to-target'
const LIMIT_MS = 60_000

export const trial: Trial = {
  name: 'hanging-transaction',
  describe: 'a transaction that will never end is named, holds up one partition only, and is over after the remedy',
  options: { records: { describe: 'records in all partitions together', default: '200000' } },
  fields: [
    'compared',
    'lost',
    'named',
    'repeated',
    'reordered',
    'different',
    'unattributed',
    'fault',
    'heldBack',
    'copiedMeanwhile',
    'long',
  ],
  populations: ['compared', 'named', 'heldBack', 'copiedMeanwhile', 'long'],

  async run({ short, options }, { signal, log }) {
    const records = short ? 20_000 : Number(options.records)
    using folder = new TrialFolder()
    const [source, target] = await Promise.all([
      startRegion({ name: 'source', signal, brokerConfig: { 'transaction.partition.verification.enable': 'false' } }),
      startRegion({ name: 'target', signal }),
    ])
    await using _source = source
    await using _target = target
    const [bootstrap = ''] = source.bootstrap
    const common = { bootstrap, topics: TOPIC, partitions: PARTITIONS }
    const before = await folder.produce(
      'before',
      { ...common, count: records / 2, burst: 50, 'transactional-id': 'steady', 'abort-ratio': 0.2 },
      signal,
    )

    const link = `{ name: ${LINK}, source: source, target: target, topics: { include: [${TOPIC}] } }`
    const rest = `links:\n  - ${link}\nreplication: { heldBackSeconds: 2 }`
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest })
    await untilCopied(isthmus, { link: LINK, flowCount: PARTITIONS }, signal)
    const flowAt = async (partition: number) => {
      return (await isthmus.flows(LINK)).find((flow) => flow.partition === partition)
    }

    const copiedBefore = countCopied([await flowAt(0), await flowAt(3)])
    const made = await makeHangingTransaction(bootstrap, { topic: TOPIC, partition: HANGING, transactionalId: 'lost' })
    const kafka = createKafkaJs({
      name: 'app',
      bootstrap: [bootstrap],
      context: { clock: systemClock, random: systemRandom },
    })
    const producer = kafka.producer({ transactionalId: 'slow', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: TOPIC, messages: [{ value: 'in a long transaction', partition: LONG }] })
    log(`producer ${made.producerId} hangs at offset ${made.startOffset}; writing behind it`)
    const after = await folder.produce('after', { ...common, count: records / 2, seed: 2 }, signal)

    const hanging = await eventually(
      'the hanging transaction is named',
      async () => {
        const flow = await flowAt(HANGING)
        return flow?.fault === undefined ? undefined : flow
      },
      { limitMs: LIMIT_MS, signal },
    )
    const long = await eventually(
      'the long transaction is told',
      async () => {
        const flow = await flowAt(LONG)
        return flow?.heldBack?.state === 'open' ? flow : undefined
      },
      { limitMs: LIMIT_MS, signal },
    )
    const { fault, heldBack } = hanging
    const command = /kafka-transactions\.sh (.*)$/.exec(fault?.remedy ?? '')?.[1] ?? ''
    const isNamed =
      heldBack?.producerId === String(made.producerId) &&
      heldBack.transactionalId === made.transactionalId &&
      command.endsWith(`--topic ${TOPIC} --partition ${HANGING} --start-offset ${made.startOffset}`)
    const isLongTold = long.heldBack?.transactionalId === 'slow' && long.fault === undefined
    const others = await eventually(
      'the other partitions go on',
      async () => {
        const free = (await isthmus.flows(LINK)).filter(({ partition }) => partition !== HANGING && partition !== LONG)
        const isDone = free.every(({ lagRecords, heldBackRecords }) => lagRecords === 0 && heldBackRecords === 0)
        return isDone ? free : undefined
      },
      { limitMs: LIMIT_MS, signal },
    )
    const copiedMeanwhile = countCopied(others) - copiedBefore
    const degraded = (await isthmus.status())?.links[0]

    log(`running: kafka-transactions.sh ${command}`)
    await transaction.commit()
    await producer.disconnect()
    const classpath = await toolsClasspath(signal)
    await runJava('org.apache.kafka.tools.TransactionsCommand', command.split(' '), { classpath, signal, heapMb: 128 })
    const isReleased = async () => {
      const flows = await isthmus.flows(LINK)
      return flows.every(({ heldBackRecords, fault }) => heldBackRecords === 0 && fault === undefined) || undefined
    }
    await eventually('nothing is held back', isReleased, { limitMs: LIMIT_MS, signal })
    await untilCopied(isthmus, { link: LINK, flowCount: PARTITIONS }, signal)

    const topics = [TOPIC]
    const isolation = 'read_committed' as const
    const left = await folder.read('source', { bootstrap: source.bootstrap, topics, isolation }, signal)
    const right = await folder.read('target', { bootstrap: target.bootstrap, topics, isolation }, signal)
    const compared = compareLogs(left, right)
    const produced = countRecords(await loadProduced([before, after]))
    const unattributed = await countUnattributed(isthmus, LINK)
    const damage = compared.lost + compared.repeated + compared.reordered + compared.different + unattributed
    const hasAll = countRecords(left) === produced + 2
    const summary = {
      ...compared,
      named: isNamed ? 1 : 0,
      unattributed,
      fault: fault?.code ?? 'none',
      heldBack: hanging.heldBackRecords ?? 0,
      copiedMeanwhile,
      long: isLongTold ? 1 : 0,
      degraded: degraded?.state === 'degraded' && degraded.hangingFlows === 1,
    }
    const ok = damage === 0 && hasAll && isNamed && isLongTold && summary.degraded
    return { ok: ok && fault?.code === 'SOURCE_TRANSACTION_HANGING', rows: [summary], summary }
  },
}

function countCopied(flows: readonly ({ readonly recordsCopied: number } | undefined)[]): number {
  return flows.reduce((sum, flow) => sum + (flow?.recordsCopied ?? 0), 0)
}
