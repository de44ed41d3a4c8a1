import { expect, it } from 'vitest'
import { linkName } from '../../../src/core/index.ts'
import { describeFlow } from '../../../src/replication/flow-status.ts'
import { ByteBudget } from '../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../src/replication/flows/flow.ts'
import { fetched, LogInMemory, makeTenure, ManualClock, plainBatch, SPEC } from './flows/flow-fixtures.ts'

it('a flow that has not heard its source for 15 s does not show as running, nor any lag', async () => {
  const clock = new ManualClock()
  const flow = new Flow(SPEC, { clock, budget: new ByteBudget(1_000_000) })
  const lane = { ready: () => undefined }
  flow.begin(makeTenure(clock, new LogInMemory()), { sourceNext: 0, targetNext: 0, epochStart: 0 }, lane)
  flow.observe(fetched(plainBatch(0, 1)))
  expect(describeFlow(linkName('link'), flow)).toMatchObject({ state: 'running', lagSeconds: 0 })

  await clock.pass(16_000)
  expect(describeFlow(linkName('link'), flow)).toMatchObject({
    state: 'recovering',
    reason: 'waiting: the source has not answered for 16 s',
    lagRecords: null,
    lagSeconds: null,
  })
})
