import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/core/index.ts'
import { createPortChooser } from '../../../src/local/ports.ts'

test('gives ports between 20000 and 32000, each once', async () => {
  const chooser = createPortChooser(seededRandom(1), async () => true)
  const ports = [...(await chooser.take(3_000)), ...(await chooser.take(9_000))]
  expect(new Set(ports).size).toBe(12_000)
  expect(Math.min(...ports)).toBe(20_000)
  expect(Math.max(...ports)).toBe(31_999)
})

test('passes over ports that are in use', async () => {
  const chooser = createPortChooser(seededRandom(1), async (port) => port % 2 === 0)
  const ports = await chooser.take(50)
  expect(ports.every((port) => port % 2 === 0)).toBe(true)
})

test('never gives one port to two callers that ask at the same time', async () => {
  const chooser = createPortChooser(seededRandom(7), () => new Promise((resolve) => setImmediate(() => resolve(true))))
  const taken = await Promise.all(Array.from({ length: 20 }, () => chooser.take(4)))
  expect(new Set(taken.flat()).size).toBe(80)
})

test('says so when every port is in use', async () => {
  const chooser = createPortChooser(seededRandom(1), async () => false)
  await expect(chooser.take(1)).rejects.toMatchObject({ code: 'LOCAL_NO_PORT' })
})
