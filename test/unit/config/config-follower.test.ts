import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type Config, ConfigFollower } from '../../../src/config/index.ts'
import { createEvents, regionName } from '../../../src/core/index.ts'
import type { ConfigEvents } from '../../../src/observability/index.ts'
import { HurryingClock } from '../../support/hurrying-clock.ts'

const FILE = '/etc/isthmus/isthmus.yaml'
const started: ConfigFollower[] = []

afterEach(async () => {
  for (const follower of started.splice(0)) await follower.stop()
})

const fileOf = ({ topics = 'orders.*', link = '', host = 'us' } = {}) => `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["eu:9092"] }, { name: us, bootstrap: ["${host}:9092"] }]
failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["${topics}"] } }]
links: [${link}]
`
const WEATHER = '{ name: weather, source: eu, target: us, topics: { include: [weather] } }'

function follow({ text = fileOf() } = {}) {
  const disk = { text, isThere: true }
  const told: string[] = []
  const applied: { readonly config: Config; readonly keys: readonly string[] }[] = []
  const events = createEvents<ConfigEvents>()
  events.onAny((name, event) => {
    const { keys, reason } = event as { keys?: readonly string[]; reason?: string }
    told.push([name.replace('config:', ''), keys?.join(' '), reason].filter((part) => part !== undefined).join(': '))
  })
  const process = { hold: undefined as string | undefined, failure: undefined as Error | undefined }
  const follower = new ConfigFollower({
    file: FILE,
    text,
    sources: {
      env: {},
      readFile: (path) => {
        if (path !== FILE || !disk.isThere) throw new Error(`ENOENT ${path}`)
        return disk.text
      },
    },
    clock: new HurryingClock(),
    events,
    hold: () => process.hold,
    apply: async (config, keys) => {
      if (process.failure !== undefined) throw process.failure
      applied.push({ config, keys })
    },
  })
  started.push(follower)
  follower.start()
  /** Some looks at the file. */
  const looks = async () => {
    for (let turn = 0; turn < 12; turn++) await setImmediate()
  }
  return { follower, disk, told, applied, process, looks }
}

test('a file that stays what it is changes nothing', async () => {
  const it = follow()
  await it.looks()
  expect([it.told, it.applied]).toEqual([[], []])
  expect(it.follower.status()).toMatchObject({ file: FILE, restartKeys: [], refused: null, held: null })
})

test('what is safe counts at once, and once', async () => {
  const it = follow()
  it.disk.text = fileOf({ topics: 'o*', link: WEATHER })
  await it.looks()
  expect(it.told).toEqual(['applied: failoverGroups[orders].topics links[weather]'])
  expect(it.applied).toHaveLength(1)
  expect(it.applied[0]?.config.failoverGroups[0]?.topics.include).toEqual(['o*'])
})

test('of what is not safe it is told that it needs a restart, until the file says again what counts', async () => {
  const it = follow()
  it.disk.text = fileOf({ host: 'us-2', link: WEATHER })
  await it.looks()
  expect(it.told).toEqual(['applied: links[weather]', 'restart-needed: regions[us].bootstrap'])
  expect(it.applied[0]?.config.regions.get(regionName('us'))?.bootstrap).toEqual(['us:9092'])
  expect(it.follower.status().restartKeys).toEqual(['regions[us].bootstrap'])
  it.disk.text = fileOf({ link: WEATHER })
  await it.looks()
  expect(it.told.slice(2)).toEqual(['restart-needed: '])
  expect(it.follower.status().restartKeys).toEqual([])
})

test('what is safe alone but needs what is not waits for the restart too', async () => {
  const it = follow()
  const link = '{ name: rain, source: eu, target: ap, topics: { include: [rain] } }'
  it.disk.text = fileOf({ link }).replace('}]\nfailover', '}, { name: ap, bootstrap: ["ap:9092"] }]\nfailover')
  await it.looks()
  expect(it.told).toEqual(['restart-needed: regions[ap] links[rain]'])
  expect(it.applied).toEqual([])
})

test('a file that cannot be used changes nothing, and is told of once with what is wrong', async () => {
  const it = follow()
  for (const [text, reason] of [
    [fileOf({ link: WEATHER.replace('target: us', 'target: uss') }), 'did you mean us?'],
    ['apiVersion: [', 'not valid YAML'],
  ] as const) {
    it.disk.text = text
    await it.looks()
    expect(it.told.splice(0)).toEqual([expect.stringContaining(reason)])
    expect(it.follower.status().refused).toContain(reason)
  }
  it.disk.isThere = false
  await it.looks()
  expect(it.told.splice(0)).toEqual([expect.stringContaining('cannot be read')])
  it.disk.isThere = true
  it.disk.text = fileOf()
  await it.looks()
  expect(it.follower.status().refused).toBeNull()
  expect(it.applied).toEqual([])
})

test('a change waits while a move runs, and is told of once', async () => {
  const it = follow()
  it.process.hold = 'switchover x of orders has not ended'
  it.disk.text = fileOf({ topics: '*' })
  await it.looks()
  expect(it.told).toEqual(['held: failoverGroups[orders].topics: switchover x of orders has not ended'])
  expect(it.follower.status().held).toBe('switchover x of orders has not ended')
  it.process.hold = undefined
  await it.looks()
  expect(it.told.slice(1)).toEqual(['applied: failoverGroups[orders].topics'])
  expect(it.follower.status().held).toBeNull()
})

test('a change that is taken back before it counts is forgotten', async () => {
  const it = follow()
  it.process.hold = 'a move runs'
  it.disk.text = fileOf({ topics: '*' })
  await it.looks()
  it.disk.text = fileOf()
  it.process.hold = undefined
  await it.looks()
  expect(it.applied).toEqual([])
  expect(it.follower.status().held).toBeNull()
})

test('what could not be put into force is told of once, shown and tried again', async () => {
  const it = follow()
  it.process.failure = new Error('the links did not stop in time')
  it.disk.text = fileOf({ link: WEATHER })
  await it.looks()
  expect(it.told).toEqual(['failed: links[weather]'])
  expect(it.follower.status().held).toBe('the next attempt: the links did not stop in time')
  it.process.failure = undefined
  await it.looks()
  expect(it.told.slice(1)).toEqual(['applied: links[weather]'])
  expect(it.follower.status().held).toBeNull()
})

test('a change that failed half-way and is taken back is undone', async () => {
  const it = follow()
  it.process.failure = new Error('the links did not stop in time')
  it.disk.text = fileOf({ link: WEATHER })
  await it.looks()
  it.disk.text = fileOf()
  it.process.failure = undefined
  await it.looks()
  expect(it.applied.map(({ keys }) => keys)).toEqual([['links[weather]']])
  expect(it.applied[0]?.config.links.filter(({ name }) => name === 'weather')).toEqual([])
})
