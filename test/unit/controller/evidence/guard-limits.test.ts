import { expect, test } from 'vitest'
import { authorityFallsWith, guardLimitsOf } from '../../../../src/controller/evidence/guard-limits.ts'
import { type Config, parseConfig } from '../../../../src/config/index.ts'

function config(more: string): Config {
  const text = `apiVersion: isthmus/v1
regions: [{ name: eu, bootstrap: ["a:1"] }, { name: us, bootstrap: ["b:1"] }]
${more}`
  const { config: parsed, problems } = parseConfig(text, '/', { readFile: () => '', env: {} })
  if (parsed === undefined) throw new Error(JSON.stringify(problems))
  return parsed
}
const groupWith = (more: string) => {
  const entry = `{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] }, ${more} }`
  const [group] = config(`failoverGroups: [${entry}]`).failoverGroups
  if (group === undefined) throw new Error('no group')
  return group
}

test('a group without an objective is not held to one', () => {
  expect(guardLimitsOf(groupWith('')).rpoMs).toBeNull()
  expect(guardLimitsOf(groupWith('objectives: { rpoSeconds: 7 }')).rpoMs).toBe(7_000)
})

test('a copy may be as far behind as the pause leaves time for', () => {
  expect(guardLimitsOf(groupWith('')).behindMs).toBe(20_000)
  expect(guardLimitsOf(groupWith('failover: { writePauseSeconds: 100 }')).behindMs).toBe(60_000)
})

test('a proof that is due seldom may be older', () => {
  expect(guardLimitsOf(groupWith('')).fenceProofAgeMs).toBe(30_000)
  expect(guardLimitsOf(groupWith('failover: { fenceCheckSeconds: 60 }')).fenceProofAgeMs).toBe(125_000)
})

test('a file falls with the region in which this machine stands, as far as that is said', () => {
  expect(authorityFallsWith(config(''))).toEqual([])
  expect(authorityFallsWith(config('health: { standsIn: eu }'))).toEqual(['eu'])
  const etcd = 'authority: { kind: etcd, endpoints: ["http://c:2379"] }\nhealth: { standsIn: eu }'
  expect(authorityFallsWith(config(etcd))).toEqual([])
})
