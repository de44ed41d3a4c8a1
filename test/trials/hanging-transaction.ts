import type { FlowBody } from '../../src/api/contract/index.ts'
import { toolsClasspath, runJava } from '../support/java/classpath.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { startRegion } from '../../src/local/index.ts'
import { untilCopied } from '../support/copying.ts'
import { type HangingTransaction, makeHangingTransaction } from '../support/hanging-transaction.ts'
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
const LONG_ID = 'slow'
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
    const common = { bootstrap, topics: TOPIC, partitions: PARTITIONS, count: records / 2 }
    const transactional = { ...common, burst: 50, 'transactional-id': 'steady', 'abort-ratio': 0.2 }
    const before = await folder.produce('before', transactional, signal)

    const link = `{ name: ${LINK}, source: source, target: target, topics: { include: [${TOPIC}] } }`
    const rest = `links:\n  - ${link}\nreplication: { heldBackSeconds: 2 }`
    await using isthmus = await IsthmusProcess.start({ regions: [source, target], rest })
    await untilCopied(isthmus, { link: LINK, flowCount: PARTITIONS }, signal)
    const copiedBefore = countCopied(await freeFlows(isthmus))
    const made = await makeHangingTransaction(bootstrap, { topic: TOPIC, partition: HANGING, transactionalId: 'lost' })
    const endLong = await beginLongTransaction(bootstrap)
    log(`producer ${made.producerId} hangs at offset ${made.startOffset}; writing behind it`)
    const after = await folder.produce('after', { ...common, seed: 2 }, signal)

    const seen = await untilTold(isthmus, made, signal)
    const copiedMeanwhile = countCopied(await untilOthersCopied(isthmus, signal)) - copiedBefore
    log(`running: kafka-transactions.sh ${seen.command}`)
    await endLong()
    await abortWithKafka(seen.command, signal)
    await untilReleased(isthmus, signal)

    const reading = { topics: [TOPIC], isolation: 'read_committed' as const }
    const left = await folder.read('source', { bootstrap: source.bootstrap, ...reading }, signal)
    const right = await folder.read('target', { bootstrap: target.bootstrap, ...reading }, signal)
    const compared = compareLogs(left, right)
    const unattributed = await countUnattributed(isthmus, LINK)
    const damage = compared.lost + compared.repeated + compared.reordered + compared.different + unattributed
    // Beside what was produced: the committed record of the hanging producer, and the one of the long transaction.
    const hasAll = countRecords(left) === countRecords(await loadProduced([before, after])) + 2
    const { named, fault, heldBack, long, isDegraded } = seen
    const summary = { ...compared, named, unattributed, fault, heldBack, copiedMeanwhile, long, isDegraded }
    const isTold = named === 1 && long === 1 && isDegraded && fault === 'SOURCE_TRANSACTION_HANGING'
    return { ok: damage === 0 && hasAll && isTold, rows: [summary], summary }
  },
}

/** Answers what commits it. */
async function beginLongTransaction(bootstrap: string): Promise<() => Promise<void>> {
  const context = { clock: systemClock, random: systemRandom }
  const kafka = createKafkaJs({ name: 'app', bootstrap: [bootstrap], context })
  const producer = kafka.producer({ transactionalId: LONG_ID, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: TOPIC, messages: [{ value: 'in a long transaction', partition: LONG }] })
  return async () => {
    await transaction.commit()
    await producer.disconnect()
  }
}

/** Until the product has named both, and what it says of them. */
async function untilTold(isthmus: IsthmusProcess, made: HangingTransaction, signal: AbortSignal) {
  const flowWhere = (what: string, partition: number, isTold: (flow: FlowBody) => boolean) =>
    eventually(
      what,
      async () => (await isthmus.flows(LINK)).find((flow) => flow.partition === partition && isTold(flow)),
      {
        limitMs: LIMIT_MS,
        signal,
      },
    )
  const hanging = await flowWhere('the hanging one is named', HANGING, ({ fault }) => fault !== undefined)
  const long = await flowWhere('the long one is told', LONG, ({ heldBack }) => heldBack?.state === 'open')
  const command = /kafka-transactions\.sh (.*)$/.exec(hanging.fault?.remedy ?? '')?.[1] ?? ''
  const isNamed =
    hanging.heldBack?.producerId === String(made.producerId) &&
    hanging.heldBack.transactionalId === made.transactionalId &&
    command.endsWith(`--topic ${TOPIC} --partition ${HANGING} --start-offset ${made.startOffset}`)
  return {
    command,
    named: isNamed ? 1 : 0,
    long: long.heldBack?.transactionalId === LONG_ID && long.fault === undefined ? 1 : 0,
    fault: hanging.fault?.code ?? 'none',
    heldBack: hanging.heldBackRecords ?? 0,
    isDegraded: await isDegraded(isthmus),
  }
}

async function isDegraded(isthmus: IsthmusProcess): Promise<boolean> {
  const link = (await isthmus.status())?.links[0]
  return link?.state === 'degraded' && link.hangingFlows === 1
}

function untilOthersCopied(isthmus: IsthmusProcess, signal: AbortSignal): Promise<FlowBody[]> {
  const look = async () => {
    const free = await freeFlows(isthmus)
    const isDone = free.every(({ lagRecords, heldBackRecords }) => lagRecords === 0 && heldBackRecords === 0)
    return isDone ? free : undefined
  }
  return eventually('the other partitions go on', look, { limitMs: LIMIT_MS, signal })
}

/** The tool that operators have. */
async function abortWithKafka(command: string, signal: AbortSignal): Promise<void> {
  const classpath = await toolsClasspath(signal)
  await runJava('org.apache.kafka.tools.TransactionsCommand', command.split(' '), { classpath, signal, heapMb: 128 })
}

async function untilReleased(isthmus: IsthmusProcess, signal: AbortSignal): Promise<void> {
  const look = async () => {
    const flows = await isthmus.flows(LINK)
    return flows.every(({ heldBackRecords, fault }) => heldBackRecords === 0 && fault === undefined) || undefined
  }
  await eventually('nothing is held back', look, { limitMs: LIMIT_MS, signal })
  await untilCopied(isthmus, { link: LINK, flowCount: PARTITIONS }, signal)
}

async function freeFlows(isthmus: IsthmusProcess): Promise<FlowBody[]> {
  return (await isthmus.flows(LINK)).filter(({ partition }) => partition !== HANGING && partition !== LONG)
}

function countCopied(flows: readonly FlowBody[]): number {
  return flows.reduce((sum, flow) => sum + flow.recordsCopied, 0)
}
