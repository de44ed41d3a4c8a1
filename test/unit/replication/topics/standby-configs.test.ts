import { describe, expect, it } from 'vitest'
import type { ConfigEntry } from '../../../../src/kafka/index.ts'
import {
  hasEssentialChange,
  isCompactOnly,
  maskedConfigs,
  planConfigChanges,
  planStandbyConfigs,
} from '../../../../src/replication/topics/standby-configs.ts'

const entry = (name: string, value: string | null, source: ConfigEntry['source'] = 'topic'): ConfigEntry => ({
  name,
  value,
  source,
  isReadOnly: false,
  isSensitive: false,
})
const entries = (configs: Record<string, string>, source: ConfigEntry['source'] = 'topic') =>
  Object.entries(configs).map(([name, value]) => entry(name, value, source))

const LONG_MAX = '9223372036854775807'
const facts = { targetReplicationFactor: 3, targetConfigNames: undefined }

describe('planStandbyConfigs', () => {
  it('lets copies in unchanged and expires nothing', () => {
    const source = entries({
      'compression.type': 'zstd',
      'message.timestamp.type': 'LogAppendTime',
      'message.timestamp.after.max.ms': '1000',
      'retention.ms': '60000',
      'retention.bytes': '1000000',
      'unclean.leader.election.enable': 'true',
    })
    expect(planStandbyConfigs(source, facts)).toEqual({
      'compression.type': 'producer',
      'message.timestamp.type': 'CreateTime',
      'message.timestamp.before.max.ms': LONG_MAX,
      'message.timestamp.after.max.ms': LONG_MAX,
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'unclean.leader.election.enable': 'false',
      'cleanup.policy': 'delete',
      'max.message.bytes': '1048588',
      'min.insync.replicas': '2',
    })
  })

  it('carries over what the source sets itself, and nothing else', () => {
    const source = [...entries({ 'segment.ms': '1000' }), entry('flush.ms', '5', 'broker'), entry('index', null)]
    const planned = planStandbyConfigs(source, facts)
    expect(planned).toMatchObject({ 'segment.ms': '1000' })
    expect(planned).not.toHaveProperty(['flush.ms'])
    expect(planned).not.toHaveProperty(['index'])
  })

  it.each([
    'leader.replication.throttled.replicas',
    'remote.storage.enable',
    'local.retention.ms',
    'message.format.version',
  ])('does not carry over %s', (name) => {
    expect(planStandbyConfigs([entry(name, '1')], facts)).not.toHaveProperty([name])
  })

  it('does not carry over what the target brokers do not know', () => {
    const known = new Set(['segment.ms'])
    const planned = planStandbyConfigs(entries({ 'segment.ms': '1', 'new.in.kafka.5': 'x' }), {
      ...facts,
      targetConfigNames: known,
    })
    expect(planned).toHaveProperty(['segment.ms'], '1')
    expect(planned).not.toHaveProperty(['new.in.kafka.5'])
  })

  it('raises a segment size that brokers from 4.0 on refuse, and leaves it to older ones', () => {
    const wanted = (names: string[] | undefined, bytes: string) =>
      planStandbyConfigs(entries({ 'segment.bytes': bytes }), {
        ...facts,
        targetConfigNames: names && new Set(['segment.bytes', ...names]),
      })['segment.bytes']
    expect(wanted([], '65536')).toBe('1048576')
    expect(wanted(undefined, '65536')).toBe('1048576')
    expect(wanted([], '2000000')).toBe('2000000')
    expect(wanted(['message.timestamp.difference.max.ms'], '65536')).toBe('65536')
  })

  it('lifts the timestamp limit of brokers before 4.0 where they have it', () => {
    const name = 'message.timestamp.difference.max.ms'
    expect(planStandbyConfigs([entry(name, '5')], facts)).not.toHaveProperty([name])
    const planned = planStandbyConfigs([], { ...facts, targetConfigNames: new Set([name]) })
    expect(planned).toHaveProperty([name], LONG_MAX)
  })

  it.each([
    ['compact', 'compact'],
    ['compact,delete', 'compact,delete'],
    ['', 'delete'],
  ])('follows the cleanup policy %j in force at the source, even as its default, as %j', (policy, expected) => {
    const planned = planStandbyConfigs([entry('cleanup.policy', policy, 'broker')], facts)
    expect(planned).toHaveProperty(['cleanup.policy'], expected)
  })

  it('takes batches as large as the source takes, whatever makes it take them', () => {
    const planned = planStandbyConfigs([entry('max.message.bytes', '5000000', 'broker')], facts)
    expect(planned).toHaveProperty(['max.message.bytes'], '5000000')
  })

  it('is not closed by a source that is fenced with a limit of 0', () => {
    expect(planStandbyConfigs([entry('max.message.bytes', '0')], facts)).toHaveProperty(
      ['max.message.bytes'],
      '1048588',
    )
  })

  it.each([
    [3, undefined, '2'],
    [5, undefined, '2'],
    [2, undefined, '1'],
    [1, undefined, '1'],
    [3, '1', '1'],
    [3, '3', '3'],
    [2, '3', '2'],
    [1, '2', '1'],
  ])('with %s target replicas and %s at the source, asks for %s in sync', (replicas, own, expected) => {
    const source = own === undefined ? [] : [entry('min.insync.replicas', own)]
    const planned = planStandbyConfigs(source, { ...facts, targetReplicationFactor: replicas })
    expect(planned).toHaveProperty(['min.insync.replicas'], expected)
  })

  it('leaves the in-sync minimum for later while the number of replicas is unknown', () => {
    const planned = planStandbyConfigs([], { ...facts, targetReplicationFactor: undefined })
    expect(planned).not.toHaveProperty(['min.insync.replicas'])
  })
})

