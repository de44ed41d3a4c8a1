import { describe, expect, test } from 'vitest'
import { type ConfigSources, formatProblem, parseConfig } from '../../../src/config/index.ts'

const sources: ConfigSources = { env: {}, readFile: () => '' }
const REGIONS = `apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["a:1"] }
  - { name: us, bootstrap: ["b:1"] }
  - { name: ap, bootstrap: ["c:1"] }
`
const read = (text: string) => parseConfig(`${REGIONS}${text}`, '/etc/isthmus', sources)
const problemsOf = (text: string) => read(text).problems.map(formatProblem)
const group = (name: string, regions: string, topics: string, more = '') =>
  `  - { name: ${name}, regions: [${regions}], topics: { include: [${topics}] }${more} }\n`
const groups = (...each: string[]) => `failoverGroups:\n${each.join('')}`
const link = (name: string, source: string, target: string, topics: string, more = '') =>
  `  - { name: ${name}, source: ${source}, target: ${target}, topics: { include: [${topics}] }${more} }\n`

test('a group has its defaults filled in', () => {
  expect(read(groups(group('orders', 'eu, us', '"orders.*"'))).config?.failoverGroups).toEqual([
    {
      name: 'orders',
      regions: ['eu', 'us'],
      topics: { include: ['orders.*'], exclude: [] },
      consumerGroups: { include: ['*'], exclude: [] },
      objectives: { rpoMs: null, rtoMs: null, outageMs: 86_400_000 },
      mode: 'manual',
      routing: [],
      eviction: [],
      timings: {
        writePauseMs: 60_000,
        settleMs: 20_000,
        cutMs: 15_000,
        groupGraceMs: 5_000,
        catchUpMs: 30_000,
        rerouteMs: 300_000,
        evictMs: 300_000,
        cooldownMs: 300_000,
        dwellMs: 60_000,
        fenceCheckMs: 10_000,
        positionsFreshMs: 30_000,
      },
      drills: [],
      canary: null,
      canaryOf: null,
    },
  ])
})

test('what is given wins, in milliseconds', () => {
  const more =
    ', consumerGroups: { include: [a], exclude: [b] }, objectives: { rpoSeconds: 5, rtoSeconds: 60 }, ' +
    'failover: { mode: observe, writePauseSeconds: 90.5, cooldownSeconds: 0 }'
  expect(read(groups(group('orders', 'us, eu, ap', 'o', more))).config?.failoverGroups).toMatchObject([
    {
      regions: ['us', 'eu', 'ap'],
      consumerGroups: { include: ['a'], exclude: ['b'] },
      objectives: { rpoMs: 5_000, rtoMs: 60_000 },
      mode: 'observe',
      timings: { writePauseMs: 90_500, cooldownMs: 0, settleMs: 20_000 },
    },
  ])
})

describe('refused', () => {
  test.each([
    ['one region', groups(group('g', 'eu', 'o')), 'failoverGroups[0].regions: fewer than 2'],
    ['a region that is not there', groups(group('g', 'eu, uk', 'o')), '"uk" is not a region of this file'],
    ['a region twice', groups(group('g', 'eu, eu', 'o')), 'failoverGroups[0].regions[1]: "eu" is named twice'],
    ['a name twice', groups(group('g', 'eu, us', 'o'), group('g', 'us, ap', 'p')), '"g" is already failoverGroups[0]'],
    ['no name', groups(group('G_1', 'eu, us', 'o')), 'failoverGroups[0].name: "G_1" is not a valid name'],
    ['no topics', groups(group('g', 'eu, us', '')), 'failoverGroups[0].topics.include: empty'],
    ['an unknown timing', groups(group('g', 'eu, us', 'o', ', failover: { writePause: 3 }')), 'unknown key'],
    [
      'an unknown mode',
      groups(group('g', 'eu, us', 'o', ', failover: { mode: auto }')),
      'write manual, observe or automatic',
    ],
    [
      'a dwell time below a minute',
      groups(group('g', 'eu, us', 'o', ', failover: { dwellSeconds: 59 }')),
      'failoverGroups[0].failover.dwellSeconds: 59 is below 60',
    ],
    [
      'steps that do not fit into the pause',
      groups(group('g', 'eu, us', 'o', ', failover: { writePauseSeconds: 40 }')),
      'failoverGroups[0].failover.writePauseSeconds: 40 s are no more than settleSeconds + cutSeconds + groupGraceSeconds = 40 s',
    ],
    [
      'two groups that share a topic of a region',
      groups(group('g', 'eu, us', '"orders.*"'), group('h', 'us, ap', '"*.new"')),
      'failoverGroups[1].topics: takes "orders.*" in us, as failoverGroups[0] does',
    ],
    [
      'a declared link with the name that a link has after a move',
      `${groups(group('g', 'eu, us, ap', 'o'))}links:\n${link('g-ap-to-us', 'eu', 'us', 'p')}`,
      'links[0].name: "g-ap-to-us" is the name of a link of failoverGroups[0], now or after a move',
    ],
    [
      'two groups whose links would have one name',
      groups(group('a-eu', 'us, ap', 'o'), group('a', 'eu-us, ap', 'p')),
      'failoverGroups[0].name: "a-eu-us-to-ap" is the name of a link of failoverGroups[1]',
    ],
    [
      'a name that is too long after a move only',
      groups(group('g'.repeat(50), 'eu, us, ap', 'o').replace('eu, us', 'us, eu-of-the-west')),
      'longer than 63 characters',
    ],
    [
      'a link that writes into a standby',
      `${groups(group('g', 'eu, us', '"orders.*"'))}links:\n${link('in', 'ap', 'us', '"orders.new"')}`,
      'links[0]: writes "orders.new" on us, where failoverGroups[0] has it',
    ],
    [
      'a link that writes into the active region, which is a standby after a move',
      `${groups(group('g', 'eu, us', '"*"'))}links:\n${link('in', 'ap', 'eu', 'x', ', rename: "far.{topic}"')}`,
      'links[0]: writes "far.x" on eu, where failoverGroups[0] has it',
    ],
    [
      'a link beside the one of the group',
      `${groups(group('g', 'eu, us', '"orders.*"'))}links:\n${link('twice', 'eu', 'us', '"orders.*"')}`,
      'links[0]: writes "orders.*" on us, where failoverGroups[0] has it',
    ],
  ])('%s', (_, text, problem) => {
    const { config, problems } = read(text)
    expect(config).toBeUndefined()
    expect(problems.map(formatProblem).join('\n')).toContain(problem)
  })
})

