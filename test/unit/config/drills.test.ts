import { describe, expect, it, test } from 'vitest'
import { type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'
import { compileGroupSelection, compileSelection } from '../../../src/replication/index.ts'

const sources: ConfigSources = { env: {}, readFile: () => '' }
const read = (more: string, topics = '"*"') =>
  parseConfig(
    `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"] }
  - { name: us, bootstrap: ["b:1"] }
failoverGroups:
  - name: orders
    regions: [eu, us]
    topics: { include: [${topics}] }
    failover: { cooldownSeconds: 60, groupGraceSeconds: 1 }
${more}`,
    '/etc/isthmus',
    sources,
  )
const problemsOf = (more: string, topics?: string) => read(more, topics).problems.map(formatProblem)
const drill = (keys: string) => `    drills: [{ name: weekly, cron: "0 6 * * 2", level: preflight, ${keys} }]\n`

test('a schedule has its defaults filled in', () => {
  const [orders] = read(drill('region: us')).config?.failoverGroups ?? []
  expect(orders?.drills).toEqual([
    {
      name: 'weekly',
      cron: '0 6 * * 2',
      timezone: 'UTC',
      level: 'preflight',
      region: 'us',
      stayMs: 30_000,
      allowed: undefined,
      blocked: [],
    },
  ])
  expect(orders).toMatchObject({ canary: null, canaryOf: null })
})

test('windows name days, times and dates', () => {
  const [orders] =
    read(drill('blocked: [{ days: [fri], from: "18:00" }, { dates: 2026-12-19/2027-01-06 }]')).config?.failoverGroups ??
    []
  expect(orders?.drills[0]?.blocked).toEqual([
    { days: ['fri'], from: '18:00', to: '24:00' },
    { days: undefined, from: '00:00', to: '24:00', dates: { first: '2026-12-19', last: '2027-01-06' } },
  ])
})

describe('a canary group', () => {
  const config = read('    canary: true\n').config

  it('is a failover group of its own, with links', () => {
    expect(config?.failoverGroups.map(({ name }) => name)).toEqual(['orders', 'orders-canary'])
    expect(config?.failoverGroups[0]).toMatchObject({ canary: 'orders-canary', canaryOf: null })
    expect(config?.failoverGroups[1]).toMatchObject({
      canaryOf: 'orders',
      canary: null,
      regions: ['eu', 'us'],
      topics: { include: ['isthmus.canary.orders.*'] },
      timings: { cooldownMs: 0, groupGraceMs: 1_000 },
    })
    expect(config?.links.map(({ name }) => name)).toEqual(['orders-eu-to-us', 'orders-canary-eu-to-us'])
  })

  it('shares nothing with a group that takes everything', () => {
    const [orders, canary] = config?.failoverGroups ?? []
    const topic = 'isthmus.canary.orders.stream'
    expect(orders && compileSelection(orders.topics)(topic)).toBe(false)
    expect(canary && compileSelection(canary.topics)(topic)).toBe(true)
    expect(canary && compileSelection(canary.topics)('isthmus.canary.orders-2.stream')).toBe(false)
    expect(orders && compileGroupSelection(orders.consumerGroups)('isthmus.canary.orders.d1')).toBe(false)
    expect(canary && compileGroupSelection(canary.consumerGroups)('isthmus.canary.orders.d1')).toBe(true)
    expect(orders && compileGroupSelection(orders.consumerGroups)('isthmus.drill.orders-drill-1')).toBe(false)
  })

  it('is there where a drill of its level is scheduled, or it is asked for', () => {
    expect(read(drill('').replace('preflight', 'canary')).config?.failoverGroups).toHaveLength(2)
    expect(read(drill('')).config?.failoverGroups).toHaveLength(1)
  })
})

test.each([
  [drill('').replace('0 6 * * 2', '61 6 * * 2'), 'cron: "61 6 * * 2" is no schedule: minute: 61'],
  [drill('').replace('0 6 * * 2', '0 0 6 * * 2'), 'it has 6 fields, and there are five'],
  [drill('timezone: Mars/Olympus'), 'timezone: "Mars/Olympus" is no time zone'],
  [drill('region: ap'), 'region: "ap" is no region of the group'],
  [drill('allowed: [{ from: "08:00", to: "08:00" }]'), 'allowed[0]: from 08:00 to 08:00 is no time at all'],
  [drill('blocked: [{ from: "8" }]'), 'blocked[0].from: "8" is not a time of day'],
  [drill('blocked: [{ dates: 2027-01-06/2026-12-19 }]'), '"2027-01-06/2026-12-19" is no stretch of days'],
  [drill('').replace(']', ', { name: weekly, cron: "0 6 * * 3", level: preflight }]'), '"weekly" is already drills[0]'],
  [
    `${drill('').replace('preflight', 'canary')}    canary: false\n`,
    'canary: a drill of the level canary is scheduled',
  ],
  ['    canary: true\n  - { name: orders-canary, regions: [eu, us], topics: { include: [b] } }\n', 'orders-canary'],
])('what is wrong is told with its place: %s', (more, problem) => {
  const [first = ''] = problemsOf(more, 'a').filter((one) => one.includes('failoverGroups'))
  expect(first).toContain(problem)
})

test('what drills keep for themselves cannot be selected', () => {
  expect(problemsOf('', '"isthmus.canary.x"')[0]).toContain('"isthmus.canary.x" is kept for canary drills')
})
