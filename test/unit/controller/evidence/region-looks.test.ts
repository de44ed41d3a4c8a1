import { describe, expect, test } from 'vitest'
import {
  findClockOffset,
  findFenceUnavailable,
  findUnfenced,
  readCertificateDays,
  readDiskFreeShare,
  RIGHTS_LOOKS,
} from '../../../../src/controller/evidence/region-looks.ts'
import { kafkaFaults, type LogDir, type ProbeChannel } from '../../../../src/kafka/index.ts'
import type { RegionSample } from '../../../../src/regions/index.ts'
import type { FencePlan } from '../../../../src/security/index.ts'

const { signal } = new AbortController()
const DAY_MS = 86_400_000
const brokers = [1, 2].map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092, rack: null }))
const metadata = { clusterId: 'c', controllerId: 1, brokers, topics: [] }

describe('certificates', () => {
  const read = (ends: Readonly<Record<string, number | undefined | Error>>) => {
    const closed: string[] = []
    const openProbe = async (address: string) => {
      const certificateEndsMs = ends[address]
      if (certificateEndsMs instanceof Error) throw certificateEndsMs
      return { certificateEndsMs, close: () => closed.push(address) } as unknown as ProbeChannel
    }
    return readCertificateDays({ openProbe }, metadata, 1_000 * DAY_MS, signal)
  }

  test('last as long as the one that ends first', async () => {
    expect(await read({ 'b1:9092': 1_010 * DAY_MS, 'b2:9092': 1_003.5 * DAY_MS })).toBe(3)
    expect(await read({ 'b1:9092': 998 * DAY_MS, 'b2:9092': 1_003 * DAY_MS })).toBe(-2)
  })

  test('are none without TLS', async () => {
    expect(await read({})).toBeNull()
  })

  test('of a silent broker are left out, and all silent is not known', async () => {
    expect(await read({ 'b1:9092': new Error('silent'), 'b2:9092': 1_003 * DAY_MS })).toBe(3)
    await expect(read({ 'b1:9092': new Error('silent'), 'b2:9092': new Error('too') })).rejects.toThrow('silent')
  })
})

describe('volumes', () => {
  const dir = (usableBytes: number, totalBytes = 100, errorCode = 0): LogDir => {
    return { errorCode, path: '/d', totalBytes, usableBytes }
  }
  const read = (...dirs: LogDir[][]) =>
    readDiskFreeShare({ describeLogDirs: async (nodeId) => dirs[nodeId - 1] ?? [] }, metadata, signal)

  test('count by the one with the least space left', async () => {
    expect(await read([dir(50), dir(40)], [dir(30)])).toBe(0.3)
    expect(await read([dir(50), dir(0, 100, 56)], [])).toBe(0.5)
  })

  test('that no broker tells are not known', async () => {
    await expect(read([dir(-1, -1)], [dir(-1, -1)])).rejects.toThrow('no broker tells')
  })
})

test('a broker without users or quotas to describe has none', async () => {
  const unsupported = () => Promise.reject(kafkaFaults.fault('KAFKA_VERSION_UNSUPPORTED', {}))
  const old = { describeAcls: async () => [], describeScramUsers: unsupported, describeQuotas: unsupported }
  const credentials = [{ mechanism: 'SCRAM-SHA-512', iterations: 4_096 }] as const
  const users = { ...old, describeScramUsers: async () => [{ user: 'app', credentials }] }
  const scope = { topics: [], isTopic: () => true, isGroup: () => true, ownPrincipal: undefined }
  const [, users2, quotas] = RIGHTS_LOOKS
  expect(await users2({ source: old, target: old, scope }, signal)).toEqual([])
  expect(await quotas({ source: old, target: old, scope }, signal)).toEqual([])
  expect(await users2({ source: users, target: old, scope }, signal)).toEqual(['SCRAM-SHA-512 user app'])
  const silent = { ...old, describeQuotas: () => Promise.reject(new Error('silent')) }
  await expect(quotas({ source: silent, target: old, scope }, signal)).rejects.toThrow('silent')
})

describe('fences', () => {
  const possible = { kind: 'possible', superUsers: undefined } as FencePlan
  const none: FencePlan = {
    kind: 'unavailable',
    obstacles: [{ code: 'no-authorizer', reason: 'no authorizer', remedy: '' }],
  }

  const available = (topics: FencePlan, groups: FencePlan, hasCommand: boolean) =>
    findFenceUnavailable({ topics, groups }, { hasCommand })

  test('are there with ACLs or with a command', () => {
    expect(available(possible, possible, false)).toBeNull()
    expect(available(none, none, false)).toBe('no authorizer')
    expect(available(none, none, true)).toBeNull()
    const resort = findFenceUnavailable({ topics: none, groups: none }, { hasCommand: false, allowsTopicConfig: true })
    expect(resort).toContain('refuses the markers that a switchover cuts with')
    expect(findFenceUnavailable(undefined, { hasCommand: true })).toBeNull()
    expect(findFenceUnavailable(undefined, { hasCommand: false })).toBeUndefined()
  })

  test('of ACLs have to hold consumer groups, too', () => {
    expect(available(possible, none, false)).toBe('consumer groups: no authorizer')
    expect(available(possible, none, true)).toBe('consumer groups: no authorizer')
  })

  test('of ACLs stop no super user, as far as the operator has named them', () => {
    expect(findUnfenced(possible, 'User:isthmus')).toBeUndefined()
    const named = { ...possible, superUsers: ['User:isthmus', 'User:admin'] } as FencePlan
    expect(findUnfenced(named, 'User:isthmus')).toEqual(['User:admin'])
    expect(findUnfenced(none, undefined)).toEqual([])
  })
})

describe('clocks', () => {
  const sample = (offsetMs: number, uncertaintyMs = 0) =>
    ({ clock: { kind: 'ok', value: { offsetMs, uncertaintyMs } } }) as RegionSample

  test('are apart as far as any two of regions and this process, as far as that is certain', () => {
    expect(findClockOffset([])).toBe(0)
    expect(findClockOffset([sample(300), sample(-200)])).toBe(500)
    expect(findClockOffset([sample(300, 100), sample(-200, 100)])).toBe(300)
    expect(findClockOffset([sample(300, 400)])).toBe(0)
  })

  test('are not known where one is not', () => {
    const unknown = { clock: { kind: 'unknown', reason: 'no rights' } } as RegionSample
    expect(findClockOffset([sample(0), unknown])).toBeUndefined()
    expect(findClockOffset([undefined])).toBeUndefined()
  })
})
