import { describe, expect, it } from 'vitest'
import type { RegionCopies } from '../../../src/authority/index.ts'
import { regionName } from '../../../src/core/index.ts'
import { GroupDesk, type MoveOrder } from '../../../src/failover/group-desk.ts'
import { DEFAULT_GUARD_LIMITS, type MoveEvidence } from '../../../src/failover/guards/evidence.ts'
import { operationKey } from '../../../src/failover/state.ts'
import { goodEvidence } from '../../support/failover/good-evidence.ts'
import { east, north, WHEN } from '../../support/failover/machine-model.ts'
import { MemoryAuthority } from '../../support/failover/memory-authority.ts'

const { signal } = new AbortController()
const moon = regionName('moon')
const wish = { kind: 'switchover', to: east, overrides: [], acceptLoss: false, writePauseLimitMs: 60_000 } as const

function copiesOf(region: string, more: Partial<RegionCopies> = {}): RegionCopies {
  const nothing = { behind: 0, behindForMs: 0, upToRevision: 0, trouble: undefined, refused: [], strays: [] }
  return { region, ...nothing, sight: 'read', ...more }
}

function setUp(evidence: MoveEvidence = goodEvidence) {
  const authority = new MemoryAuthority()
  const seen = { evidence }
  const desk = new GroupDesk({
    group: 'orders',
    authority,
    journal: authority,
    limits: DEFAULT_GUARD_LIMITS,
    gather: async () => seen.evidence,
  })
  const order = async (over: Partial<MoveOrder> = {}): Promise<MoveOrder> => {
    const plan = await desk.plan({ ...wish, ...over }, signal)
    const asked = { id: 'op-1', by: 'ada', reason: 'drill', at: WHEN, epoch: plan.epoch, planHash: plan.hash }
    return { ...wish, ...asked, ...over }
  }
  return { authority, desk, order, seen }
}

