import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeBatch } from '../../../src/kafka/index.ts'
import { contents, Copier, eventually, Side } from '../../integration/replication/copy-trial.ts'
import { type FakeBroker, startFakeBroker } from '../../support/fake-broker/broker.ts'
import { ERRORS } from '../../support/fake-broker/errors.ts'
import { FaultProxy } from '../../support/faults/fault-proxy.ts'
import { type FaultRule, FaultScript } from '../../support/faults/fault-script.ts'
import { refuseProduce } from '../../support/faults/refuse-produce.ts'
import { countMapHoles } from '../../support/map-holes.ts'

/** A whole replicator between two fake brokers, with a fault proxy in front of the target. */
const TOPIC = 'orders'
const BATCH_RECORDS = 3

let source: FakeBroker
let target: FakeBroker
let script: FaultScript
let proxy: FaultProxy
let copiers: Copier[]

beforeEach(async () => {
  ;[source, target] = await Promise.all([startFakeBroker(), startFakeBroker()])
  script = new FaultScript()
  proxy = await FaultProxy.start({ listenPort: 0, brokerPort: target.port, script })
  target.advertise(proxy.port)
  source.state.createTopic(TOPIC, 1)
  copiers = []
})

afterEach(async () => {
  script.stop()
  for (const copier of copiers) await copier.stop()
  for (const server of [proxy, source, target]) await server[Symbol.asyncDispose]()
})

function copy(processName = 'first'): Copier {
  const from = { name: 'source', bootstrap: source.bootstrap }
  const to = { name: 'target', bootstrap: [`127.0.0.1:${proxy.port}`] }
  const copier = new Copier(from, to, TOPIC, { processName, replicationFactor: 1 })
  copiers.push(copier)
  return copier
}

/** Writes batches to the source; answers where it ends then. */
function fill(batches: number): number {
  const log = source.state.partition(TOPIC, 0)
  for (let batch = 0; batch < batches; batch++) {
    const records = Array.from({ length: BATCH_RECORDS }, (_, index) => {
      return { timestamp: 1_000 + index, key: null, value: Buffer.from(`${log?.end ?? 0} ${index}`) }
    })
    log?.append(encodeBatch({ records, codec: 'none', producerId: -1n, producerEpoch: -1, baseSequence: -1 }))
  }
  return log?.end ?? 0
}

async function expectEqual(): Promise<void> {
  const read = async ({ bootstrap }: FakeBroker, port?: number) => {
    const side = new Side({ name: 'side', bootstrap: port === undefined ? bootstrap : [`127.0.0.1:${port}`] })
    const records = await side.read(TOPIC)
    await side.close()
    return contents(records)
  }
  const copied = await read(target, proxy.port)
  expect(copied).toEqual(await read(source))
  expect(copied.length).toBeGreaterThan(0)
}

/** Copies ten batches in peace, then ten more while the rule is in force. */
async function copyUnder(rule: Pick<FaultRule, 'action'> & Partial<FaultRule>): Promise<Copier> {
  const copier = copy()
  await copier.untilCopied(fill(10))
  script.add({ name: 'fault', api: 'Produce', ...rule })
  await copier.untilCopied(fill(10))
  await expectEqual()
  expect(script.counts).toEqual({ fault: rule.times ?? 1 })
  return copier
}

describe('a target', () => {
  test('without faults has the same records at the same offsets', async () => {
    const flow = await copy().untilCopied(fill(10))
    expect(flow.offsetsIdentical).toBe(true)
    await expectEqual()
  })

  test.each<[string, Pick<FaultRule, 'action'> & Partial<FaultRule>]>([
    ['whose answers are lost after the append', { action: { kind: 'lose-answer' }, times: 3 }],
    ['that a request reaches long after its connection is gone', { action: { kind: 'late', ms: 400 } }],
    ['that gets half of a request', { action: { kind: 'cut', part: 0.5 } }],
    ['that never sees a request', { action: { kind: 'close' }, times: 2 }],
    ['that says once that a sequence is out of order', { action: refuseProduce(ERRORS.OUT_OF_ORDER_SEQUENCE_NUMBER) }],
  ])('%s has every record once and in order', async (_what, rule) => {
    const copier = await copyUnder(rule)
    expect(copier.events('flow:recovering').length).toBeGreaterThan(0)
    expect(copier.events('shard:owned')).toHaveLength(1)
  })

  test('that has forgotten where the sequence stands is taken over with a new epoch', async () => {
    const copier = copy()
    await copier.untilCopied(fill(10))
    target.state.partition(TOPIC, 0)?.forgetSequences()
    await copier.untilCopied(fill(10))
    await expectEqual()
    expect(copier.events('shard:owned').map(({ producerEpoch }) => producerEpoch)).toEqual([0, 1])
  })

  test.each([1, 2, 3])(
    'keeps the cause of a hole where the connection is lost %i requests behind it',
    async (after) => {
      const copier = copy()
      await copier.untilCopied(fill(2))
      script.add({ name: 'fault', api: 'Produce', action: { kind: 'close' }, after: after - 1 })
      source.state.partition(TOPIC, 0)?.skip(7)
      await copier.untilCopied(fill(4))
      expect(script.counts).toEqual({ fault: 1 })
      await expectEqual()
      const holes = await countMapHoles([`127.0.0.1:${proxy.port}`], AbortSignal.timeout(10_000))
      expect(holes).toEqual({ offsets: 7, unattributed: 0 })
    },
  )

  test('keeps the cause of a hole where the replicator dies behind it', async () => {
    const first = copy()
    await first.untilCopied(fill(2))
    // The map's entry passes, the data behind it does not.
    script.add({ name: 'fault', api: 'Produce', action: { kind: 'drop' }, after: 1, times: 1_000 })
    source.state.partition(TOPIC, 0)?.skip(7)
    const end = fill(4)
    await expect.poll(() => script.counts['fault']).toBeGreaterThan(0)
    await first.crash()
    script.stop()
    await copy('second').untilCopied(end)
    await expectEqual()
    const holes = await countMapHoles([`127.0.0.1:${proxy.port}`], AbortSignal.timeout(10_000))
    // The marker of the takeover is the eighth.
    expect(holes).toEqual({ offsets: 8, unattributed: 0 })
  })

  test('with a newer owner is left to it for good', async () => {
    const first = copy()
    await first.untilCopied(fill(5))
    const second = copy('second')
    await second.untilCopied(fill(5))
    // What it has to send now is refused: that is how it learns of its successor.
    const end = fill(5)
    await eventually(
      'the first has lost its shard',
      () => first.events('shard:lost')[0],
      () => first.describe(),
    )
    await second.untilCopied(end)
    expect(first.events('shard:owned')).toHaveLength(1)
    await expectEqual()
  })
})