test('one mistake is told once', () => {
  const text = `${groups(group('g', 'eu, us', '"orders.*"'))}links:\n${link('twice', 'eu', 'us', '"orders.*"')}`
  expect(problemsOf(text)).toHaveLength(1)
})

describe('accepted', () => {
  test.each([
    ['groups with topics of their own', groups(group('g', 'eu, us', '"orders.*"'), group('h', 'us, eu', '"bills.*"'))],
    [
      'groups that share a pattern without a common topic',
      groups(
        group('g', 'eu, us', '"orders.*"').replace(' }', ', exclude: ["orders.old.*"] }'),
        group('h', 'us, eu', '"orders.old.*"'),
      ),
    ],
    [
      'links out of a group, and into one under other names',
      `${groups(group('g', 'eu, us', '"orders.*"'))}links:\n${
        link('out', 'us', 'ap', '"*"') + link('in', 'ap', 'eu', '"bills.*"')
      }`,
    ],
  ])('%s', (_, text) => {
    expect(problemsOf(text)).toEqual([])
  })
})

test('what cannot be decided is a warning', () => {
  const { config, problems } = read(groups(group('g', 'eu, us', '"/o.*/"'), group('h', 'us, eu', '"/.*s/"')))
  expect(config).toBeDefined()
  expect(problems.map(formatProblem)).toEqual([expect.stringContaining('possibly takes "/o.*/" in us')])
})

describe('the health section', () => {
  test('has its defaults filled in', () => {
    expect(read('').config?.health).toMatchObject({ everySeconds: 2, downAfterSeconds: 20, canary: true, standsIn: '' })
    expect(read('health: { everySeconds: 0.5, standsIn: us }\n').config?.health).toMatchObject({
      everySeconds: 0.5,
      standsIn: 'us',
      timeoutSeconds: 5,
    })
  })

  test.each([
    ['standsIn: uss', 'health.standsIn: "uss" is not a region of this file; did you mean us?'],
    ['everySeconds: 10', 'health.downAfterSeconds: 20 is too short for three looks; give 30 or more'],
    [
      'writesDownAfterSeconds: 19',
      'health.writesDownAfterSeconds: 19 is shorter than downAfterSeconds; give 20 or more',
    ],
    ['everySeconds: 6', 'health.reportStaleSeconds: 15 is too short for three reports; give 18 or more'],
    ['vantageForgetSeconds: 15', 'health.vantageForgetSeconds: 15 is not longer than reportStaleSeconds'],
    ['canarySlowSeconds: 5', 'health.canarySlowSeconds: 5 is never reached'],
    ['downAfterSecond: 5', 'health.downAfterSecond: unknown key; did you mean downAfterSeconds?'],
    ['suspectAfterSamples: 0', 'health.suspectAfterSamples: 0 is below 1'],
    ['vantage: "a b"', 'health.vantage: "a b" is not a name of a vantage point'],
  ])('refuses %s', (text, problem) => {
    expect(problemsOf(`health: { ${text} }\n`).join('\n')).toContain(problem)
  })

  test('says nothing of a canary that is not flown', () => {
    expect(problemsOf('health: { canary: false, canarySlowSeconds: 5 }\n')).toEqual([])
  })
})
