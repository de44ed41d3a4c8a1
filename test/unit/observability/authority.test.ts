import { expect, test } from 'vitest'
import type { AuthorityEvents, RegionCopies } from '../../../src/authority/index.ts'
import { createEvents } from '../../../src/core/index.ts'
import { createLogger, createMetrics, logAuthorityEvents } from '../../../src/observability/index.ts'
import { fakeReplicator } from '../../support/fake-replicator.ts'

const copy = (region: string, more: Partial<RegionCopies> = {}): RegionCopies => {
  const nothing = { behind: 0, behindForMs: 0, upToRevision: 7, trouble: undefined, refused: [], strays: [] }
  return { region, ...nothing, sight: 'read', ...more }
}

test('the copies of each region, and whether the authority answers', async () => {
  const { port } = fakeReplicator([])
  const copies = [
    copy('eu'),
    copy('us', { behind: 2, behindForMs: 4_500, trouble: 'us is down', refused: [{ key: 'groups/a', why: 'newer' }] }),
    copy('ap', { trouble: 'not looked at yet' }),
  ]
  const metrics = createMetrics({
    status: port.status,
    events: port.events,
    nowMs: () => 0,
    authority: () => ({ answers: false, copies }),
    processMetrics: false,
  })
  const text = await metrics.render()
  expect(text).toContain('isthmus_authority_answers{} 0\n')
  expect(text).toContain('isthmus_state_copy_documents_behind{region="eu"} 0\n')
  expect(text).toContain('isthmus_state_copy_documents_behind{region="us"} 2\n')
  expect(text).toContain('isthmus_state_copy_behind_seconds{region="us"} 4.5\n')
  expect(text).toContain('isthmus_state_copy_documents_refused{region="us"} 1\n')
  expect(text).not.toContain('isthmus_state_copy_documents_behind{region="ap"}')
})

test('an authority that falls silent and comes back is logged, with its remedy', () => {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  const events = createEvents<AuthorityEvents>()
  const stop = logAuthorityEvents(events, createLogger({ level: 'info', nowMs: () => 0, destination }))
  events.emit('authority:unreachable', { where: 'etcd', reason: 'the authority (etcd) is silent', remedy: 'start it' })
  events.emit('authority:answers', { where: 'etcd', afterMs: 12_000 })
  events.emit('copies:behind', { region: 'us', documents: 3, reason: 'us is down' })
  stop()
  events.emit('copies:caught-up', { region: 'us', documents: 3, afterMs: 1 })
  expect(lines).toMatchObject([
    { msg: 'the authority (etcd) is silent', remedy: 'start it', event: 'authority:unreachable' },
    { msg: 'the authority (etcd) answers again, after 12 s' },
    { msg: 'the copy of the state in us is behind by 3 documents: us is down' },
  ])
})
