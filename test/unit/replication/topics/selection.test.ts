import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compileGroupSelection,
  compileSelection,
  explainBadTopicName,
  renameTopic,
} from '../../../../src/replication/topics/selection.ts'

const selects = (include: string[], exclude: string[] = []) => compileSelection({ include, exclude })

describe('compileSelection', () => {
  it.each([
    ['*', 'orders', true],
    ['*', 'eu.orders-v2_x', true],
    ['orders.*', 'orders.created', true],
    ['orders.*', 'orders', false],
    ['orders.*', 'orders-created', false],
    ['orders.*', 'eu.orders.created', false],
    ['order?', 'orders', true],
    ['order?', 'order', false],
    ['or*rs', 'orders', true],
    ['orders', 'orders', true],
    ['orders', 'orders2', false],
    ['a.c', 'abc', false],
    ['/orders\\..+/', 'orders.created', true],
    ['/orders/', 'orders.created', false],
    ['/^orders/', 'orders.created', true],
    ['/created$/', 'orders.created', true],
    ['/^orders$/', 'orders.created', false],
    ['/a|b/', 'ab', false],
    ['/a|b/', 'b', true],
  ])('with %s, is the topic %s selected? %s', (pattern, topic, expected) => {
    expect(selects([pattern])(topic)).toBe(expected)
  })

  it('lets exclusion win over inclusion', () => {
    const isSelected = selects(['orders.*', 'orders.tmp'], ['*.tmp'])
    expect(isSelected('orders.created')).toBe(true)
    expect(isSelected('orders.tmp')).toBe(false)
  })

  it('selects nothing where nothing is included', () => {
    expect(selects([])('orders')).toBe(false)
  })

  const housekeeping = ['__amazon_msk_canary', 'mm2-offsets.eu.internal', 'eu.checkpoints.internal', 'heartbeats']

  it.each(housekeeping)('takes %s only where it is named literally', (topic) => {
    expect(selects(['*', '/.*/', `${topic.slice(0, -1)}?`])(topic)).toBe(false)
    expect(selects(['*', topic])(topic)).toBe(true)
    expect(selects([topic], [topic])(topic)).toBe(false)
  })

  it.each([
    '__consumer_offsets',
    '__transaction_state',
    '__cluster_metadata',
    '__share_group_state',
    '__isthmus.offset-map',
  ])('never takes %s', (topic) => {
    expect(selects(['*', topic])(topic)).toBe(false)
  })

  it('takes the topics of users that merely look like housekeeping', () => {
    expect(selects(['*'])('patient.heartbeats')).toBe(true)
    expect(selects(['*'])('_schemas')).toBe(true)
  })

  it.each(['orders.{a,b}', 'orders[0-9]', '!orders', '/orders', '', '/(/', '/a)(b/'])(
    'refuses the entry %j',
    (entry) => {
      expect(() => selects([entry])).toThrow(expect.objectContaining({ code: 'SELECTION_INVALID' }))
      expect(() => selects(['*'], [entry])).toThrow(expect.objectContaining({ code: 'SELECTION_INVALID' }))
    },
  )

  it('takes every name by itself, by * and by a ? for each character', () => {
    const name = fc
      .stringMatching(/^[a-zA-Z][a-zA-Z0-9._-]{0,30}$/)
      .filter((text) => !/^mm2-|internal$|^heartbeats$/.test(text))
    fc.assert(
      fc.property(name, (topic) => {
        for (const pattern of [topic, '*', '?'.repeat(topic.length), `${topic.slice(0, 3)}*`, `*${topic}*`]) {
          expect(selects([pattern])(topic)).toBe(true)
        }
        expect(selects([`${topic}?`])(topic)).toBe(false)
      }),
    )
  })
})

describe('compileGroupSelection', () => {
  it('takes any character literally except the two of a glob', () => {
    const isSelected = compileGroupSelection({ include: ['team (a) $1/*', 'ünicode+?'], exclude: [] })
    expect(isSelected('team (a) $1/billing')).toBe(true)
    expect(isSelected('ünicode+😀')).toBe(true)
    expect(isSelected('ünicodee')).toBe(false)
  })

  it('leaves the groups of Isthmus out, even where they are named', () => {
    expect(compileGroupSelection({ include: ['*', '__isthmus.workers'], exclude: [] })('__isthmus.workers')).toBe(false)
  })
})

describe('renameTopic', () => {
  it('keeps the name without a pattern', () => {
    expect(renameTopic(undefined, { source: 'eu', topic: 'orders' })).toBe('orders')
  })

  it('puts source and topic where the pattern says', () => {
    expect(renameTopic('{source}.{topic}', { source: 'eu', topic: 'orders' })).toBe('eu.orders')
    expect(renameTopic('copy-{topic}', { source: 'eu', topic: 'a.$&.{source}' })).toBe('copy-a.$&.{source}')
  })
})

describe('explainBadTopicName', () => {
  it.each(['', '.', '..', 'a b', 'a/b', 'x'.repeat(250), '__isthmus.shards', '__consumer_offsets'])(
    'refuses %j',
    (name) => {
      expect(explainBadTopicName(name)).toBeTypeOf('string')
    },
  )

  it('takes what Kafka takes', () => {
    expect(explainBadTopicName('x'.repeat(249))).toBeUndefined()
    expect(explainBadTopicName('...')).toBeUndefined()
  })
})
