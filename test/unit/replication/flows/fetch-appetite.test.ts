import { expect, it } from 'vitest'
import { FetchAppetite } from '../../../../src/replication/flows/fetch-appetite.ts'

const MEBIBYTE = 1024 * 1024
const full = (appetite: FetchAppetite, tookMs: number, fullPartitions = 1) =>
  appetite.note({
    askedBytes: appetite.wantedBytes,
    receivedBytes: appetite.wantedBytes,
    fullPartitions,
    tookMs,
  })

it('asks a near broker for a mebibyte a partition, and for more partitions at once while answers are full', () => {
  const appetite = new FetchAppetite()
  for (let round = 0; round < 6; round++) full(appetite, 5, 8)
  expect(appetite).toMatchObject({ partitionBytes: MEBIBYTE, wantedBytes: 16 * MEBIBYTE })
})

it('asks a far broker for up to 16 MiB of one partition', () => {
  const appetite = new FetchAppetite()
  for (let round = 0; round < 3; round++) full(appetite, 120)
  expect(appetite).toMatchObject({ partitionBytes: 16 * MEBIBYTE, wantedBytes: 16 * MEBIBYTE })
})

it('divides that among the partitions that are full', () => {
  const appetite = new FetchAppetite()
  for (let round = 0; round < 5; round++) full(appetite, 120, 4)
  expect(appetite).toMatchObject({ partitionBytes: 4 * MEBIBYTE, wantedBytes: 16 * MEBIBYTE })
})

it('never asks for less than a mebibyte of a partition', () => {
  const appetite = new FetchAppetite()
  for (let round = 0; round < 5; round++) full(appetite, 120, 500)
  expect(appetite.partitionBytes).toBe(MEBIBYTE)
})

it('comes down when there is little to fetch', () => {
  const appetite = new FetchAppetite()
  for (let round = 0; round < 3; round++) full(appetite, 120)
  appetite.note({ askedBytes: appetite.wantedBytes, receivedBytes: 5_000, fullPartitions: 0, tookMs: 120 })
  expect(appetite).toMatchObject({ partitionBytes: MEBIBYTE, wantedBytes: MEBIBYTE })
})