describe('GroupDesk', () => {
  it('records a group once, with its first region active', async () => {
    const { authority, desk } = setUp()
    authority.documents.clear()
    const first = { at: WHEN, copies: [copiesOf('north'), copiesOf('east')] }
    await desk.create({ ...first, ranked: [north, east] }, signal)
    expect(authority.group).toMatchObject({ active: north, epoch: 1, generation: 1 })
    const { group } = authority
    await desk.create({ ...first, ranked: [east, north] }, signal)
    expect(authority.group).toBe(group)
  })

  it.each([
    ['knows of it already', { strays: ['groups/orders'] }, 'east holds a copy of it'],
    ['does not tell', { sight: 'unread', trouble: 'it is down' }, 'east (it is down)'],
  ] as const)('does not record a group while a region %s', async (_, east_, reason) => {
    const { authority, desk } = setUp()
    authority.documents.clear()
    const first = { ranked: [north, east], at: WHEN, copies: [copiesOf('north'), copiesOf('east', east_)] }
    await expect(desk.create(first, signal)).rejects.toMatchObject({
      code: 'FIRST_REIGN_HELD',
      message: expect.stringContaining(reason),
    })
    expect(authority.documents.size).toBe(0)
  })

  it('takes up a region that came later as a standby, once, and lets a standby go that is not there any more', async () => {
    const { authority, desk } = setUp()
    const { regions, ...before } = authority.group
    const [first, ...others] = Object.keys(regions).map((name) => regionName(name))
    if (first === undefined) throw new Error('the group has regions')
    const wanted = { ranked: [first, ...others, moon], at: WHEN, by: 'isthmus-1' }
    await desk.align(wanted, signal)
    const taken = { role: 'standby', since: WHEN, reason: 'added to the configuration' }
    expect(authority.group).toEqual({ ...before, regions: { ...regions, [moon]: taken } })
    const { group } = authority
    await desk.align(wanted, signal)
    expect(authority.group).toBe(group)
    await desk.align({ ...wanted, ranked: [first, ...others] }, signal)
    expect(authority.group).toEqual({ ...before, regions })
    expect(authority.entries).toMatchObject([
      { actor: 'isthmus-1', facts: { reason: 'the regions of the configuration: moon came' } },
      { actor: 'isthmus-1', facts: { reason: 'the regions of the configuration: moon went' } },
    ])
  })

  it('lets the active region go for no configuration', async () => {
    const { authority, desk } = setUp()
    const { active } = authority.group
    const ranked = Object.keys(authority.group.regions).filter((name) => name !== active)
    await desk.align({ ranked: ranked.map((name) => regionName(name)), at: WHEN, by: 'isthmus-1' }, signal)
    expect(authority.group.regions).toHaveProperty(active)
  })

  it('has regions wait while a move runs, whose steps go by the standbys that it began with', async () => {
    const { authority, desk, order } = setUp()
    await desk.start(await order(), signal)
    await desk.align({ ranked: [north, east, moon], at: WHEN, by: 'isthmus-1' }, signal)
    expect(authority.group.regions).not.toHaveProperty(moon)
  })

  it('starts what was planned, and writes down who asked before it does', async () => {
    const { authority, desk, order } = setUp()
    expect(await desk.start(await order(), signal)).toMatchObject({ id: 'op-1', phase: 'requested', epoch: 1 })
    expect(authority.group.operation?.id).toBe('op-1')
    expect(authority.entries).toMatchObject([{ actor: 'ada', kind: 'request', operation: 'op-1' }])
  })

  it('takes an order that is sent twice for one', async () => {
    const { authority, desk, order } = setUp()
    const sent = await order()
    await desk.start(sent, signal)
    const { value } = authority.documents.get('groups/orders') ?? {}
    await desk.start(sent, signal)
    expect(authority.documents.get('groups/orders')?.value).toBe(value)
  })

  it('refuses when the plan has changed since it was looked at', async () => {
    const { desk, order, seen } = setUp()
    const sent = await order()
    seen.evidence = { ...goodEvidence, clockOffsetMs: 9_999 }
    await expect(desk.start(sent, signal)).rejects.toMatchObject({ code: 'PLAN_CHANGED', status: 412 })
  })

  it('refuses with the list of guards that stop it', async () => {
    const { desk, order } = setUp({ ...goodEvidence, target: { ...goodEvidence.target, isReachable: false } })
    await expect(desk.start(await order(), signal)).rejects.toMatchObject({
      code: 'GUARDS_FAILED',
      facts: { guards: expect.stringMatching(/^target-reachable \(.+\)$/) },
    })
  })

  it.each(['conflict', 'lost', 'unanswered'] as const)('starts once when the write meets: %s', async (fate) => {
    const { authority, desk, order } = setUp()
    authority.nextWrites.push(fate)
    const started = await desk.start(await order(), signal)
    expect(started.id).toBe('op-1')
    expect(authority.group.operation).toEqual(started)
  })

  it('gives up in the end, and says that the authority is the reason', async () => {
    const { authority, desk, order } = setUp()
    authority.nextWrites.push('lost', 'lost', 'lost', 'lost', 'lost')
    await expect(desk.start(await order(), signal)).rejects.toMatchObject({
      code: 'AUTHORITY_UNAVAILABLE',
      status: 503,
    })
    expect(authority.group.operation).toBeUndefined()
  })

  it('keeps the record of an operation that a failover supersedes', async () => {
    const { authority, desk, order } = setUp()
    await desk.start(await order(), signal)
    const failover = await order({ id: 'op-2', kind: 'failover', to: north, acceptLoss: true })
    await desk.start(failover, signal)
    expect(authority.group.operation).toMatchObject({ id: 'op-2', supersedes: { operation: 'op-1' } })
    expect(authority.documents.get(operationKey('op-1'))?.value).toMatchObject({ id: 'op-1', phase: 'requested' })
  })

  it('carries the other requests to the document', async () => {
    const { authority, desk, order } = setUp()
    await desk.pause({ by: 'ada', reason: 'upgrade', since: WHEN }, signal)
    await expect(order().then((it) => desk.start(it, signal))).rejects.toMatchObject({ code: 'GROUP_PAUSED' })
    await desk.unpause('ada', signal)
    await desk.start(await order(), signal)
    await desk.abort('op-1', 'ada', 'no', signal)
    expect(authority.group.operation?.abort).toEqual({ by: 'ada', reason: 'no' })
    await expect(desk.resume('op-1', 'ada', undefined, signal)).rejects.toMatchObject({ code: 'NOTHING_TO_RESUME' })
    await expect(desk.acknowledge('op-1', 'ada', 'no', signal)).rejects.toMatchObject({ code: 'NOTHING_TO_RESUME' })
    const choice = { kind: 'discard', by: 'ada', reason: 'no' } as const
    await expect(desk.chooseSalvage('east', choice, signal)).rejects.toMatchObject({ code: 'NOT_RETURNING' })
    await expect(desk.resumeReturn('east', 'ada', signal)).rejects.toMatchObject({ code: 'NOT_RETURNING' })
  })
})