describe('planConfigChanges', () => {
  it('is empty where everything is met', () => {
    expect(planConfigChanges({ a: '1' }, entries({ a: '1', b: '2' }))).toEqual({})
  })

  it('sets what differs and what only a default of the brokers provides', () => {
    const actual = [...entries({ a: '0' }), entry('b', '2', 'default'), entry('c', '3', 'broker')]
    expect(planConfigChanges({ a: '1', b: '2', c: '3' }, actual)).toEqual({ a: '1', b: '2', c: '3' })
  })

  it('leaves a larger limit of the batch size', () => {
    expect(planConfigChanges({ 'max.message.bytes': '10' }, entries({ 'max.message.bytes': '11' }))).toEqual({})
    expect(planConfigChanges({ 'max.message.bytes': '10' }, entries({ 'max.message.bytes': '9' }))).toEqual({
      'max.message.bytes': '10',
    })
  })

  it('does not mind the order of cleanup policies', () => {
    const actual = entries({ 'cleanup.policy': 'delete,compact' })
    expect(planConfigChanges({ 'cleanup.policy': 'compact, delete' }, actual)).toEqual({})
  })

  it('deletes an override that an earlier pass wanted and nobody changed', () => {
    expect(planConfigChanges({}, entries({ 'segment.ms': '1' }), { 'segment.ms': '1' })).toEqual({ 'segment.ms': null })
  })

  it('keeps an override that someone else set or changed', () => {
    expect(planConfigChanges({}, entries({ 'segment.ms': '2', 'flush.ms': '1' }), { 'segment.ms': '1' })).toEqual({})
  })

  it('tells essential changes from others', () => {
    expect(hasEssentialChange({ 'retention.ms': '-1' })).toBe(true)
    expect(hasEssentialChange({ 'segment.ms': '1', 'min.insync.replicas': '2' })).toBe(false)
  })

  it('has nothing more to do once its changes are made', () => {
    const wanted = planStandbyConfigs(entries({ 'segment.ms': '1', 'cleanup.policy': 'compact' }), facts)
    const changes = planConfigChanges(wanted, entries({ 'retention.ms': '5', 'cleanup.policy': 'delete' }))
    const after = entries({ ...(changes as Record<string, string>) })
    expect(planConfigChanges(wanted, after)).toEqual({})
  })
})

describe('maskedConfigs', () => {
  it('names the own value of the source, or null, for everything a standby overrides', () => {
    const source = [
      ...entries({ 'retention.ms': '60000', 'compression.type': 'zstd', 'segment.ms': '1' }),
      entry('cleanup.policy', 'compact', 'broker'),
      entry('retention.bytes', '5', 'default'),
    ]
    const masked = maskedConfigs(source)
    expect(masked).toMatchObject({
      'retention.ms': '60000',
      'retention.bytes': null,
      'compression.type': 'zstd',
      'cleanup.policy': 'compact',
      'min.insync.replicas': null,
    })
    expect(masked).not.toHaveProperty(['segment.ms'])
  })

  it('covers every value of a standby that is not simply carried over', () => {
    const masked = maskedConfigs([])
    for (const name of Object.keys(planStandbyConfigs([], facts))) expect(masked).toHaveProperty([name])
  })
})

describe('isCompactOnly', () => {
  it.each([
    ['compact', true],
    ['compact,delete', false],
    ['delete', false],
    ['', false],
  ])('%j: %s', (policy, expected) => {
    expect(isCompactOnly([entry('cleanup.policy', policy)])).toBe(expected)
  })
})
