import { describe, expect, it } from 'vitest'
import { linkName, regionName } from '../../../src/core/index.ts'
import type { LinkPause } from '../../../src/replication/link-pauses.ts'
import type { LinkRunner } from '../../../src/replication/link-runner.ts'
import { describeLink } from '../../../src/replication/link-status.ts'
import type { TargetEngine } from '../../../src/replication/target-engine.ts'

const linkIn = (state: LinkRunner['state'], pause?: LinkPause) => {
  const stub = {
    spec: { name: linkName('orders'), source: regionName('eu'), target: regionName('us') },
    state,
    reason: `it is ${state}`,
    pause,
    flows: () => [],
    topics: { refusals: [], pendingDeletions: [] },
    positions: { statuses: [{ group: 'billing' }] },
  }
  return stub as unknown as LinkRunner
}
const engineThat = (stub: Partial<Pick<TargetEngine, 'differs' | 'waiting'>>) => stub as TargetEngine

describe('a link of a process whose links differ from those of the others', () => {
  it('is degraded, and says why, until it is stopped', () => {
    const differing = engineThat({ differs: 'SHARING_DIFFERS: ...' })
    const degraded = { state: 'degraded', reason: 'SHARING_DIFFERS: ...' }
    expect(describeLink(linkIn('starting'), differing)).toMatchObject(degraded)
    expect(describeLink(linkIn('running'), differing)).toMatchObject(degraded)
    expect(describeLink(linkIn('stopped'), differing)).toMatchObject({ state: 'stopped', reason: 'it is stopped' })
    expect(describeLink(linkIn('running'), engineThat({}))).toMatchObject({ state: 'running' })
    expect(describeLink(linkIn('starting'), undefined)).toMatchObject({ state: 'starting', reason: 'it is starting' })
  })
})

it('a link that is paused says by whom, until it is stopped', () => {
  const pause = { by: 'ada', reason: 'upgrade', since: '2026-11-21T12:00:00Z' }
  const reason = 'paused by ada since 2026-11-21T12:00:00Z: upgrade'
  expect(describeLink(linkIn('starting', pause), engineThat({}))).toMatchObject({ state: 'paused', reason, groups: [] })
  expect(describeLink(linkIn('running'), engineThat({})).groups).toHaveLength(1)
  expect(describeLink(linkIn('stopped', pause), engineThat({}))).toMatchObject({ state: 'stopped' })
})
