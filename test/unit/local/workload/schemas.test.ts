import { describe, expect, it } from 'vitest'
import { parseDeadLetter, toDeadLetter } from '../../../../src/local/workload/dead-letters.ts'
import { readingRecords, weatherRecords } from '../../../../src/local/workload/schemas.ts'
import { toFleetItem } from '../../../../src/local/workload/sensor-fleet.ts'
import { createWeatherGenerator } from '../../../../src/local/workload/weather-stream.ts'
import { reading } from './readings.ts'

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('the schemas of the workload', () => {
  it('takes readings of both versions', () => {
    expect(readingRecords.checkBytes(bytes(reading()), '1')).toMatchObject({ ok: true, version: 1 })
    expect(readingRecords.checkBytes(bytes(reading()), '2')).toMatchObject({ ok: true, version: 2 })
    expect(readingRecords.checkBytes(bytes(reading({ battery: 80 })), '2').ok).toBe(true)
  })

  it('refuses the field of version 2 in a record that says version 1', () => {
    const checked = readingRecords.checkBytes(bytes(reading({ battery: 80 })), '1')
    expect(checked).toMatchObject({ ok: false, refusal: { reason: 'schema' } })
  })

  it.each([
    ['no value', null, '1', 'empty', ''],
    ['half a value', Buffer.from('{"deviceId":'), '1', 'not-json', ''],
    ['a version to come', bytes(reading()), '3', 'unknown-version', ''],
    ['no version', bytes(reading()), undefined, 'unknown-version', ''],
    ['a text for a number', bytes({ ...reading(), value: '20 C' }), '1', 'schema', '/value'],
    ['an unknown kind', bytes({ ...reading(), kind: 'radiation' }), '1', 'schema', '/kind'],
  ])('refuses %s', (_, value, version, reason, path) => {
    const checked = readingRecords.checkBytes(value, version)
    expect(checked).toMatchObject({ ok: false, refusal: { reason, path } })
  })

  it('lets the weather stream produce only valid observations', () => {
    const next = createWeatherGenerator({ seed: 3, stations: ['cape', 'pass'], anomalyShare: 0.2, firstSequence: 1 })
    for (let hour = 0; hour < 200; hour++) {
      expect(weatherRecords.checkValue(next(1_700_000_000_000 + hour * 3_600_000), 1).ok).toBe(true)
    }
  })
})

describe('dead letters', () => {
  const refusal = { reason: 'schema', path: '/value', detail: 'must be number' } as const

  it('name the reason, the path and the source of a record that was never sent', () => {
    const malformed = { kind: 'malformed', deviceId: 'a-1', value: '{', version: 1, isChecked: true } as const
    const { record, isDeadLetter } = toFleetItem(malformed, 'sensor-fleet/mill')
    expect(isDeadLetter).toBe(true)
    expect(record.topic).toBe('sensors.dead-letter')
    const parsed = parseDeadLetter({ value: Buffer.from('{'), headers: { ...record.headers } })
    expect(parsed).toMatchObject({ reason: 'not-json', origin: { kind: 'source', source: 'sensor-fleet/mill' } })
  })

  it('let an unchecked malformed record through to the readings', () => {
    const malformed = { kind: 'malformed', deviceId: 'a-1', value: '{', version: 1, isChecked: false } as const
    expect(toFleetItem(malformed, 'sensor-fleet/mill')).toMatchObject({
      isDeadLetter: false,
      record: { topic: 'sensors.readings', value: '{' },
    })
  })

  it('name topic, partition and offset of a record that was read, and keep its value and version', () => {
    const origin = { kind: 'topic', topic: 'sensors.readings', partition: 4, offset: '17' } as const
    const letter = toDeadLetter({ key: 'a-1', value: 'x', headers: { 'schema-version': '2' } }, refusal, origin)
    expect(letter).toMatchObject({ key: 'a-1', value: 'x', headers: { 'schema-version': '2' } })
    expect(parseDeadLetter({ value: Buffer.from('x'), headers: { ...letter.headers } })).toEqual({
      ...refusal,
      origin,
      value: 'x',
    })
  })

  it('are told from records that are none', () => {
    expect(parseDeadLetter({ value: null, headers: { other: 'x' } })).toBeUndefined()
  })
})
