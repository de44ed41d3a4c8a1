import { describe, expect, it } from 'vitest'
import type { RecordContents } from '../../../src/kafka/index.ts'
import { compileTransform, type LinkTransform } from '../../../src/replication/transform.ts'

function contents(
  key: string | null,
  value: string | null,
  headers: Record<string, string | null> = {},
): RecordContents {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: Object.entries(headers).map(([name, text]) => [
      Buffer.from(name),
      text === null ? null : Buffer.from(text),
    ]),
  }
}

function isCopied(transform: LinkTransform, record: RecordContents): boolean {
  return compileTransform(transform)!(record) !== undefined
}

function headersAfter(transform: LinkTransform, record: RecordContents): string[] {
  return compileTransform(transform)!(record)!.headers.map(([name, value]) => `${name.toString()}=${value?.toString()}`)
}

describe('the filter of a link', () => {
  it('takes keys that match, and records without a key only where nothing is included', () => {
    const some = { filter: { keys: { include: ['eu-*', '/u[ks]-\\d+/'], exclude: ['eu-9'] } } }
    expect(['eu-1', 'us-12', 'eu-9', 'us-x'].map((key) => isCopied(some, contents(key, '')))).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(isCopied(some, contents(null, ''))).toBe(false)
    expect(isCopied({ filter: { keys: { exclude: ['eu-*'] } } }, contents(null, ''))).toBe(true)
  })

  it('takes headers by name or by name and value', () => {
    const some = { filter: { headers: { include: ['tenant=acme', 'trace'], exclude: ['internal'] } } }
    expect(isCopied(some, contents('k', 'v', { tenant: 'acme' }))).toBe(true)
    expect(isCopied(some, contents('k', 'v', { tenant: 'other' }))).toBe(false)
    expect(isCopied(some, contents('k', 'v', { trace: null }))).toBe(true)
    expect(isCopied(some, contents('k', 'v', { trace: 'x', internal: 'x' }))).toBe(false)
    expect(isCopied(some, contents('k', 'v'))).toBe(false)
  })

  it('drops tombstones only when told so', () => {
    expect(isCopied({ filter: { tombstones: 'drop' } }, contents('k', null))).toBe(false)
    expect(isCopied({ filter: { tombstones: 'drop' } }, contents('k', ''))).toBe(true)
    expect(compileTransform({ filter: { tombstones: 'copy' } })).toBeUndefined()
  })
})

describe('the header changes of a link', () => {
  it('remove by pattern and set in place of what is there', () => {
    const transform = { headers: { remove: ['x-*'], set: ['origin=eu=west', 'tenant='] } }
    const record = contents('k', 'v', { 'x-trace': '1', origin: 'us', other: 'kept', tenant: 'a' })
    expect(headersAfter(transform, record)).toEqual(['other=kept', 'origin=eu=west', 'tenant='])
  })

  it('give back the very same contents where nothing changes', () => {
    const record = contents('k', 'v', { other: 'kept' })
    expect(compileTransform({ headers: { remove: ['x-*'] } })!(record)).toBe(record)
  })

  it('are none where nothing is named', () => {
    expect(compileTransform({ headers: {}, recompress: 'zstd' })).toBeUndefined()
  })
})
