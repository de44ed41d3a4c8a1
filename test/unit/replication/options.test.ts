import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import {
  GroupSelection,
  LinkStart,
  ReplicationOptions,
  resolveReplicationOptions,
  TopicRename,
  TopicSelection,
} from '../../../src/replication/options.ts'

describe('ReplicationOptions', () => {
  it('has a description and a default for every value', () => {
    for (const [name, schema] of Object.entries(ReplicationOptions.properties)) {
      expect(schema, name).toMatchObject({ description: expect.stringMatching(/\.$/), default: expect.anything() })
    }
  })

  it('has defaults that it takes itself', () => {
    expect(resolveReplicationOptions({})).toEqual({
      shareWork: true,
      memberName: '',
      sessionSeconds: 10,
      topicSyncSeconds: 4,
      positionSyncSeconds: 1,
      heldBackSeconds: 60,
      replicationFactor: 'default',
      bufferMb: 64,
      maxMegabytesPerSecond: 0,
      groupDeletionGraceSeconds: 600,
      acknowledgeUnfenced: false,
    })
    expect(Value.Check(ReplicationOptions, resolveReplicationOptions({}))).toBe(true)
    expect(resolveReplicationOptions({ replicationFactor: 3 })).toMatchObject({
      replicationFactor: 3,
      bufferMb: 64,
      maxMegabytesPerSecond: 0,
      groupDeletionGraceSeconds: 600,
      acknowledgeUnfenced: false,
    })
  })

  it.each([
    { replicationFactor: 0 },
    { replicationFactor: 'three' },
    { bufferMb: 1.5 },
    { topicSyncSeconds: 0 },
    { x: 1 },
  ])('refuses %j', (options) => {
    expect(Value.Check(ReplicationOptions, options)).toBe(false)
  })
})

describe('options of a link', () => {
  it('need something to include', () => {
    for (const schema of [TopicSelection, GroupSelection]) {
      expect(Value.Check(schema, { include: ['a.*'] })).toBe(true)
      expect(Value.Check(schema, { include: [] })).toBe(false)
      expect(Value.Check(schema, { exclude: ['a'] })).toBe(false)
    }
  })

  it.each([
    ['{topic}', true],
    ['{source}.{topic}', true],
    ['{topic}-copy', true],
    ['{source}', false],
    ['{topic}{topic}', false],
    ['{target}.{topic}', false],
    ['a b{topic}', false],
  ])('take the rename pattern %s: %s', (pattern, expected) => {
    expect(Value.Check(TopicRename, pattern)).toBe(expected)
  })

  it.each([
    ['earliest', true],
    ['2026-01-31T06:00:00Z', true],
    ['2026-01-31T06:00:00.5+01:00', true],
    ['2026-01-31', false],
    ['newest', false],
  ])('take the start %s: %s', (start, expected) => {
    expect(Value.Check(LinkStart, start)).toBe(expected)
  })
})
