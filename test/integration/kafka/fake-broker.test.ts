import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { type FakeBroker, startFakeBroker } from '../../support/fake-broker/broker.ts'
import { SCRIPT_CONTEXT, scriptContext, SCRIPTS } from '../../support/fake-broker/scripts.ts'

let region: LocalRegion
let fake: FakeBroker
let realCluster: Cluster
let fakeCluster: Cluster

beforeAll(async () => {
  ;[region, fake] = await Promise.all([startRegion({ name: 'real' }), startFakeBroker()])
  realCluster = openCluster({ name: 'real', bootstrap: region.bootstrap, context: SCRIPT_CONTEXT })
  fakeCluster = openCluster({ name: 'fake', bootstrap: fake.bootstrap, context: SCRIPT_CONTEXT })
}, 120_000)

afterAll(async () => {
  await Promise.all([realCluster?.close(), fakeCluster?.close()])
  await Promise.all([region?.stop(), fake?.[Symbol.asyncDispose]()])
})

describe('the fake broker and a real one see the same:', () => {
  test.each(Object.entries(SCRIPTS))('%s', async (_what, script) => {
    const signal = AbortSignal.timeout(60_000)
    const real = await script(scriptContext(realCluster, signal))
    expect(await script(scriptContext(fakeCluster, signal))).toEqual(real)
  })
})
