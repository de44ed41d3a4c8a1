import { expect, test } from 'vitest'
import { type CheckedCluster, checkOnline, type RegionConfig } from '../../../src/config/index.ts'
import { regionName } from '../../../src/core/index.ts'
import { kafkaFaults } from '../../../src/kafka/index.ts'
import { resolveFenceOptions } from '../../../src/security/index.ts'

const region = (name: string): RegionConfig => {
  const plain = { tls: undefined, sasl: undefined, canary: undefined, fence: resolveFenceOptions(), gate: undefined }
  return { name: regionName(name), bootstrap: ['a:1'], ...plain }
}

/** A region that answers with this cluster id, or with this error. */
function openAs(answers: Record<string, string | Error>, topicId = '6f1c9d6e-0000-4000-8000-000000000001') {
  const closed: string[] = []
  const open = ({ name }: RegionConfig): CheckedCluster => ({
    metadata: () => {
      const answer = answers[name]
      if (typeof answer !== 'string') return Promise.reject(answer)
      const topics = [{ name: 't', topicId, isInternal: false, errorCode: 0, partitions: [] }]
      return Promise.resolve({ clusterId: answer, controllerId: 1, brokers: [], topics })
    },
    close: () => Promise.resolve(void closed.push(name)),
  })
  return { open, closed }
}
const { signal } = new AbortController()

test('two regions with one cluster id are the same cluster', async () => {
  const { open, closed } = openAs({ eu: 'one', us: 'one' })
  const findings = await checkOnline([region('eu'), region('us')], open, signal)
  expect(findings).toMatchObject([
    { ok: true },
    { ok: false, finding: 'is the same cluster as eu: both have the id one' },
  ])
  expect(closed).toEqual(['eu', 'us'])
})

test('a region that refuses is told with its remedy, and does not hide the others', async () => {
  const [code] = Object.keys(kafkaFaults.specs) as (keyof typeof kafkaFaults.specs)[]
  const refused = kafkaFaults.fault(code as keyof typeof kafkaFaults.specs)
  const { open } = openAs({ eu: refused, us: 'two' })
  const findings = await checkOnline([region('eu'), region('us')], open, signal)
  expect(findings).toMatchObject([{ ok: false, remedy: refused.remedy }, { ok: true }])
})

test('a region without topic ids is refused', async () => {
  const { open } = openAs({ eu: 'one' }, '00000000-0000-0000-0000-000000000000')
  expect(await checkOnline([region('eu')], open, signal)).toMatchObject([
    { ok: false, finding: 'has no topic ids: topic t has none' },
  ])
})
