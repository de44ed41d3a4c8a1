import { expect, test } from 'vitest'
import { randomBelow, seededRandom } from '../../../src/core/index.ts'
import type { ContentLog, ContentRecord } from '../../support/content-log.ts'
import { RegistryChanges } from '../../support/registry-changes.ts'
import { compareRegistries, readRegistry } from '../../support/schemas-reader.ts'

const random = seededRandom(7)

function write(count: number): ContentRecord[] {
  const changes = new RegistryChanges(random)
  const records: ContentRecord[] = []
  while (records.length < count) {
    for (const { key, value } of changes.next()) {
      const text = value === null ? null : JSON.stringify(value)
      records.push({ offset: records.length, timestamp: 0, digest: '', key: JSON.stringify(key), value: text })
    }
  }
  return records
}

/** Some of the records that compaction may drop: those with a later one of their key, and tombstones. */
function compact(records: readonly ContentRecord[]): ContentLog {
  const last = new Map(records.map(({ key, offset }) => [key, offset]))
  const dirty = randomBelow(random, records.length + 1)
  const isKept = ({ key, value, offset }: ContentRecord) => {
    if (offset >= dirty) return true
    const later = last.get(key) ?? offset
    if (later > offset) return later >= dirty && randomBelow(random, 2) === 0
    return value !== null || randomBelow(random, 2) === 0
  }
  return new Map([['_schemas/0', records.filter(isKept)]])
}

const whole = (records: readonly ContentRecord[]): ContentLog => new Map([['_schemas/0', [...records]]])

test('a registry makes the same of its topic however much of it has been compacted', () => {
  for (let run = 0; run < 60; run++) {
    const records = write(600)
    const full = readRegistry(whole(records))
    const compared = compareRegistries(full, readRegistry(compact(records)))
    expect(compared).toEqual({ schemas: full.schemas.size, schemasDiffering: 0, idsDiffering: 0, restDiffering: 0 })
    expect(full.schemas.size).toBeGreaterThan(50)
    expect(full.unknown).toEqual([])
  }
})

test('a change that is missing, another id, and a rule of one side are found', () => {
  const at = (offset: number, key: object, value: object | null): ContentRecord => ({
    offset,
    timestamp: 0,
    digest: '',
    key: JSON.stringify(key),
    value: value && JSON.stringify(value),
  })
  const schema = (version: number, id: number, over: object = {}) =>
    at(version, { keytype: 'SCHEMA', subject: 's', version }, { subject: 's', version, id, schema: `"${id}"`, ...over })
  const deletion = at(8, { keytype: 'DELETE_SUBJECT', subject: 's' }, { subject: 's', version: 1 })
  const rule = at(9, { keytype: 'CONFIG', subject: null }, { compatibilityLevel: 'FULL' })
  const source = readRegistry(whole([schema(1, 1), schema(2, 2), deletion, rule]))
  expect([...source.schemas.values()].map(({ isDeleted }) => isDeleted)).toEqual([true, false])
  const compare = (...records: ContentRecord[]) => compareRegistries(source, readRegistry(whole(records)))
  expect(compare(schema(1, 1), schema(2, 2), deletion, rule)).toMatchObject({ schemasDiffering: 0, restDiffering: 0 })
  expect(compare(schema(1, 1), schema(2, 2), rule)).toMatchObject({ schemasDiffering: 1, idsDiffering: 0 })
  expect(compare(schema(1, 1), schema(2, 3), deletion, rule)).toMatchObject({ schemasDiffering: 1, idsDiffering: 1 })
  expect(compare(schema(1, 1), schema(2, 2), deletion)).toMatchObject({ schemasDiffering: 0, restDiffering: 1 })
  expect(compare(schema(1, 1), schema(2, 2), schema(3, 3), deletion, rule)).toMatchObject({ restDiffering: 1 })
  expect(readRegistry(whole([at(0, { keytype: 'NEW' }, null)])).unknown).toHaveLength(1)
})
