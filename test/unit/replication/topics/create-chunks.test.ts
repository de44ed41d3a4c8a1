import { expect, it } from 'vitest'
import { chunksOf } from '../../../../src/replication/topics/create-chunks.ts'

const sizes = (counts: readonly number[]) =>
  chunksOf(counts.map((partitions) => ({ partitions }))).map((chunk) => chunk.map(({ partitions }) => partitions))

it('asks for no more partitions in a request than a controller takes, in order', () => {
  expect(sizes([900, 100, 1, 5_000, 2, 3])).toEqual([[900, 100], [1], [5_000], [2, 3]])
})

it('asks for no more than fifty topics in a request', () => {
  expect(sizes(Array.from({ length: 120 }, () => 1)).map(({ length }) => length)).toEqual([50, 50, 20])
})

it('asks for nothing where nothing is wanted', () => {
  expect(sizes([])).toEqual([])
})
