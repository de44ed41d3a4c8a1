import { expect, it } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { TargetIncidents } from '../../../../src/replication/incidents/target-incidents.ts'
import type { IncidentEntry } from '../../../../src/replication/offset-map/index.ts'
import type { MapIndex } from '../../../../src/replication/shards/map-topic.ts'
import { ManualClock, neverAborted, settle } from '../flows/flow-fixtures.ts'

const indexOf = (targetTopicIds: readonly string[]): MapIndex => ({
  targetTopicIds: new Set(),
  flows: [],
  incidents: new Map([
    [0, targetTopicIds.map((targetTopicId) => ({ facts: { action: 'reseed', targetTopicId } }) as IncidentEntry)],
  ]),
})

it('takes no look for an answer that began before the question', async () => {
  const looks: PromiseWithResolvers<MapIndex>[] = []
  const readIndex = () => {
    looks.push(Promise.withResolvers())
    return looks.at(-1)!.promise
  }
  const clock = new ManualClock()
  const incidents = new TargetIncidents({ region: regionName('us'), clock, shards: () => new Map(), readIndex })
  const ask = (id: string) => incidents.wasReseeded(id, neverAborted)

  const first = ask('a')
  await settle()
  // Another replicator puts it on record behind what the first look has read.
  const later = [ask('b'), ask('b'), ask('c')]
  looks[0]!.resolve(indexOf(['a']))
  expect(await first).toBe(true)
  await settle()
  expect(looks).toHaveLength(2)
  looks[1]!.resolve(indexOf(['a', 'b']))
  expect(await Promise.all(later)).toEqual([true, true, false])

  const again = ask('c')
  await settle()
  looks[2]!.reject(new Error('no leader'))
  await expect(again).rejects.toThrow('no leader')
  const afterwards = ask('c')
  await settle()
  looks[3]!.resolve(indexOf(['c']))
  expect(await afterwards).toBe(true)
})

it('goes on with a look that others share when who asked first gives up', async () => {
  const look = Promise.withResolvers<MapIndex>()
  const readIndex = () => look.promise
  const clock = new ManualClock()
  const incidents = new TargetIncidents({ region: regionName('us'), clock, shards: () => new Map(), readIndex })
  const gone = new AbortController()
  const first = incidents.wasReseeded('a', gone.signal)
  const second = incidents.wasReseeded('a', neverAborted)
  await settle()
  gone.abort(new Error('the flow ends'))
  await expect(first).rejects.toThrow('the flow ends')
  look.resolve(indexOf(['a']))
  expect(await second).toBe(true)
})
